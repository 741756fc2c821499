"""Zones, methods and what they cost in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django_countries import countries
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from cart import postal_patterns
from cart.models import ShippingMethod, ShippingRate, ShippingZone, ZoneArea
from shop.api.admin import MoneyForm
from shop.core.money import to_text

_FLAT, _WEIGHT = ShippingMethod.Basis.FLAT, ShippingMethod.Basis.WEIGHT
# A list says no more of a zone than fits a line.
_MOST_NAMED = 8


class ZoneAreaForm(forms.ModelForm):
    country = forms.ChoiceField(widget=UnfoldAdminSelectWidget())

    class Meta:
        model = ZoneArea
        fields = ("country", "region", "postal_pattern")
        help_texts = {
            "region": "As addresses name it, in any capitals; empty for all.",
            "postal_pattern": "10115, 10* for what begins so, 1??? with gaps, 35000-35999; empty for all.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", "–"), *countries]  # type: ignore[attr-defined]

    def clean_postal_pattern(self) -> str:
        pattern = str(self.cleaned_data["postal_pattern"]).strip().upper()
        try:
            postal_patterns.check(pattern)
        except postal_patterns.BadPattern as error:
            raise ValidationError(str(error), code="invalid") from error
        return pattern


class ZoneAreaInline(TabularInline):
    model = ZoneArea
    form = ZoneAreaForm
    extra = 0


@admin.register(ShippingZone)
class ShippingZoneAdmin(ModelAdmin):
    list_display = ("name", "position", "takes_in")
    search_fields = ("name",)
    ordering = ("position", "name")
    inlines = (ZoneAreaInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShippingZone]:
        return super().get_queryset(request).prefetch_related("areas")

    @admin.display(description="takes in")
    def takes_in(self, zone: ShippingZone) -> str:
        areas = [f"{area.country} {area.region} {area.postal_pattern}".split() for area in zone.areas.all()]
        named = ", ".join(" ".join(area) for area in areas[:_MOST_NAMED])
        return f"{named}, …" if len(areas) > _MOST_NAMED else named


class ShippingRateForm(MoneyForm):
    """A row of a method's table; ``threshold`` is written as the table's basis is counted."""

    money_fields = ("amount", "free_from")
    currency = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    threshold = forms.CharField(
        label="From",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text="Grams for a table by weight, an amount for one by subtotal, nothing for a flat price.",
    )

    class Meta:
        model = ShippingRate
        fields = ("zone", "currency", "threshold", "amount", "free_from", "min_days", "max_days")

    def __init__(self, *args: Any, table_of: ShippingMethod, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table_of = table_of
        self.fields["currency"].choices = [(code, code) for code in settings.CURRENCIES]  # type: ignore[attr-defined]
        row = self.instance
        if row.pk:
            by_amount = table_of.basis == ShippingMethod.Basis.SUBTOTAL
            said = to_text(row.threshold, row.currency) if by_amount else str(row.threshold)
            self.initial["threshold"] = said if row.threshold else ""

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        said = (values.get("threshold") or "").strip()
        if not said:
            values["threshold"] = 0
        elif self.table_of.basis == _FLAT:
            self.add_error(
                "threshold", "This method has a flat price: leave it empty, or let it go by weight."
            )
        elif self.table_of.basis == _WEIGHT:
            values["threshold"] = self._grams(said)
        elif values.get("currency"):
            values["threshold"] = self._minor("threshold", said, values["currency"]) or 0
        return values

    def _grams(self, said: str) -> int:
        if said.isascii() and said.isdigit() and len(said) <= 9:
            return int(said)
        self.add_error("threshold", "Write whole grams, such as 2000.")
        return 0


class ShippingRateFormSet(forms.BaseInlineFormSet):
    """The rows of one method, read as its basis says."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        # The method itself: what is posted about it is read after the rows are made, and before they are checked.
        return {**super().get_form_kwargs(index), "table_of": self.instance}


class ShippingRateInline(TabularInline):
    model = ShippingRate
    form = ShippingRateForm
    formset = ShippingRateFormSet
    ordering = ("zone__position", "zone", "currency", "threshold")
    extra = 0


@admin.register(ShippingMethod)
class ShippingMethodAdmin(ModelAdmin):
    list_display = ("code", "name", "basis", "position", "is_active")
    search_fields = ("code", "name")
    ordering = ("position", "code")
    inlines = (ShippingRateInline,)

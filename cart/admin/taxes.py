"""Tax rates in the admin: in per cent, of a country or of one of its regions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_countries import countries
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from cart import services
from cart.models import TaxRate
from cart.services import TaxRateData
from shop.api.admin import DeletingAdmin, RateFormField, ServiceForm
from shop.core.money import percent_text

_USUAL = ("standard", "reduced", "zero")
_MOST_SUGGESTED = 20


class SuggestingInput(UnfoldAdminTextInputWidget):
    """A line to write in that suggests the tax classes there are; others may be written too."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        used = TaxRate.objects.order_by("tax_class").values_list("tax_class", flat=True).distinct()
        words = dict.fromkeys((*_USUAL, *used[:_MOST_SUGGESTED]))
        field = super().render(name, value, {**(attrs or {}), "list": f"{name}-suggested"}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((word,) for word in words))
        return format_html('{}<datalist id="{}-suggested">{}</datalist>', field, name, options)


class TaxRateForm(ServiceForm):
    country = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    rate = RateFormField(label="Rate, per cent", help_text="19 or 8.875")

    class Meta:
        model = TaxRate
        fields = ("name", "country", "region", "tax_class", "rate", "on_shipping")
        widgets = {"tax_class": SuggestingInput()}
        help_texts = {
            "name": "As receipts show it: VAT.",
            "region": "As addresses name it, in any capitals; empty for the whole country. A region's rate replaces "
            "its country's of the same class.",
            "tax_class": "The class that products have.",
            "on_shipping": "Shipping to there is taxed at this rate.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", "–"), *countries]  # type: ignore[attr-defined]


@admin.register(TaxRate)
class TaxRateAdmin(DeletingAdmin):
    form = TaxRateForm
    list_display = ("name", "country", "region", "tax_class", "percent", "on_shipping")
    list_filter = ("country", "tax_class")
    search_fields = ("name", "country", "region")
    ordering = ("country", "region", "tax_class")

    def save_model(self, request: HttpRequest, obj: TaxRate, form: Any, change: bool) -> None:  # noqa: FBT001
        data = TaxRateData(**{name: form.cleaned_data[name] for name in form.fields})
        rate_id = obj.pk if change else None
        # The page goes on with this object: its address, and the entry in its history.
        obj.pk = services.save_tax_rate(
            data=data, rate_id=rate_id, actor_id=request.user.pk, now=timezone.now()
        ).pk

    def delete_model(self, request: HttpRequest, obj: TaxRate) -> None:
        services.delete_tax_rate(rate_id=obj.pk, actor_id=request.user.pk, now=timezone.now())

    @admin.display(description="rate", ordering="rate")
    def percent(self, rate: TaxRate) -> str:
        return f"{percent_text(rate.rate)} %"

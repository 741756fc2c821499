"""Prices in other currencies than the shop's own, on the page of their variant."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget

from products import services
from products.models import Price
from shop.api.admin import MoneyForm, ServiceForm


def other_currencies() -> list[str]:
    """Return what the shop sells in beside its own currency."""
    return [code for code in settings.CURRENCIES if code != settings.BASE_CURRENCY]


class PriceForm(MoneyForm, ServiceForm):
    """A price in another currency; which one stays as it is."""

    money_fields = ("amount", "compare_at")
    currency = forms.ChoiceField(widget=UnfoldAdminSelectWidget())

    class Meta:
        model = Price
        fields = ("currency", "amount", "compare_at")
        labels = {"amount": "price", "compare_at": "former price"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency: Any = self.fields["currency"]
        currency.choices = [(code, code) for code in other_currencies()]
        currency.disabled = self.instance.pk is not None

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        price, former = values.get("amount"), values.get("compare_at")
        if isinstance(price, int) and isinstance(former, int) and former <= price:
            self.add_error("compare_at", "This must be higher than the price.")
        return values


class PriceFormSet(BaseInlineFormSet):
    """Prices that services write; whoever saves it says in ``doer`` who does, and when."""

    doer: dict[str, Any]

    def clean(self) -> None:
        super().clean()
        said = [form.cleaned_data["currency"] for form in self.forms if form.cleaned_data.get("currency")]
        if len(set(said)) < len(said):
            raise ValidationError("Write one price in each currency.", code="invalid")

    def save_new(self, form: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002  # Django's own.
        return self.save_existing(form, form.instance)

    def save_existing(self, form: Any, obj: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002
        said = form.cleaned_data
        services.update_variant(
            variant_id=self.instance.pk,
            price=said["amount"],
            compare_at=said["compare_at"],
            currency=said["currency"],
            **self.doer,
        )
        # The page names in its history what was stored.
        return Price.objects.get(variant=self.instance.pk, currency=said["currency"])

    def delete_existing(self, obj: Any, commit: bool = True) -> None:  # noqa: FBT001, FBT002
        services.remove_price(variant_id=self.instance.pk, currency=obj.currency, **self.doer)


class PriceInline(TabularInline):
    """What a variant costs in other currencies; who may change the variant may change it."""

    model = Price
    form = PriceForm
    formset = PriceFormSet
    fields = ("currency", "amount", "compare_at", "made")
    readonly_fields = ("made",)
    extra = 0
    tab = True
    hide_title = True
    verbose_name = "price in another currency"
    verbose_name_plural = "prices in other currencies"

    @admin.display(description="set")
    def made(self, price: Price) -> str:
        """Say who changes it; what is removed is made again by the currency's rate, if it has one."""
        return "by the exchange rate" if price.by_rate else "by hand" if price.pk else "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Price]:
        return super().get_queryset(request).filter(currency__in=other_currencies()).order_by("currency")

    def get_max_num(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return len(other_currencies())

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(other_currencies()) and request.user.has_perm("products.change_variant")

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


class WritesPrices:
    """Saves the prices of a page by their service; stands before the ``ModelAdmin`` that has the inline."""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        if isinstance(formset, PriceFormSet):
            formset.doer = {"actor_id": request.user.pk, "now": timezone.now()}
        super().save_formset(request, form, formset, change)  # type: ignore[misc]

"""The form of a promotion: percentages and amounts as people write them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from cart.models import Promotion
from cart.promotion_rules import MAX_PRODUCTS
from cart.services import PromotionData
from shop.api.admin import MoneyForm, ServiceForm
from shop.core.money import from_percent, percent_text, to_text

_PERCENTAGES = (Promotion.Kind.PERCENT, Promotion.Kind.BUY_X_GET_Y)
_SCOPES = {"products": "product", "categories": "category", "groups": "customergroup"}
# Columns that hold 0 where nothing is written.
_OR_NOTHING = ("buy_quantity", "get_quantity", "min_quantity", "min_subtotal")


def _scope(name: str, *, help_text: str) -> forms.ModelMultipleChoiceField:
    through: Any = getattr(Promotion, name).through
    pointer = through._meta.get_field(_SCOPES[name])
    return forms.ModelMultipleChoiceField(
        pointer.related_model._default_manager.all(),
        required=False,
        widget=AutocompleteSelectMultiple(pointer, admin.site),
        help_text=help_text,
    )


class PromotionForm(MoneyForm, ServiceForm):
    """What staff say of a promotion."""

    money_fields = ("min_subtotal",)
    value = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text="10 for ten per cent, 5.00 for a fixed amount; of buy X get Y the percentage off what they get, 100 "
        "for free; nothing for free shipping.",
    )
    currency = forms.ChoiceField(
        widget=UnfoldAdminSelectWidget(),
        help_text="Of its amounts. A fixed amount, or one with a minimum, is for carts in this currency alone.",
    )

    class Meta:
        model = Promotion
        fields = (
            "name", "kind", "value", "buy_quantity", "get_quantity", "currency", "needs_code", "products", "categories",
            "groups", "first_order", "min_subtotal", "min_quantity", "starts_at", "ends_at", "max_uses",
            "max_uses_each", "priority", "combines", "is_active",
        )  # fmt: skip
        labels = {
            "buy_quantity": "Buy",
            "get_quantity": "Get",
            "first_order": "First order only",
            "min_subtotal": "From an amount of",
            "min_quantity": "From so many units",
            "starts_at": "From",
            "ends_at": "Until",
            "max_uses": "Orders in all",
            "max_uses_each": "Orders of one customer",
            "combines": "Combines with others",
            "is_active": "On",
        }
        help_texts = {
            "name": "Shoppers read it.",
            "buy_quantity": "2 and 1 is three for the price of two: of every three units the cheapest one is lower.",
            "needs_code": "Whoever has one of its codes; otherwise it applies by itself.",
            "first_order": "For customers who are signed in and have never paid an order. Guests can't be told.",
            "min_subtotal": "Of what it is for, before any discount.",
            "min_quantity": "Of what it is for.",
            "starts_at": "Empty: at once.",
            "ends_at": "Empty: without an end.",
            "max_uses": "Empty: no limit. Cancelled and unpaid orders give theirs back.",
            "max_uses_each": "Empty: no limit. A guest is known by the e-mail address of the order.",
            "priority": "The lowest number goes first, and each takes its share of what those before it left.",
            "combines": "One that doesn't combine applies alone: not after another one, and none after it. Among those "
            "of the same priority it goes first.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._say_what_it_is_for()
        currency: Any = self.fields["currency"]
        currency.choices = [(code, code) for code in settings.CURRENCIES]
        if not self.instance.pk:
            self.initial["currency"] = settings.BASE_CURRENCY
        for name in _OR_NOTHING:
            self.fields[name].required = False
            if not getattr(self.instance, name):
                self.initial[name] = ""
        self.initial["value"] = _value_text(self.instance)

    def _say_what_it_is_for(self) -> None:
        told = {
            "products": f"Empty: everything. At most {MAX_PRODUCTS}; for more name their category.",
            "categories": "With all that is below them. Products and categories add up.",
            "groups": "Empty: everybody. Otherwise customers who are in one of these.",
        }
        for name, help_text in told.items():
            self.fields[name] = _scope(name, help_text=help_text)
            if self.instance.pk:
                rows = getattr(self.instance, name)
                self.initial[name] = list(rows.values_list("pk", flat=True))

    def clean(self) -> dict[str, Any]:
        """Read the value as its kind has it; what else makes no sense is the service's to say."""
        values = super().clean()
        for name in _OR_NOTHING:
            if name in values:
                values[name] = values[name] or 0
        kind, said = values.get("kind"), values.get("value") or "0"
        if kind == Promotion.Kind.FIXED and values.get("currency"):
            values["value"] = self._minor("value", said, values["currency"])
        elif kind in _PERCENTAGES:
            try:
                values["value"] = from_percent(said)
            except ValueError as error:
                self.add_error("value", str(error))
        elif said.strip() not in ("", "0"):
            self.add_error("value", "Free shipping takes off the shipping: leave this empty.")
        else:
            values["value"] = 0
        return values

    def data_said(self) -> PromotionData:
        """Return what was written, as the service takes it."""
        said = dict(self.cleaned_data)
        for name in _SCOPES:
            said[name] = tuple(sorted(row.pk for row in said[name]))
        return PromotionData(**{name: said[name] for name in PromotionData.__dataclass_fields__})


def _value_text(promotion: Promotion) -> str:
    if not promotion.pk or not promotion.value:
        return ""
    if promotion.kind == Promotion.Kind.FIXED:
        return to_text(promotion.value, promotion.currency)
    return percent_text(promotion.value)

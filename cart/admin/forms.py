"""Forms in which staff write amounts as 19.90 and rates in per cent; the rows keep whole units."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from cart.models import Coupon, ShippingRate, TaxRate
from shop.api.admin import MoneyForm, RateFormField
from shop.core.money import from_percent, percent_text, to_text


class TaxRateForm(forms.ModelForm):
    rate = RateFormField(label="Rate, per cent", help_text="19 or 8.875")

    class Meta:
        model = TaxRate
        fields = ("name", "country", "region", "tax_class", "rate", "on_shipping")


class ShippingRateForm(MoneyForm):
    money_fields = ("amount", "free_from")

    class Meta:
        model = ShippingRate
        fields = ("country", "postal_prefix", "currency", "amount", "free_from", "min_days", "max_days")


class CouponForm(MoneyForm):
    money_fields = ("min_subtotal",)
    value = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text="Per cent for a percentage, an amount such as 5.00 for a fixed one, nothing for free shipping.",
    )

    class Meta:
        model = Coupon
        fields = (
            "code", "name", "kind", "value", "currency", "min_subtotal",
            "starts_at", "ends_at", "max_uses", "is_active",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.kind == Coupon.Kind.PERCENT:
            self.initial["value"] = percent_text(self.instance.value)
        elif self.instance.kind == Coupon.Kind.FIXED:
            self.initial["value"] = to_text(self.instance.value, self.instance.currency)

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        kind, said = values.get("kind"), values.get("value") or "0"
        if kind == Coupon.Kind.PERCENT:
            try:
                values["value"] = from_percent(said)
            except ValueError as error:
                self.add_error("value", str(error))
        elif kind == Coupon.Kind.FIXED and values.get("currency"):
            values["value"] = self._minor("value", said, values["currency"])
        else:
            values["value"] = 0
        return values

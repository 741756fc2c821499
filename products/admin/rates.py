"""Exchange rates in the admin: written as people write them, with what they would make of a price."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from products import services
from products.admin.prices import other_currencies
from products.conversion import Rule
from products.models import ExchangeRate
from shop.api.admin import DeletingAdmin, MoneyForm, ServiceForm
from shop.core.money import EXPONENTS, from_rate, rate_text, to_text


class ExchangeRateField(forms.CharField):
    """A rate that staff write as ``1.0835`` and the row keeps in millionths."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return rate_text(value) if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return from_rate(text)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error


class ExchangeRateForm(MoneyForm, ServiceForm):
    """How prices in a currency are made."""

    money_fields = ("round_to", "minus")
    currency = forms.ChoiceField(
        widget=UnfoldAdminSelectWidget(), help_text="Those of CURRENCIES that have no rate yet."
    )
    rate = ExchangeRateField(help_text=f"What 1 {settings.BASE_CURRENCY} is worth in it, as 1.0835.")

    class Meta:
        model = ExchangeRate
        fields = ("currency", "rate", "round_to", "minus", "is_active")
        labels = {"minus": "Less", "is_active": "Makes prices"}
        help_texts = {
            "round_to": "Prices are rounded to multiples of this: 0.05, or 1.00. Empty: to the smallest coin.",
            "minus": "Taken off after that: 0.01 makes prices that end in .99 where they are rounded to 1.00.",
            "is_active": "Without this the prices that it has made go, and those set by hand stay.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency: Any = self.fields["currency"]
        new = self.instance.pk is None
        currency.disabled = not new
        taken = set(ExchangeRate.objects.values_list("currency", flat=True)) if new else set()
        codes = (
            [code for code in other_currencies() if code not in taken] if new else [self.instance.currency]
        )
        currency.choices = [(code, code) for code in codes]
        for name in self.money_fields:
            self.fields[name].required = False
            if new:
                # The columns' own defaults are minor units of no currency yet.
                self.initial[name] = ""


@admin.register(ExchangeRate)
class ExchangeRateAdmin(DeletingAdmin):
    form = ExchangeRateForm
    list_display = (
        "currency",
        "said_rate",
        "rounding",
        "is_active",
        "filled_at",
        "prices_by_rate",
        "prices_by_hand",
    )
    ordering = ("currency",)
    fields = ("currency", "rate", ("round_to", "minus"), "is_active", "example", "so_far")
    readonly_fields = ("example", "so_far")

    def save_model(self, request: HttpRequest, obj: ExchangeRate, form: Any, change: bool) -> None:  # noqa: FBT001
        said = form.cleaned_data
        data = services.RateData(
            rate=said["rate"],
            round_to=said["round_to"] or None,
            minus=said["minus"] or 0,
            is_active=said["is_active"],
        )
        # The page goes on with this object: its address, and the entry in its history.
        obj.pk = services.set_exchange_rate(
            currency=said["currency"], data=data, actor_id=request.user.pk, now=timezone.now()
        ).pk

    def delete_model(self, request: HttpRequest, obj: ExchangeRate) -> None:
        services.remove_exchange_rate(currency=obj.currency, actor_id=request.user.pk, now=timezone.now())

    @admin.display(description="rate", ordering="rate")
    def said_rate(self, row: ExchangeRate) -> str:
        return f"1 {settings.BASE_CURRENCY} = {rate_text(row.rate)} {row.currency}"

    @admin.display
    def rounding(self, row: ExchangeRate) -> str:
        less = f" less {to_text(row.minus, row.currency)}" if row.minus else ""
        return f"to {to_text(row.round_to, row.currency)}{less}"

    @admin.display
    def example(self, row: ExchangeRate) -> str:
        """Say what it makes of a price like 19.90."""
        base = settings.BASE_CURRENCY
        if not row.pk:
            return "–"
        rule = Rule(base=base, currency=row.currency, rate=row.rate, round_to=row.round_to, minus=row.minus)
        price = 1990 * 10 ** max(EXPONENTS[base] - 2, 0)
        made = rule.amount(price)
        became = (
            "beyond what the shop handles"
            if made is None
            else f"{to_text(made, row.currency)} {row.currency}"
        )
        return f"{to_text(price, base)} {base} becomes {became}."

    @admin.display(description="so far")
    def so_far(self, row: ExchangeRate) -> str:
        """Say what has come of it."""
        if row.filled_at is None:
            return "It has made no prices yet; the worker does so within minutes."
        when = timezone.localtime(row.filled_at).strftime("%Y-%m-%d %H:%M")
        waits = (
            ""
            if row.filled_version is not None
            else " It was changed since, and fills in again within minutes."
        )
        return f"{row.prices_by_rate} prices made by it and {row.prices_by_hand} set by hand, as of {when}.{waits}"

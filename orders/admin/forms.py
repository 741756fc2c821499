"""Forms of what staff do with an order and what comes back of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from orders.models import Carrier, OrderLine, Shipment
from orders.services import Received
from shop.core.errors import DomainError, ValidationFailed
from shop.core.money import from_text, to_text


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A line of which units are chosen: at most so many, and how many stand there at first."""

    line: OrderLine
    most: int
    initial: int
    facts: str


class StepForm(forms.Form):
    """A form that says why a service refused it."""

    def refuse(self, refusal: DomainError) -> None:
        """Say it beside the field that it is about, or above the form."""
        if not isinstance(refusal, ValidationFailed):
            self.add_error(None, str(refusal))
            return
        for error in refusal.errors:
            name = self.name_of(error.field)
            self.add_error(name if name in self.fields else None, error.detail)

    def name_of(self, field: str) -> str:
        """Return the field of the form that a service's field is."""
        return field

    def plain_fields(self) -> list[Any]:
        """Return the fields that don't stand in a row of a line."""
        return [self[name] for name in self.fields if "__" not in name]


class LinesForm(StepForm):
    """Units of an order's lines."""

    per_line: tuple[str, ...] = ()
    may_be_none = False

    def __init__(self, data: Any, *, choices: Iterable[Choice], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.choices = list(choices)
        for choice in self.choices:
            self.fields[f"units__{choice.line.pk}"] = forms.IntegerField(
                min_value=0,
                max_value=choice.most,
                initial=choice.initial,
                widget=UnfoldAdminIntegerFieldWidget(
                    attrs={"style": "width: 6rem", "aria-label": f"Units of {choice.line.sku}"}
                ),
            )
            self.add_fields(choice)

    def add_fields(self, choice: Choice) -> None:
        """Add what else is said of a line."""

    def rows(self) -> list[dict[str, Any]]:
        """Return the lines with their fields, for the page."""
        return [
            {
                "line": one.line,
                "options": ", ".join(f"{name}: {value}" for name, value in one.line.options.items()),
                "facts": one.facts,
                "fields": [self[name] for name in self.fields if name.endswith(f"__{one.line.pk}")],
            }
            for one in self.choices
        ]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not self.may_be_none and not self.units():
            self.add_error(None, "Choose at least one unit of a line.")
        return values

    def units(self) -> dict[UUID, int]:
        """Return how many units were chosen by line, without those of which none were."""
        found = {one.line.pk: self.cleaned_data[f"units__{one.line.pk}"] for one in self.choices}
        return {pk: units for pk, units in found.items() if units or self.may_be_none}

    def name_of(self, field: str) -> str:
        # A service counts the lines that it was given.
        place = field.split(".")[1] if field.startswith("lines.") else ""
        keys = list(self.units())
        return f"units__{keys[int(place)]}" if place.isdecimal() and int(place) < len(keys) else field


class ParcelForm(LinesForm):
    carrier = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    other_carrier = forms.CharField(
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text="Only where none of the above carries it; such a parcel has no link to follow it by.",
    )
    tracking_number = forms.CharField(required=False, max_length=100, widget=UnfoldAdminTextInputWidget)

    def __init__(self, data: Any, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        known = Carrier.objects.filter(is_active=True).order_by("position", "pk").values_list("code", "name")
        carrier: Any = self.fields["carrier"]
        carrier.choices = [*known, ("", "Another one")]
        carrier.initial = carrier.choices[0][0]

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if not values.get("carrier") and not values.get("other_carrier") and "carrier" in values:
            self.add_error("other_carrier", "Choose a carrier, or write which one it is.")
        return values

    def carried_by(self) -> str:
        """Return who carries it; a carrier that is written goes before one that is chosen."""
        return str(self.cleaned_data["other_carrier"] or self.cleaned_data["carrier"])


class DeliveredForm(StepForm):
    parcel = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, data: Any, *, parcels: Iterable[Shipment]) -> None:
        super().__init__(data)
        named = [
            (str(one.pk), f"{one.position}. {one.carrier_name} {one.tracking_number}") for one in parcels
        ]
        if len(named) < 2:
            del self.fields["parcel"]
        else:
            parcel: Any = self.fields["parcel"]
            parcel.choices = [("", "All that are on their way"), *named]


class ReasonForm(StepForm):
    reason = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Stays in the order's history.",
    )


class CancelLinesForm(ReasonForm, LinesForm):
    pass


class TakeBackForm(LinesForm):
    reason = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)


class MessageForm(StepForm):
    message = forms.CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="The shopper reads it with this step.",
    )


class ReceiveForm(MessageForm, LinesForm):
    # That nothing came of a line is an answer too.
    may_be_none = True

    def add_fields(self, choice: Choice) -> None:
        self.fields[f"restock__{choice.line.pk}"] = forms.BooleanField(
            required=False, initial=True, label="back to stock", widget=UnfoldBooleanWidget
        )

    def received(self) -> dict[UUID, Received]:
        """Return what came, by line."""
        said = self.cleaned_data
        return {pk: Received(quantity=n, restock=said[f"restock__{pk}"]) for pk, n in self.units().items()}


class RefundForm(MessageForm):
    amount = forms.CharField(
        max_length=24,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text="What came is worth so much, without the shipping; it may be less, or more.",
    )
    field_order = ("amount", "message")

    def __init__(self, data: Any, *, worth: int, currency: str) -> None:
        self.currency = currency
        super().__init__(data, initial={"amount": to_text(worth, currency)})
        self.fields["amount"].label = f"Amount in {currency}"

    def clean_amount(self) -> int:
        try:
            return from_text(self.cleaned_data["amount"].strip(), self.currency)
        except ValueError as error:
            raise forms.ValidationError(str(error), code="invalid") from error

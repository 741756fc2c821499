"""Bodies of the calls about returns."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from orders.models import Return
from orders.serializers import AmountText
from orders.serializers_goods import LineQuantityBody
from orders.services import Received, WantedBack
from shop.api.serializers import BodySerializer, PlainTextField, StrictIntegerField

_MOST_UNITS = 2**31 - 1


class WantedBackBody(LineQuantityBody):
    """Units of one line, and why they come back."""

    reason = PlainTextField(max_length=200)


class ReturnBody(BodySerializer):
    """What a shopper wants to send back."""

    lines = serializers.ListField(child=WantedBackBody(), allow_empty=False, max_length=100)

    def validate_lines(self, lines: list[dict[str, Any]]) -> dict[Any, WantedBack]:
        """Return the lines by id, each named once."""
        return by_line(lines, lambda row: WantedBack(quantity=row["quantity"], reason=row["reason"]))


class ReceivedBody(BodySerializer):
    """Units of one line that came; none at all is an answer too."""

    line = serializers.UUIDField()
    quantity = StrictIntegerField(min_value=0, max_value=_MOST_UNITS)
    restock = serializers.BooleanField(default=True)


class ReturnStepBody(BodySerializer):
    """The next step of a return; ``lines`` with what was received, ``amount`` with what is refunded."""

    status = serializers.ChoiceField(
        choices=[one for one in Return.Status.choices if one[0] != Return.Status.REQUESTED]
    )
    message = PlainTextField(required=False, allow_blank=True, max_length=500)
    lines = serializers.ListField(child=ReceivedBody(), required=False, max_length=100)
    amount = AmountText(required=False, max_length=24)

    def validate_lines(self, lines: list[dict[str, Any]]) -> dict[Any, Received]:
        """Return the lines by id, each named once."""
        return by_line(lines, lambda row: Received(quantity=row["quantity"], restock=row["restock"]))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what belongs to another step: it would be passed over without a word."""
        for name, step in (("lines", "received"), ("amount", "refunded")):
            if name in attrs and attrs["status"] != step:
                raise serializers.ValidationError({name: [f"Only with the status {step}."]}, code="invalid")
        return attrs


def by_line(lines: list[dict[str, Any]], value: Any) -> dict[Any, Any]:
    """
    Return what is said of each line by the line's id.

    :raises rest_framework.exceptions.ValidationError: a line is named twice.
    """
    found = {row["line"]: value(row) for row in lines}
    if len(found) < len(lines):
        raise serializers.ValidationError("Name each line once.", code="duplicate")
    return found

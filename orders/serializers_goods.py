"""Bodies of the calls that move goods."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from shop.api.serializers import BodySerializer, PlainTextField, StrictIntegerField


class LineQuantityBody(BodySerializer):
    """Units of one line."""

    line = serializers.UUIDField()
    quantity = StrictIntegerField(min_value=1, max_value=2**31 - 1)


def quantities_in(lines: list[dict[str, Any]] | None) -> dict[Any, int] | None:
    """
    Return units by line id, or None where no lines were named.

    :raises rest_framework.exceptions.ValidationError: a line is named twice.
    """
    if lines is None:
        return None
    found = {row["line"]: row["quantity"] for row in lines}
    if len(found) < len(lines):
        raise serializers.ValidationError({"lines": ["Name each line once."]}, code="duplicate")
    return found


class ParcelBody(BodySerializer):
    """What is handed to a carrier; everything that is left to send when no lines are named."""

    lines = serializers.ListField(child=LineQuantityBody(), required=False, allow_empty=False, max_length=100)
    carrier = PlainTextField(max_length=100)
    tracking_number = PlainTextField(max_length=100, allow_blank=True)


class DeliverBody(BodySerializer):
    """Which parcel has arrived; all of them when none is named."""

    shipment = serializers.UUIDField(required=False, allow_null=True)

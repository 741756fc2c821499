"""Bodies of the calls about refunds."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from shop.api.serializers import BodySerializer, PlainTextField, QuerySerializer, StrictIntegerField


class _Amount(serializers.CharField):
    """An amount of money, as text: a number would have been through a float on its way."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError('Write an amount as text, like "19.90".', code="invalid")
        return super().to_internal_value(data)


class _LineBody(BodySerializer):
    """Units of one line."""

    line = serializers.UUIDField()
    quantity = StrictIntegerField(min_value=1, max_value=2**31 - 1)


class RefundBody(BodySerializer):
    """An amount, or units of lines, or neither for all that is left."""

    amount = _Amount(required=False, max_length=24)
    lines = serializers.ListField(child=_LineBody(), required=False, allow_empty=False, max_length=100)
    restock = serializers.BooleanField(required=False, default=False)
    reason = PlainTextField(required=False, allow_blank=True, max_length=200)

    def validate_lines(self, lines: list[dict[str, Any]]) -> dict[Any, int]:
        """Return the units by line, each line named once."""
        found = {row["line"]: row["quantity"] for row in lines}
        if len(found) < len(lines):
            raise serializers.ValidationError("Name each line once.", code="duplicate")
        return found

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what contradicts itself: one of both would be passed over without a word."""
        if "amount" in attrs and "lines" in attrs:
            raise serializers.ValidationError({"amount": ["Give an amount or lines."]}, code="invalid")
        if attrs["restock"] and "lines" not in attrs:
            raise serializers.ValidationError({"restock": ["Name the lines to restock."]}, code="invalid")
        return attrs


class RefundFilters(QuerySerializer):
    """The list of refunds has no filters, and says so."""

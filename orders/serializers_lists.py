"""Filters of the lists that staff read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from orders.serializers import AmountText, OrderFilters
from shop.api.serializers import CurrencyField, PlainTextField
from shop.core.money import from_text


class StaffOrderFilters(OrderFilters):
    """A customer's filters, what to look for, and a range of totals in ``currency``, the shop's own if unsaid."""

    q = PlainTextField(required=False, allow_blank=True, max_length=100)
    currency = CurrencyField(required=False)
    total_min = AmountText(required=False, max_length=24)
    total_max = AmountText(required=False, max_length=24)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return lookups of an order's columns, and ``q``."""
        found = super().validate(attrs)
        for name, lookup in (("total_min", "total__gte"), ("total_max", "total__lte")):
            if name in found:
                currency = found.setdefault("currency", settings.BASE_CURRENCY)
                found[lookup] = _minor(name, found.pop(name), currency)
        return found


class ExportFilters(StaffOrderFilters):
    """The same without pages: a file is whole."""

    reserved = ()


def _minor(name: str, text: str, currency: str) -> int:
    try:
        return from_text(text, currency)
    except ValueError as error:
        raise serializers.ValidationError({name: [str(error)]}, code="invalid") from error

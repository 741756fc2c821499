"""Shapes of the cart's bodies."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cart.models import MAX_QUANTITY
from shop.api.serializers import BodySerializer, CurrencyField, PlainTextField, StrictIntegerField

# SQLite and PostgreSQL agree on this as the largest id.
_LARGEST_ID = 2**63 - 1


class AddItemBody(BodySerializer):
    """What to put in: exactly one of product, variant and sku."""

    product = StrictIntegerField(required=False, min_value=1, max_value=_LARGEST_ID)
    variant = StrictIntegerField(required=False, min_value=1, max_value=_LARGEST_ID)
    sku = PlainTextField(required=False, max_length=64)
    quantity = StrictIntegerField(min_value=1, max_value=MAX_QUANTITY)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = [name for name in ("product", "variant", "sku") if name in attrs]
        if len(named) != 1:
            raise serializers.ValidationError(
                "Name exactly one of product, variant and sku.", code="required"
            )
        return attrs


class QuantityBody(BodySerializer):
    """How many units a line shall have."""

    quantity = StrictIntegerField(min_value=0, max_value=MAX_QUANTITY)


class PlaceBody(BodySerializer):
    """Where the cart would go and how."""

    country = serializers.RegexField(r"^[A-Za-z]{2}$", required=False)
    region = PlainTextField(required=False, allow_blank=True, max_length=100)
    postal_code = PlainTextField(required=False, allow_blank=True, max_length=20)
    shipping_method = serializers.SlugField(required=False, allow_blank=True, max_length=50)
    shipping_address = serializers.UUIDField(required=False)
    currency = CurrencyField(required=False)
    vat_id = PlainTextField(required=False, allow_blank=True, max_length=20)
    language = serializers.RegexField(r"^[a-z]{2}(-[A-Za-z]{2,4})?$", required=False)

    def validate_country(self, value: str) -> str:
        return value.upper()


class CouponBody(BodySerializer):
    """A code to put on the cart."""

    code = PlainTextField(max_length=50)


class PlaceFilters(serializers.Serializer[Any]):
    """The place that shipping methods are asked for."""

    country = serializers.RegexField(r"^[A-Za-z]{2}$")
    region = PlainTextField(required=False, allow_blank=True, default="", max_length=100)
    postal_code = PlainTextField(required=False, allow_blank=True, default="", max_length=20)

    def validate_country(self, value: str) -> str:
        return value.upper()

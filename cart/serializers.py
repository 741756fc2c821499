"""Shapes of the cart's bodies."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cart.models import MAX_QUANTITY
from shop.api.addresses import CountryField
from shop.api.serializers import (
    BodySerializer,
    CurrencyField,
    PlainTextField,
    QuerySerializer,
    StrictIntegerField,
)

# SQLite and PostgreSQL agree on this as the largest id.
_LARGEST_ID = 2**63 - 1


class AddItemBody(BodySerializer):
    """What to put in: exactly one of product, variant and sku; ``currency`` is that of a cart opened for it."""

    product = StrictIntegerField(required=False, min_value=1, max_value=_LARGEST_ID)
    variant = StrictIntegerField(required=False, min_value=1, max_value=_LARGEST_ID)
    sku = PlainTextField(required=False, max_length=64)
    quantity = StrictIntegerField(min_value=1, max_value=MAX_QUANTITY)
    currency = CurrencyField(required=False)

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

    country = CountryField(required=False)
    region = PlainTextField(required=False, allow_blank=True, allow_null=True, max_length=100)
    postal_code = PlainTextField(required=False, allow_blank=True, allow_null=True, max_length=20)
    shipping_method = serializers.SlugField(required=False, allow_blank=True, allow_null=True, max_length=50)
    shipping_address = serializers.UUIDField(required=False)
    currency = CurrencyField(required=False)
    vat_id = PlainTextField(required=False, allow_blank=True, allow_null=True, max_length=20)
    language = serializers.RegexField(r"^[a-z]{2}(-[A-Za-z]{2,4})?$", required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # Answers say null for what isn't known; in a cart that is an empty text.
        return {name: "" if value is None else value for name, value in attrs.items()}


class CouponBody(BodySerializer):
    """A code to put on the cart."""

    code = PlainTextField(max_length=50)


class CartFilters(QuerySerializer):
    """How a cart is read."""

    reserved = ()

    explain = serializers.BooleanField(required=False, default=False)


class PlaceFilters(QuerySerializer):
    """The place that shipping methods are asked for."""

    reserved = ()

    country = CountryField()
    region = PlainTextField(required=False, allow_blank=True, default="", max_length=100)
    postal_code = PlainTextField(required=False, allow_blank=True, default="", max_length=20)

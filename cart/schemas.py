"""The cart's answers as the schema shows them; the bodies themselves are plain functions (``shapes``)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

CHANGES = ("price_up", "price_down", "stock_short", "gone", "coupon_dropped", "merged", "cut")
TREATMENTS = ("standard", "export", "reverse_charge")


class CartItemImage(serializers.Serializer[Any]):
    """The picture of a line; its address is absolute."""

    url = serializers.URLField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    alt = serializers.CharField(allow_blank=True)


class CartLine(serializers.Serializer[Any]):
    """A line; what is gone has no price."""

    id = serializers.UUIDField()
    product = serializers.IntegerField(allow_null=True)
    variant = serializers.IntegerField()
    sku = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    options = serializers.DictField(child=serializers.CharField())
    image = CartItemImage(allow_null=True)
    quantity = serializers.IntegerField()
    unit_price = serializers.CharField(allow_null=True)
    line_total = serializers.CharField(allow_null=True)
    available = serializers.IntegerField(allow_null=True)


class CartTaxLine(serializers.Serializer[Any]):
    """All of one rate; ``rate`` is a fraction, 0.19 for 19 %."""

    name = serializers.CharField()
    rate = serializers.CharField()
    taxable = serializers.CharField()
    amount = serializers.CharField()


class CartChange(serializers.Serializer[Any]):
    """What is different since the shopper's last write; ``old`` and ``new`` are amounts, units or a code."""

    code = serializers.ChoiceField(choices=CHANGES)
    item = serializers.UUIDField(allow_null=True)
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)


class CartDiscount(serializers.Serializer[Any]):
    """A promotion that applies, and what it takes off; ``code`` is null where it needed none."""

    name = serializers.CharField()
    code = serializers.CharField(allow_null=True)
    amount = serializers.CharField()


class PricedCartAnswer(serializers.Serializer[Any]):
    """The cart; unknown parts are null and not in ``total``."""

    id = serializers.UUIDField(allow_null=True)
    items = CartLine(many=True)
    coupons = serializers.ListField(child=serializers.CharField())
    discounts = CartDiscount(many=True)
    country = serializers.CharField(allow_null=True)
    region = serializers.CharField(allow_null=True)
    postal_code = serializers.CharField(allow_null=True)
    shipping_method = serializers.CharField(allow_null=True)
    subtotal = serializers.CharField()
    discount_total = serializers.CharField()
    shipping_total = serializers.CharField(allow_null=True)
    tax_total = serializers.CharField(allow_null=True)
    tax_added = serializers.CharField(allow_null=True)
    tax_treatment = serializers.ChoiceField(choices=TREATMENTS, allow_null=True)
    vat_id = serializers.CharField(allow_null=True)
    prices_include_tax = serializers.BooleanField()
    tax_lines = CartTaxLine(many=True)
    total = serializers.CharField()
    currency = serializers.CharField()
    item_count = serializers.IntegerField()
    changes = CartChange(many=True)


class ShippingMethodAnswer(serializers.Serializer[Any]):
    """A way to send the cart to a place."""

    code = serializers.CharField()
    name = serializers.CharField()
    price = serializers.CharField()
    currency = serializers.CharField()
    min_days = serializers.IntegerField()
    max_days = serializers.IntegerField()

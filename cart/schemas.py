"""The cart's answers as the schema shows them; the bodies themselves are plain functions (``shapes``)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

CHANGES = ("price_up", "price_down", "stock_short", "gone", "coupon_dropped", "merged", "cut")
STEPS = (
    "list_price",
    "tax_taken_out",
    "promotion",
    "method",
    "subtotal",
    "discount",
    "shipping",
    "tax_added",
)
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


class Reason(serializers.Serializer[Any]):
    """Why a promotion doesn't apply; ``needed`` and ``missing`` are amounts, units or a name."""

    rule = serializers.CharField()
    detail = serializers.CharField()
    needed = serializers.JSONField(required=False)
    missing = serializers.JSONField(required=False)


class CartChange(serializers.Serializer[Any]):
    """
    What is different since the shopper's last write; ``old`` and ``new`` are amounts, units or a code.

    ``reasons`` says why a code was dropped.
    """

    code = serializers.ChoiceField(choices=CHANGES)
    item = serializers.UUIDField(allow_null=True)
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)
    reasons = Reason(many=True, required=False)


class CartDiscount(serializers.Serializer[Any]):
    """A promotion that applies, and what it takes off; ``code`` is null where it needed none."""

    name = serializers.CharField()
    code = serializers.CharField(allow_null=True)
    amount = serializers.CharField()


class CartRequirements(serializers.Serializer[Any]):
    """What must be agreed to when it is ordered: the terms by their version, and an age in years."""

    terms = serializers.CharField(allow_null=True)
    minimum_age = serializers.IntegerField(allow_null=True)


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
    requires = CartRequirements()


class PriceStep(serializers.Serializer[Any]):
    """One summand; ``name`` and ``code`` are those of a promotion or a shipping method."""

    step = serializers.ChoiceField(choices=STEPS)
    amount = serializers.CharField()
    name = serializers.CharField(required=False)
    code = serializers.CharField(required=False, allow_null=True)


class StepTax(serializers.Serializer[Any]):
    """The tax of a line or of the shipping, and whether its total has it already."""

    included = serializers.BooleanField()
    amount = serializers.CharField()
    name = serializers.CharField(required=False)
    rate = serializers.CharField(required=False)


class ExplainedShipping(serializers.Serializer[Any]):
    """What the shipping is made of: the steps sum to ``total``."""

    steps = PriceStep(many=True)
    total = serializers.CharField()
    tax = StepTax(allow_null=True)


class ExplainedLine(ExplainedShipping):
    """What a line is made of."""

    item = serializers.UUIDField()


class ConsideredPromotion(CartDiscount):
    """A promotion that was looked at, and why it doesn't apply."""

    applied = serializers.BooleanField()
    reasons = Reason(many=True)


class Explanation(serializers.Serializer[Any]):
    """Where every cent comes from; only with ``?explain=1``."""

    items = ExplainedLine(many=True)
    shipping = ExplainedShipping(allow_null=True)
    totals = PriceStep(many=True)
    promotions = ConsideredPromotion(many=True)


class ExplainedCartAnswer(PricedCartAnswer):
    """The cart with its arithmetic, where that was asked for."""

    explanation = Explanation(required=False)


class ShippingMethodAnswer(serializers.Serializer[Any]):
    """A way to send the cart to a place."""

    code = serializers.CharField()
    name = serializers.CharField()
    price = serializers.CharField()
    currency = serializers.CharField()
    min_days = serializers.IntegerField()
    max_days = serializers.IntegerField()

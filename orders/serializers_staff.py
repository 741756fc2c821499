"""The body of an order that staff place for somebody."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from orders.serializers import AddressOrId, AgreementBody, AmountText
from shop.api.serializers import (
    BodySerializer,
    CurrencyField,
    PlainTextField,
    QuerySerializer,
    StrictIntegerField,
)

_LARGEST_ID = 2**63 - 1
_MOST_ITEMS = 100
_MOST_UNITS = 999
_MOST_CODES = 10


class StaffItemBody(BodySerializer):
    """What somebody wants: exactly one of variant and sku."""

    variant = StrictIntegerField(required=False, min_value=1, max_value=_LARGEST_ID)
    sku = PlainTextField(required=False, max_length=64)
    quantity = StrictIntegerField(min_value=1, max_value=_MOST_UNITS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("variant" in attrs) == ("sku" in attrs):
            raise serializers.ValidationError("Name exactly one of variant and sku.", code="required")
        return attrs


class StaffOrderBody(AgreementBody):
    """An order that staff write down: for an account, or for whoever has an address."""

    # What reorder/ says beside.
    ignored = ("changes",)

    customer = serializers.UUIDField(required=False, allow_null=True)
    email = serializers.EmailField(required=False, max_length=254)
    language = serializers.RegexField(r"^[a-z]{2}(-[A-Za-z]{2,4})?$", required=False)
    currency = CurrencyField(required=False)
    items = serializers.ListField(child=StaffItemBody(), allow_empty=False, max_length=_MOST_ITEMS)
    coupons = serializers.ListField(
        child=PlainTextField(max_length=50), required=False, max_length=_MOST_CODES
    )
    vat_id = PlainTextField(required=False, allow_blank=True, max_length=20)
    shipping_address = AddressOrId(required=False, allow_null=True)
    billing_address = AddressOrId(required=False, allow_null=True)
    shipping_method = serializers.SlugField(required=False, allow_blank=True, max_length=50)
    note = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    expected_total = AmountText(required=False, max_length=24)


class NoteBody(BodySerializer):
    """A note; one that is visible is mailed to the order's owner."""

    text = serializers.CharField(max_length=2000)
    visible = serializers.BooleanField(required=False, default=False)


class StaffOrderQuery(QuerySerializer):
    """Whether to place it, or only to tell what it would cost."""

    reserved = ()

    dry_run = serializers.BooleanField(default=False)

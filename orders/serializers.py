"""Shapes of the orders' bodies and filters."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers

from orders.models import Order
from orders.schemas import PlacedOrderSerializer
from orders.serializers_goods import LineQuantityBody
from shop.api.addresses import PostalAddressSerializer
from shop.api.serializers import BodySerializer, PlainTextField, QuerySerializer

_LONGEST_VERSION = 50


class GivenAddress(PostalAddressSerializer):
    """An address in full; one that was read from the address book may come back as it is."""

    ignored = ("id", "is_default")


class AmountText(serializers.CharField):
    """An amount as the contract writes it: a string, never a number."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class AddressOrId(serializers.Field[Any, Any, Any, Any]):
    """An address, or the id of one in the customer's address book."""

    def to_internal_value(self, data: Any) -> UUID | dict[str, Any]:
        if isinstance(data, dict):
            address = GivenAddress(data=data)
            address.is_valid(raise_exception=True)
            return dict(address.validated_data)
        try:
            return UUID(data) if isinstance(data, str) else self._refuse()
        except ValueError:
            return self._refuse()

    def to_representation(self, value: Any) -> Any:
        return value

    def _refuse(self) -> Any:
        raise serializers.ValidationError("Send an address, or the id of one of yours.", code="invalid")


class TermsField(serializers.Field[Any, Any, Any, Any]):
    """The version of the terms that were accepted, or true for the one that the shop asks for."""

    def to_internal_value(self, data: Any) -> str | bool:
        if not isinstance(data, str | bool) or len(str(data)) > _LONGEST_VERSION:
            raise serializers.ValidationError("Send the version of the terms, or true.", code="invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class AgreementBody(BodySerializer):
    """What a shop may ask for: its terms accepted, and an age confirmed or shown by a birth date, which isn't kept."""

    terms_accepted = TermsField(required=False)
    age_confirmed = serializers.BooleanField(required=False)
    birth_date = serializers.DateField(required=False, allow_null=True)


class PlaceOrderBody(AgreementBody):
    """What placing an order takes; what else an order has is the shop's to say, and passed over."""

    ignored = tuple(PlacedOrderSerializer().fields)

    shipping_address = AddressOrId(required=False, allow_null=True)
    billing_address = AddressOrId(required=False, allow_null=True)
    shipping_method = serializers.SlugField(required=False, allow_blank=True, max_length=50)
    email = serializers.EmailField(required=False, max_length=254)
    note = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    expected_total = AmountText(max_length=24)


class CancelBody(BodySerializer):
    """Why an order is cancelled; staff may name units of lines, and the rest of the order stands."""

    lines = serializers.ListField(child=LineQuantityBody(), required=False, allow_empty=False, max_length=100)
    reason = PlainTextField(required=False, allow_blank=True, max_length=200)


class LookupBody(BodySerializer):
    """What somebody knows of an order."""

    number = PlainTextField(max_length=40)
    email = serializers.EmailField(max_length=254)


class ClaimBody(BodySerializer):
    """The token that opens a guest's order."""

    access_token = serializers.CharField(max_length=200)


class OrderFilters(QuerySerializer):
    """The filters of a customer's list."""

    status = serializers.ChoiceField(required=False, choices=Order.Status.choices)
    payment_status = serializers.ChoiceField(required=False, choices=Order.PaymentStatus.choices)
    fulfilment_status = serializers.ChoiceField(required=False, choices=Order.FulfilmentStatus.choices)
    placed_after = serializers.DateTimeField(required=False)
    placed_before = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        renamed = {"placed_after": "placed_at__gte", "placed_before": "placed_at__lt"}
        return {renamed.get(name, name): value for name, value in attrs.items()}

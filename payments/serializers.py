"""Shapes of the bodies that payments take."""

from __future__ import annotations

from rest_framework import serializers

from shop.api.serializers import BodySerializer, QuerySerializer


class StartPaymentBody(BodySerializer):
    """Which order to pay."""

    order = serializers.UUIDField()
    mode = serializers.ChoiceField(choices=["intent"], required=False)


class PaymentFilters(QuerySerializer):
    """The list of payments has no filters, and says so."""

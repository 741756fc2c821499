"""Shapes of the bodies that payments take."""

from __future__ import annotations

from rest_framework import serializers

from payments.models import Payment
from shop.api.serializers import BodySerializer, QuerySerializer


class StartPaymentBody(BodySerializer):
    """Which order to pay, and where: in the storefront's own form, or on a page at Stripe."""

    order = serializers.UUIDField()
    mode = serializers.ChoiceField(choices=Payment.Mode.choices, default=Payment.Mode.INTENT)


class SaveCardBody(BodySerializer):
    """Nothing: a card never comes here."""


class PaymentFilters(QuerySerializer):
    """The list of payments has no filters, and says so."""


class ProofQuery(QuerySerializer):
    """The code on a document, with or without its dashes."""

    code = serializers.CharField(max_length=64)
    # Read by the negotiation.
    format = serializers.CharField(required=False)

"""The answers about payments as the schema shows them; the bodies themselves are plain functions (``shapes``)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from payments.models import Payment, Refund


class PaidBy(serializers.Serializer[Any]):
    """What took the money; of a card only what a receipt shows."""

    method = serializers.CharField()
    brand = serializers.CharField(allow_null=True)
    last4 = serializers.CharField(allow_null=True)


class PaymentAnswer(serializers.Serializer[Any]):
    """A payment."""

    id = serializers.UUIDField()
    order = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Payment.Status.choices)
    amount = serializers.CharField()
    currency = serializers.CharField()
    publishable_key = serializers.CharField()
    paid_by = PaidBy(allow_null=True)
    last_error = serializers.CharField(allow_null=True)
    receipt_url = serializers.URLField(allow_null=True)
    created_at = serializers.DateTimeField()
    succeeded_at = serializers.DateTimeField(allow_null=True)


class StartedPaymentAnswer(PaymentAnswer):
    """A payment that waits for the customer: with the secret by which their browser confirms it, or a page to go to."""

    client_secret = serializers.CharField(required=False)
    redirect_url = serializers.URLField(required=False)


class CardAnswer(serializers.Serializer[Any]):
    """A card that Stripe keeps for a customer."""

    id = serializers.CharField()
    brand = serializers.CharField()
    last4 = serializers.CharField()
    exp_month = serializers.IntegerField()
    exp_year = serializers.IntegerField()


class CardsAnswer(serializers.Serializer[Any]):
    """All of a customer's cards on one page."""

    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CardAnswer(many=True)


class SavingCardAnswer(serializers.Serializer[Any]):
    """What a browser saves a card by, at Stripe."""

    client_secret = serializers.CharField()
    publishable_key = serializers.CharField()


class CreditNotesAnswer(serializers.Serializer[Any]):
    """All credit notes of a payment on one page; each as its own address has it."""

    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = serializers.ListField(child=serializers.DictField())


class ProofAnswer(serializers.Serializer[Any]):
    """Whether a document is genuine; all but the first field are null for one that isn't."""

    genuine = serializers.BooleanField()
    kind = serializers.ChoiceField(choices=["receipt", "credit_note"], allow_null=True)
    number = serializers.CharField(allow_null=True)
    issued_on = serializers.DateField(allow_null=True)
    total = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_null=True)


class RefundedUnits(serializers.Serializer[Any]):
    """Units of a line that a refund is for."""

    line = serializers.UUIDField()
    quantity = serializers.IntegerField()


class RefundAnswer(serializers.Serializer[Any]):
    """A refund as staff see it."""

    id = serializers.UUIDField()
    payment = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Refund.State.choices)
    amount = serializers.CharField()
    currency = serializers.CharField()
    cause = serializers.ChoiceField(choices=Refund.Reason.choices)
    reason = serializers.CharField()
    lines = RefundedUnits(many=True)
    error = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class WebhookAnswer(serializers.Serializer[Any]):
    """It is stored."""

    received = serializers.BooleanField()

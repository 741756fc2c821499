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
    """A payment that waits for the browser, with the secret by which it is confirmed."""

    client_secret = serializers.CharField()


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

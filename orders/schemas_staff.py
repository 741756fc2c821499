"""What the lists of staff answer, for the OpenAPI document."""

from __future__ import annotations

from rest_framework import serializers

from orders.schemas import AmountText, States


class StaffOrderSerializer(States):
    """An order in a list for staff: without its lines and addresses."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    disputed = serializers.BooleanField()
    user = serializers.UUIDField(allow_null=True)
    email = serializers.EmailField()
    language = serializers.CharField()
    total = AmountText()
    refunded_total = AmountText()
    currency = serializers.CharField()
    placed_at = serializers.DateTimeField()
    payment_due_at = serializers.DateTimeField(allow_null=True)

"""Shapes of what notifications ask and answer."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from notifications.models import EmailMessage
from shop.api.serializers import BodySerializer


class DeliverySerializer(serializers.Serializer[Any]):
    """How far a message has come; ``to`` is shortened, and null until it was sent."""

    template = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=EmailMessage.State.choices, read_only=True)
    to = serializers.CharField(read_only=True, allow_null=True)
    sent_at = serializers.DateTimeField(read_only=True, allow_null=True)
    attempts = serializers.IntegerField(read_only=True)
    can_resend = serializers.BooleanField(read_only=True)


class EntrySerializer(serializers.Serializer[Any]):
    """A step of an order, or a message about it, which alone has a ``delivery``."""

    id = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(choices=("step", "shipment", "return", "note", "message"), read_only=True)
    stage = serializers.CharField(read_only=True, allow_null=True)
    message = serializers.CharField(read_only=True)
    at = serializers.DateTimeField(read_only=True)
    delivery = DeliverySerializer(read_only=True, allow_null=True)


class TimelineSerializer(serializers.Serializer[Any]):
    """The whole timeline: it has one page."""

    count = serializers.IntegerField(read_only=True)
    next = serializers.CharField(read_only=True, allow_null=True)
    previous = serializers.CharField(read_only=True, allow_null=True)
    results = EntrySerializer(many=True, read_only=True)


class PreferencesSerializer(serializers.Serializer[Any]):
    """Which mail a customer wants beside that about their orders and their account."""

    marketing = serializers.BooleanField(read_only=True)
    back_in_stock = serializers.BooleanField(read_only=True)


class ChangePreferencesSerializer(BodySerializer):
    """What is left out stays as it is."""

    marketing = serializers.BooleanField(required=False)
    back_in_stock = serializers.BooleanField(required=False)

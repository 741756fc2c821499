"""Shapes of requests and answers about export and erasure."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from shop.api.serializers import BodySerializer, QuerySerializer
from users.serializers import PasswordField


class EraseSerializer(BodySerializer):
    """Who asks; ``otp`` counts only for accounts with a second factor."""

    password = PasswordField()
    otp = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")


class EraseQuery(QuerySerializer):
    """Whether to erase, or only to tell what that would do."""

    reserved = ()

    dry_run = serializers.BooleanField(default=False)


class HoldingSerializer(serializers.Serializer[Any]):
    """One kind of thing that is held on a person."""

    name = serializers.CharField()
    count = serializers.IntegerField()
    reason = serializers.CharField()


class PreviewSerializer(serializers.Serializer[Any]):
    """What an erasure takes, what stays, and what stands in its way."""

    erased = HoldingSerializer(many=True)
    kept = HoldingSerializer(many=True)
    blockers = serializers.ListField(child=serializers.CharField())


class ExportSerializer(serializers.Serializer[Any]):
    """Everything that is held on a person, by the part of the shop that holds it; each grows with the shop."""

    exported_at = serializers.DateTimeField()
    users = serializers.DictField()
    cart = serializers.DictField()
    notifications = serializers.DictField()
    orders = serializers.DictField()
    payments = serializers.DictField()
    products = serializers.DictField()

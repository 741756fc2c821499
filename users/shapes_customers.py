"""Shapes of requests and answers about customer groups and consents."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from shop.api.serializers import BodySerializer, PlainTextField, QuerySerializer
from users.models import Consent, CustomerGroup


@extend_schema_field(serializers.ListField(child=serializers.CharField()))
class GroupCodesField(serializers.Field[Any, Any, Any, Any]):
    """The codes of somebody's groups, sorted; those that were read ahead cost no statement."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Any) -> list[str]:
        """Return the codes."""
        return sorted(group.code for group in value.all())


def group_codes() -> serializers.ListField:
    """Return a field that takes the codes of groups."""
    return serializers.ListField(child=serializers.CharField(max_length=50), max_length=100, required=False)


class CustomerGroupSerializer(serializers.ModelSerializer[CustomerGroup]):
    """A group as staff see it."""

    member_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = CustomerGroup
        fields = ("code", "name", "member_count")
        read_only_fields = fields


class RenameGroupSerializer(BodySerializer):
    """Another name of a group; its code stays."""

    ignored: tuple[str, ...] = ("code", "member_count")

    name = PlainTextField(max_length=100)


class CreateGroupSerializer(RenameGroupSerializer):
    """What making a group takes."""

    ignored = ("member_count",)

    code = serializers.SlugField(max_length=50)


class ConsentSerializer(serializers.ModelSerializer[Consent]):
    """Something that somebody agreed to or took back."""

    at = serializers.DateTimeField(read_only=True, default_timezone=UTC)

    class Meta:
        model = Consent
        fields = ("id", "purpose", "granted", "version", "source", "at")
        read_only_fields = fields


class ConsentAtRegistrationSerializer(BodySerializer):
    """Something that somebody agrees to, or not, while opening an account."""

    purpose = serializers.ChoiceField(choices=Consent.Purpose.choices)
    granted = serializers.BooleanField()
    version = PlainTextField(max_length=50, allow_blank=True, default="")


class RecordConsentSerializer(ConsentAtRegistrationSerializer):
    """Something that somebody agrees to or takes back, and where."""

    ignored = ("id", "at")

    # Declared fields are taken out of the class, so the one of every field that is called so stays what it is.
    source = PlainTextField(max_length=100)  # type: ignore[assignment]


class ConsentQuery(QuerySerializer):
    """Filters of the list of consents."""

    current = serializers.BooleanField(default=False)


class ConsentsAtRegistrationField(serializers.ListField):
    """What somebody agrees to while opening an account, each purpose once."""

    child = ConsentAtRegistrationSerializer()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the consents."""
        consents = super().to_internal_value(data)
        if len({consent["purpose"] for consent in consents}) != len(consents):
            raise serializers.ValidationError("Name each purpose once.", code="unique")
        return consents

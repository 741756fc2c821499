"""Shapes of requests and answers about second factors."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from shop.api.serializers import BodySerializer
from users.serializers import PasswordField


class CodeField(serializers.CharField):
    """What the authenticator app shows, or a recovery code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)


class TwoFactorStateSerializer(serializers.Serializer[Any]):
    """Whether the account has a second factor, and whether the shop asks for one."""

    enabled = serializers.BooleanField()
    recovery_codes_left = serializers.IntegerField()
    # Declared fields are taken off the class, so this one doesn't hide the attribute of the same name.
    required = serializers.BooleanField()  # type: ignore[assignment]


class BeginTwoFactorSerializer(BodySerializer):
    """The password once more: who borrows a signed-in device can't lock its owner out."""

    password = PasswordField()


class AppSecretSerializer(serializers.Serializer[Any]):
    """What the authenticator app is told, as text and as the address for a QR code."""

    secret = serializers.CharField()
    otpauth_url = serializers.CharField(source="address")


class ConfirmTwoFactorSerializer(BodySerializer):
    """A code that the new app shows."""

    otp = CodeField()


class ProveTwoFactorSerializer(BodySerializer):
    """Both factors once more."""

    password = PasswordField()
    otp = CodeField(required=False, allow_blank=True, default="")


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    """Ten codes, each of which stands in for the app once; they are shown this one time."""

    recovery_codes = serializers.ListField(child=serializers.CharField())

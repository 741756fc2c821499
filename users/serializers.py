"""Shapes of requests and answers about accounts."""

from __future__ import annotations

import unicodedata
from datetime import UTC
from typing import Any

from django.conf import settings
from rest_framework import serializers

from shop.api.addresses import PostalAddressSerializer
from shop.api.serializers import BodySerializer, PlainTextField, QuerySerializer
from users.models import Address, Session, User
from users.passwords import MAX_LENGTH
from users.shapes_customers import ConsentsAtRegistrationField, GroupCodesField, group_codes

# Read in full before it is refused as wrong; beyond this it is no password of anybody's.
_LONGEST_TRY = 1000


def utc_field() -> serializers.DateTimeField:
    """Return a read-only instant, in UTC whatever the shop's own time zone."""
    return serializers.DateTimeField(read_only=True, default_timezone=UTC)


class PasswordField(serializers.CharField):
    """A password as it was typed, spaces included."""

    def __init__(self, max_length: int = _LONGEST_TRY, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, trim_whitespace=False, **kwargs)


class AddressField(serializers.EmailField):
    """
    An e-mail address: ASCII before the @, and its domain in the letters that a mail server reads it as.

    Signs that count as others (ſ and s, K and the Kelvin sign) would make two accounts of one mailbox, or one account
    of two.
    """

    def to_internal_value(self, data: Any) -> str:
        """Return the address, its domain in composed letters."""
        local, at, domain = super().to_internal_value(data).rpartition("@")
        if not local.isascii():
            self.fail("invalid")
        return f"{local}{at}{unicodedata.normalize('NFKC', domain)}"


class LanguageField(serializers.CharField):
    """A language of the shop; ``de-AT`` counts as ``de``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the code as the settings write it."""
        code = super().to_internal_value(data).lower()
        known = {name.lower(): name for name, _ in settings.LANGUAGES}
        found = known.get(code) or known.get(code.partition("-")[0])
        if found is None:
            raise serializers.ValidationError("The shop doesn't speak this language.", code="invalid_choice")
        return found


class RegisterSerializer(BodySerializer):
    """What opening an account takes."""

    email = AddressField(max_length=254)
    password = PasswordField(MAX_LENGTH)
    first_name = PlainTextField(max_length=100, allow_blank=True, default="")
    last_name = PlainTextField(max_length=100, allow_blank=True, default="")
    language = LanguageField(required=False)
    consents = ConsentsAtRegistrationField()


class RegisteredSerializer(serializers.Serializer[Any]):
    """The answer to every registration: what was sent."""

    email = serializers.EmailField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()


class SignInSerializer(BodySerializer):
    """What signing in takes; ``otp`` counts only for accounts with a second factor."""

    email = serializers.CharField(max_length=254)
    password = PasswordField()
    otp = serializers.CharField(max_length=20, required=False, allow_blank=True)


class RefreshSerializer(BodySerializer):
    """A refresh token."""

    refresh = serializers.CharField(max_length=4000)


class TokensSerializer(serializers.Serializer[Any]):
    """A pair of tokens."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class ChangePasswordSerializer(BodySerializer):
    """The old password and the new one."""

    old_password = PasswordField()
    new_password = PasswordField(MAX_LENGTH)


class EmailSerializer(BodySerializer):
    """An address that a link is asked for."""

    email = AddressField(max_length=254)


class ChangeEmailSerializer(EmailSerializer):
    """Another address, and who asks; ``otp`` counts only for accounts with a second factor."""

    password = PasswordField()
    otp = serializers.CharField(max_length=20, required=False, allow_blank=True)


class LinkSerializer(BodySerializer):
    """What a mailed link carries."""

    uid = serializers.CharField(max_length=100)
    token = serializers.CharField(max_length=100)


class ResetPasswordSerializer(LinkSerializer):
    """What a mailed link carries, and the password it shall set."""

    new_password = PasswordField(MAX_LENGTH)


class NothingSerializer(BodySerializer):
    """A request without a body."""


class UserSerializer(serializers.ModelSerializer[User]):
    """An account as its owner and staff see it."""

    email_verified = serializers.BooleanField(read_only=True)
    date_joined = utc_field()

    class Meta:
        model = User
        fields: tuple[str, ...] = (
            "id",
            "email",
            "first_name",
            "last_name",
            "language",
            "email_verified",
            "is_staff",
            "date_joined",
        )
        read_only_fields = fields


class AccountSerializer(UserSerializer):
    """An account as staff see it."""

    customer_groups = GroupCodesField()

    class Meta(UserSerializer.Meta):
        fields = (*UserSerializer.Meta.fields, "is_active", "customer_groups")
        read_only_fields = fields


class SignedInSerializer(TokensSerializer):
    """A pair of tokens, and whose they are."""

    user = UserSerializer()


class ProfileSerializer(BodySerializer):
    """What an owner changes about the account."""

    ignored: tuple[str, ...] = (
        "id", "email", "email_verified", "is_staff", "is_active", "date_joined", "customer_groups",
    )  # fmt: skip

    first_name = PlainTextField(max_length=100, allow_blank=True, required=False)
    last_name = PlainTextField(max_length=100, allow_blank=True, required=False)
    language = LanguageField(required=False)


class CreateAccountSerializer(ProfileSerializer):
    """What staff open an account with; its owner chooses the password."""

    ignored = ("id", "email_verified", "is_staff", "is_active", "date_joined")

    email = AddressField(max_length=254)


class ChangeAccountSerializer(ProfileSerializer):
    """What staff change about somebody's account."""

    ignored: tuple[str, ...] = ("id", "email", "email_verified", "is_staff", "date_joined")

    is_active = serializers.BooleanField(required=False)
    customer_groups = group_codes()


class ChangeRightsSerializer(ChangeAccountSerializer):
    """What a superuser changes: rights too."""

    ignored = ("id", "email", "email_verified", "date_joined")

    is_staff = serializers.BooleanField(required=False)
    is_superuser = serializers.BooleanField(required=False)
    groups = serializers.ListField(child=serializers.CharField(max_length=150), max_length=50, required=False)


class AccountQuery(QuerySerializer):
    """Filters of the list of accounts."""

    q = serializers.CharField(max_length=100, required=False, allow_blank=True)
    is_staff = serializers.BooleanField(required=False, allow_null=True, default=None)
    is_active = serializers.BooleanField(required=False, allow_null=True, default=None)
    customer_group = serializers.CharField(max_length=50, required=False)


class SessionSerializer(serializers.ModelSerializer[Session]):
    """Where somebody is signed in."""

    created_at = utc_field()
    last_seen_at = utc_field()
    current = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = ("id", "device", "address", "created_at", "last_seen_at", "current")
        read_only_fields = fields

    def get_current(self, session: Session) -> bool:
        """Whether the request came from this one."""
        return bool(session.pk == self.context["request"].auth.pk)


class AddressSerializer(serializers.ModelSerializer[Address]):
    """An entry of an address book."""

    class Meta:
        model = Address
        fields = (
            "id", "full_name", "company", "line1", "line2", "city", "region", "postal_code", "country", "phone",
            "is_default",
        )  # fmt: skip
        read_only_fields = fields


class SaveAddressSerializer(PostalAddressSerializer):
    """An entry of an address book as it is sent."""

    ignored = ("id",)

    is_default = serializers.BooleanField(default=False)

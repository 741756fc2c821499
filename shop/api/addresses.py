"""The shape of a postal address in a request, wherever one is asked for."""

from __future__ import annotations

from typing import Any

from django_countries import countries
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from shop.api.serializers import BodySerializer, PlainTextField
from shop.core import postal
from shop.core.errors import ValidationFailed


class CountryField(serializers.CharField):
    """A country by its ISO 3166-1 alpha-2 code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=2, max_length=2, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the code in capitals."""
        code: str = super().to_internal_value(data).upper()
        if code not in countries:
            raise serializers.ValidationError("This is no country code of ISO 3166-1.", code="invalid_choice")
        return code


class PostalAddressSerializer(BodySerializer):
    """
    Where something goes; parts that a country doesn't use may be empty or left out.

    Postal code and telephone number come back in the form of the country. Part of an address isn't checked here:
    whether a code fits can't be said without its country.
    """

    full_name = PlainTextField(max_length=200)
    company = PlainTextField(max_length=200, allow_blank=True, default="")
    line1 = PlainTextField(max_length=200)
    line2 = PlainTextField(max_length=200, allow_blank=True, default="")
    city = PlainTextField(max_length=100)
    region = PlainTextField(max_length=100, allow_blank=True, default="")
    postal_code = PlainTextField(max_length=postal.POSTAL_CODE_LENGTH, allow_blank=True, default="")
    country = CountryField()
    phone = PlainTextField(max_length=30, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """
        Return the address with its postal code and telephone number in the form of its country.

        :raises rest_framework.exceptions.ValidationError: the country has no such code, or the number is none.
        """
        if self.partial:
            return attrs
        try:
            return {**attrs, **postal.normalised(attrs)}
        except ValidationFailed as refusal:
            raise serializers.ValidationError(
                {error.field: [ErrorDetail(error.detail, error.code)] for error in refusal.errors}
            ) from refusal

"""The shape of a postal address in a request, wherever one is asked for."""

from __future__ import annotations

from typing import Any

from django_countries import countries
from rest_framework import serializers

from shop.api.serializers import BodySerializer, PlainTextField


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
    """Where something goes; parts that a country doesn't use may be empty or left out."""

    full_name = PlainTextField(max_length=200)
    company = PlainTextField(max_length=200, allow_blank=True, default="")
    line1 = PlainTextField(max_length=200)
    line2 = PlainTextField(max_length=200, allow_blank=True, default="")
    city = PlainTextField(max_length=100)
    region = PlainTextField(max_length=100, allow_blank=True, default="")
    postal_code = PlainTextField(max_length=20, allow_blank=True, default="")
    country = CountryField()
    phone = PlainTextField(max_length=30, allow_blank=True, default="")

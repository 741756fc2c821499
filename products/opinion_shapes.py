"""Shapes of reviews, wishlists and alerts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from products.answers import product_json
from products.schemas import ProductInList
from shop.api.serializers import (
    BodySerializer,
    CurrencyField,
    PlainTextField,
    QuerySerializer,
    StrictIntegerField,
)


class TextField(serializers.CharField):
    """Text of several lines."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text, trimmed, with one kind of line end."""
        text = super().to_internal_value(data).replace("\r\n", "\n")
        if any(ord(character) < 32 and character not in "\n\t" for character in text):
            raise serializers.ValidationError("Control characters are not allowed.", code="invalid")
        return text


class ReviewBody(BodySerializer):
    """A customer's opinion; ``rating`` is in whole stars."""

    ignored = ("id", "author", "verified", "state", "created_at", "updated_at")

    rating = StrictIntegerField(min_value=1, max_value=5)
    title = PlainTextField(max_length=100, allow_blank=True, required=False)
    text = TextField(max_length=5000, allow_blank=True, required=False)


class AlertBody(BodySerializer):
    """Which variant a customer waits for; a product with one needs no saying."""

    variant = StrictIntegerField(required=False, min_value=1)


class WishlistFilters(QuerySerializer):
    """What a wishlist may be asked with."""

    currency = CurrencyField(required=False)


class ReviewAnswer(serializers.Serializer[Any]):
    """A review; ``state`` is told to its author only."""

    id = serializers.IntegerField()
    rating = serializers.IntegerField()
    title = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    author = serializers.CharField(allow_null=True)
    verified = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class OwnReviewAnswer(ReviewAnswer):
    """One's own review."""

    state = serializers.ChoiceField(choices=("waiting", "published"))


class AlertAnswer(serializers.Serializer[Any]):
    """An alert."""

    product = serializers.IntegerField()
    variant = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class WishAnswer(ProductInList):
    """A product on a wishlist."""

    added_at = serializers.DateTimeField()


def review_json(review: Any) -> dict[str, Any]:
    """Return a review as shoppers see it: of its author the first name, when there is one."""
    return {
        "id": review.pk,
        "rating": review.rating,
        "title": review.title,
        "text": review.text,
        "author": review.user.first_name or None,
        "verified": review.verified,
        "created_at": review.created_at,
        "updated_at": review.updated_at,
    }


def own_review_json(review: Any) -> dict[str, Any]:
    """Return a review as its author sees it."""
    return {**review_json(review), "state": review.state}


def wish_json(product: Any, currency: str) -> dict[str, Any]:
    """Return a product on a wishlist."""
    return {**product_json(product, currency), "added_at": product.added_at}

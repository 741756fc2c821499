"""Shapes of what the catalogue says in each language, as staff write and read it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from shop.api.serializers import BodySerializer, PlainTextField

# A text that has stopped saying something may be sent back with the rest; nobody needs more words than this.
MAX_WORDS = 500


class CategoryTextBody(BodySerializer):
    """A category's texts in a language, whole: what isn't said falls back to the shop's own."""

    ignored = ("language", "own")

    name = PlainTextField(required=False, allow_blank=True, max_length=100)
    description = serializers.CharField(required=False, allow_blank=True, max_length=20_000)


class ProductTextBody(CategoryTextBody):
    """A product's texts in a language, whole; ``options`` translates the words of its options one by one."""

    name = PlainTextField(required=False, allow_blank=True, max_length=200)
    seo_title = PlainTextField(required=False, allow_blank=True, max_length=100)
    seo_description = PlainTextField(required=False, allow_blank=True, max_length=300)
    options = serializers.DictField(child=PlainTextField(allow_blank=True, max_length=100), required=False)

    def validate_options(self, value: dict[str, str]) -> dict[str, str]:
        if len(value) > MAX_WORDS:
            raise serializers.ValidationError(f"Write {MAX_WORDS} words at most.", code="max_length")
        return value


class CategoryTextAnswer(serializers.Serializer[Any]):
    """A category's texts in a language as they are stored; ``own`` are the shop's own, written with the category."""

    language = serializers.CharField()
    own = serializers.BooleanField()
    name = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)


class ProductTextAnswer(CategoryTextAnswer):
    """A product's texts in a language as they are stored; ``own`` are the shop's own, written with the product."""

    seo_title = serializers.CharField(allow_blank=True)
    seo_description = serializers.CharField(allow_blank=True)
    options = serializers.DictField(child=serializers.CharField())


class _AllLanguages(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class CategoryTextList(_AllLanguages):
    """What a category says in each language of the catalogue, on one page."""

    results = CategoryTextAnswer(many=True)


class ProductTextList(_AllLanguages):
    """What a product says in each language of the catalogue, on one page."""

    results = ProductTextAnswer(many=True)


def texts_json(texts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is said in each language as lists are shaped."""
    return {"count": len(texts), "next": None, "previous": None, "results": texts}

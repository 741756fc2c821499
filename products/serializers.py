"""Shapes of the catalogue's bodies, filters and answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from rest_framework import serializers

from products.attributes import folded
from shop.api.serializers import (
    BodySerializer,
    CurrencyField,
    PlainTextField,
    QuerySerializer,
    StrictIntegerField,
)
from shop.core.money import from_text, price_from_text
from shop.core.names import FILTER_NAME

MAX_IDS = 100
MAX_ATTRIBUTES = 100
MAX_COLLECTIONS = 100
ORDERINGS = ("price", "-price", "newest", "name", "rating", "relevance")


class AmountField(serializers.CharField):
    """An amount as the contract writes it, ``19.90``; its currency stands beside it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=24, **kwargs)


class ProductFilters(QuerySerializer):
    """The filters and orderings of the product list."""

    prefixes = ("attr.",)
    reserved = (*QuerySerializer.reserved, "preview")

    category = serializers.CharField(required=False, max_length=120)
    collection = serializers.CharField(required=False, max_length=120)
    brand = serializers.CharField(required=False, max_length=100)
    q = serializers.CharField(required=False, allow_blank=True, max_length=100)
    price_min = AmountField(required=False)
    price_max = AmountField(required=False)
    in_stock = serializers.ChoiceField(required=False, choices=("true", "false"))
    ids = serializers.CharField(required=False, allow_blank=True, max_length=3000)
    currency = CurrencyField(required=False)
    ordering = serializers.ChoiceField(required=False, choices=ORDERINGS)

    def validate_in_stock(self, value: str) -> bool:
        return value == "true"

    def validate_ids(self, value: str) -> list[int]:
        ids = [part.strip() for part in value.split(",") if part.strip()]
        if len(ids) > MAX_IDS or any(not i.isascii() or not i.isdigit() or len(i) > 18 for i in ids):
            raise serializers.ValidationError(f"Write at most {MAX_IDS} ids with commas.", code="invalid")
        return [int(i) for i in ids]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.setdefault("currency", settings.BASE_CURRENCY)
        for name in ("price_min", "price_max"):
            if name in attrs:
                attrs[name] = amount_of(attrs[name], attrs["currency"], name)
        return attrs


class FacetFilters(ProductFilters):
    """The filters of the product list; facets have no order and no pages."""

    reserved = ()
    ordering = None  # type: ignore[assignment]


class DetailFilters(QuerySerializer):
    """What a single product, or the tree of categories, may be asked with."""

    reserved = ("preview",)

    currency = CurrencyField(required=False)


class NewImageBody(BodySerializer):
    """An upload; what is in the file is looked at by the service."""

    image = serializers.FileField(max_length=1000)
    alt = PlainTextField(max_length=200, allow_blank=True, default="")


class ImageBody(BodySerializer):
    """What staff change about a picture; ``cover`` makes it the one that lists show."""

    ignored = ("id", "url", "width", "height", "thumbnails")

    alt = PlainTextField(max_length=200, allow_blank=True, required=False)
    position = StrictIntegerField(min_value=0, max_value=1000, required=False)
    cover = serializers.BooleanField(required=False)


class VariantBody(BodySerializer):
    """A variant as staff send it."""

    ignored = ("id", "available", "backorder", "image", "lowest_price_30_days")

    sku = PlainTextField(max_length=64)
    price = AmountField()
    compare_at_price = AmountField(required=False, allow_null=True)
    currency = CurrencyField(required=False)
    options = serializers.DictField(child=PlainTextField(max_length=100), required=False)
    requires_shipping = serializers.BooleanField(required=False)
    weight_grams = StrictIntegerField(required=False, min_value=0, max_value=10_000_000)
    available_at = serializers.DateField(required=False, allow_null=True)
    # Answers show the picture itself as "image".
    image_id = StrictIntegerField(required=False, allow_null=True, min_value=1)
    tracked = serializers.BooleanField(required=False)
    backorder_limit = StrictIntegerField(required=False, min_value=0, max_value=1_000_000)
    low_stock_threshold = StrictIntegerField(
        required=False, allow_null=True, min_value=0, max_value=1_000_000
    )
    external_id = PlainTextField(required=False, allow_null=True, max_length=100)
    metadata = serializers.DictField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "price" in attrs:
            currency = attrs.setdefault("currency", settings.BASE_CURRENCY)
            attrs["price"] = amount_of(attrs["price"], currency, "price", read=price_from_text)
            compare_at = attrs.pop("compare_at_price", None)
            attrs["compare_at"] = compare_at and amount_of(
                compare_at, currency, "compare_at_price", read=price_from_text
            )
            if attrs["compare_at"] is not None and attrs["compare_at"] <= attrs["price"]:
                raise serializers.ValidationError({"compare_at_price": "This must be higher than the price."})
        elif "compare_at_price" in attrs or "currency" in attrs:
            raise serializers.ValidationError(
                {"price": "Send the price together with its currency and former price."}
            )
        return attrs


class NewVariantBody(VariantBody):
    """A new variant; its opening stock comes with it."""

    on_hand = StrictIntegerField(required=False, min_value=0, max_value=10_000_000)


class CategoryBody(BodySerializer):
    """A category as staff send it; ``parent`` is a slug, or null for the top of the tree."""

    ignored = ("product_count", "children")

    name = PlainTextField(max_length=100)
    slug = serializers.SlugField(required=False, max_length=120)
    description = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    parent = serializers.SlugField(  # type: ignore[assignment]  # The name is the contract's, not the base's.
        required=False, allow_null=True, max_length=120
    )


class CollectionBody(BodySerializer):
    """A collection as staff send it; ``products`` are the ids of all that are in it."""

    ignored = ("product_count",)

    name = PlainTextField(max_length=100)
    slug = serializers.SlugField(required=False, max_length=120)
    products = serializers.ListField(
        child=StrictIntegerField(min_value=1, max_value=2**63 - 1), required=False, max_length=1000
    )


class AttributeField(PlainTextField):
    """A value of an attribute: text, or a number or boolean of JSON."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        # Which of them it takes, the attribute says.
        return super().to_internal_value(str(data).lower() if isinstance(data, bool) else data)


class SlugOrWhole(serializers.SlugField):
    """The slug of a category or a collection, or the whole as answers show it."""

    def to_internal_value(self, data: Any) -> str:
        slug: str = super().to_internal_value(data.get("slug", "") if isinstance(data, dict) else data)
        return slug


class ProductBody(BodySerializer):
    """A product as staff send it; of the variants only a new product takes any."""

    ignored = (
        "id", "price", "compare_at_price", "currency", "in_stock", "rating", "review_count", "image", "images",
        "created_at", "updated_at", "options", "variants", "lowest_price_30_days",
    )  # fmt: skip

    name = PlainTextField(max_length=200)
    slug = serializers.RegexField(r"^(?=.*[a-z])[a-z0-9-]+$", required=False, max_length=220)
    description = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    category = SlugOrWhole(max_length=120)
    brand = PlainTextField(required=False, allow_blank=True, allow_null=True, max_length=100)
    tax_class = serializers.SlugField(required=False, max_length=20)
    minimum_age = StrictIntegerField(required=False, allow_null=True, min_value=1, max_value=99)
    seo_title = PlainTextField(required=False, allow_blank=True, max_length=100)
    seo_description = PlainTextField(required=False, allow_blank=True, max_length=300)
    option_names = serializers.ListField(child=PlainTextField(max_length=50), required=False, max_length=5)
    attributes = serializers.DictField(child=AttributeField(), required=False)
    collections = serializers.ListField(
        child=SlugOrWhole(max_length=120), required=False, max_length=MAX_COLLECTIONS
    )
    published = serializers.BooleanField(required=False)
    published_at = serializers.DateTimeField(required=False, allow_null=True)
    published_until = serializers.DateTimeField(required=False, allow_null=True)
    external_id = PlainTextField(required=False, allow_null=True, max_length=100)
    metadata = serializers.DictField(required=False)

    def validate_brand(self, value: str | None) -> str:
        return value or ""

    def validate_attributes(self, value: dict[str, Any]) -> dict[str, Any]:
        if len(value) > MAX_ATTRIBUTES:
            raise serializers.ValidationError(
                f"A product has {MAX_ATTRIBUTES} attributes at most.", code="max_length"
            )
        if len({folded(name) for name in value}) < len(value):
            raise serializers.ValidationError("Name each attribute once.", code="invalid")
        if not all(FILTER_NAME.fullmatch(name) for name in value):
            raise serializers.ValidationError(
                "Name attributes by letters, digits, spaces, _ and -: they are filters too.", code="invalid"
            )
        return value


class NewProductBody(ProductBody):
    """A new product with its variants."""

    variants = serializers.ListField(child=NewVariantBody(), required=False, max_length=100)


class StockBody(BodySerializer):
    """An adjustment of what is on hand."""

    variant = StrictIntegerField(required=False, min_value=1)
    delta = StrictIntegerField(min_value=-10_000_000, max_value=10_000_000)
    reason = PlainTextField(max_length=200)

    def validate_delta(self, value: int) -> int:
        if value == 0:
            raise serializers.ValidationError("An adjustment changes something.", code="invalid")
        return value


def amount_of(text: str, currency: str, name: str, *, read: Callable[[str, str], int] = from_text) -> int:
    """Return minor units, or refuse the field by name."""
    try:
        return read(text, currency)
    except ValueError as error:
        raise serializers.ValidationError({name: [str(error)]}, code="invalid") from error

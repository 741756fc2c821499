"""The catalogue's answers as the schema shows them; the bodies themselves are plain functions (``serializers``)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.helpers import lazy_serializer
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class Thumbnail(serializers.Serializer[Any]):
    """A smaller picture."""

    url = serializers.URLField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class Picture(serializers.Serializer[Any]):
    """A picture; its address is absolute. ``thumbnails`` go from the narrowest to the widest."""

    url = serializers.URLField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    alt = serializers.CharField(allow_blank=True)
    thumbnails = Thumbnail(many=True)


class GalleryPicture(Picture):
    """A picture in the gallery of a product."""

    id = serializers.IntegerField()


class UploadedPicture(GalleryPicture):
    """A picture as staff see it; the first position is 0."""

    position = serializers.IntegerField()


class CategoryRef(serializers.Serializer[Any]):
    """The category of a product."""

    name = serializers.CharField()
    slug = serializers.CharField()


class CategoryNode(serializers.Serializer[Any]):
    """A category with those below it; ``product_count`` counts its subtree."""

    name = serializers.CharField()
    slug = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    product_count = serializers.IntegerField()
    children = serializers.SerializerMethodField()

    @extend_schema_field(lazy_serializer("products.schemas.CategoryNode")(many=True))
    def get_children(self, node: Any) -> Any:
        """Name the one field that refers to its own class, which a plain field can't."""
        return node["children"]


class CategoryList(serializers.Serializer[Any]):
    """The whole tree, on one page."""

    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CategoryNode(many=True)


class CollectionRef(serializers.Serializer[Any]):
    """A collection that a product is in."""

    name = serializers.CharField()
    slug = serializers.CharField()


class CollectionNode(CollectionRef):
    """A collection; ``product_count`` counts what shoppers find in it."""

    product_count = serializers.IntegerField()


class CollectionList(serializers.Serializer[Any]):
    """All collections by name, on one page."""

    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CollectionNode(many=True)


class ProductInList(serializers.Serializer[Any]):
    """
    A product as lists show it; ``price`` is the lowest of its variants.

    ``lowest_price_30_days`` is set while a former price is: the lowest price of the 30 days before the sale.
    """

    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    category = CategoryRef()
    brand = serializers.CharField(allow_null=True)
    price = serializers.CharField(allow_null=True)
    compare_at_price = serializers.CharField(allow_null=True)
    lowest_price_30_days = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    in_stock = serializers.BooleanField()
    rating = serializers.FloatField(allow_null=True)
    review_count = serializers.IntegerField()
    image = Picture(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class OptionValues(serializers.Serializer[Any]):
    """An option with the values that variants have."""

    name = serializers.CharField()
    values = serializers.ListField(child=serializers.CharField())


class VariantDetail(serializers.Serializer[Any]):
    """A variant; ``available`` is null when nobody counts it."""

    id = serializers.IntegerField()
    sku = serializers.CharField()
    options = serializers.DictField(child=serializers.CharField())
    price = serializers.CharField(allow_null=True)
    compare_at_price = serializers.CharField(allow_null=True)
    lowest_price_30_days = serializers.CharField(allow_null=True)
    available = serializers.IntegerField(allow_null=True)
    backorder = serializers.BooleanField()
    available_at = serializers.DateField(allow_null=True)
    requires_shipping = serializers.BooleanField()
    image = Picture(allow_null=True)


class ProductDetail(ProductInList):
    """A product with everything its page needs."""

    seo_title = serializers.CharField(allow_blank=True)
    seo_description = serializers.CharField(allow_blank=True)
    minimum_age = serializers.IntegerField(allow_null=True)
    options = OptionValues(many=True)
    attributes = serializers.DictField(child=serializers.CharField())
    collections = CollectionRef(many=True)
    images = GalleryPicture(many=True)
    variants = VariantDetail(many=True)


class Movement(serializers.Serializer[Any]):
    """A row of the stock ledger."""

    id = serializers.IntegerField()
    variant = serializers.IntegerField()
    sku = serializers.CharField()
    kind = serializers.ChoiceField(choices=("receipt", "adjustment", "sale", "restock"))
    delta = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True)
    ref = serializers.UUIDField(allow_null=True)
    actor = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()


class Adjusted(serializers.Serializer[Any]):
    """The stock of a variant after an adjustment."""

    variant = serializers.IntegerField()
    sku = serializers.CharField()
    on_hand = serializers.IntegerField()
    reserved = serializers.IntegerField()


class CategoryFacet(serializers.Serializer[Any]):
    """A category with how many products are in it or below it; the top of the tree has depth 1."""

    slug = serializers.CharField()
    name = serializers.CharField()
    depth = serializers.IntegerField()
    count = serializers.IntegerField()


class BrandFacet(serializers.Serializer[Any]):
    """A brand with how many products it has here."""

    name = serializers.CharField()
    count = serializers.IntegerField()


class PriceFacet(serializers.Serializer[Any]):
    """From what to what the products cost; null without products."""

    min = serializers.CharField(allow_null=True)
    max = serializers.CharField(allow_null=True)
    currency = serializers.CharField()


class AvailabilityFacet(serializers.Serializer[Any]):
    """How many can be had, and how many can't."""

    in_stock = serializers.IntegerField()
    out_of_stock = serializers.IntegerField()


class ValueFacet(serializers.Serializer[Any]):
    """A value with how many products have it."""

    value = serializers.CharField()
    count = serializers.IntegerField()


class AttributeFacet(serializers.Serializer[Any]):
    """An attribute with its values: numbers ascending, choices as the shop orders them, texts the commonest first."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=("text", "number", "boolean", "choice"))
    unit = serializers.CharField(allow_blank=True)
    values = ValueFacet(many=True)


class FacetList(serializers.Serializer[Any]):
    """
    What a list can be narrowed by.

    Each facet is counted with all filters but its own, and names the 100 commonest brands and values.
    """

    count = serializers.IntegerField()
    complete = serializers.BooleanField()
    category = CategoryFacet(many=True)
    brand = BrandFacet(many=True)
    price = PriceFacet()
    availability = AvailabilityFacet()
    attributes = AttributeFacet(many=True)

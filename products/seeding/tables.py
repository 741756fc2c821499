"""Which rows a good is in the database: those that the services would have written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from products import models
from products.attributes import folded
from products.seeding.goods import Good, Kind
from products.services.options import key_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Model

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the goods stand on: keys of rows that are there already, by their numbers and names."""

    categories: Sequence[int]
    brands: Sequence[int]
    attributes: Mapping[str, int]
    currency: str
    now: datetime


# A good with the key of its product, and each of its kinds with the key of its variant.
Placed = tuple[int, Good, Sequence[tuple[int, Kind]]]


def _product(pk: int, good: Good, variants: Sequence[tuple[int, Kind]], ground: Ground) -> Rows:
    names = list(good.kinds[0].options)
    there = any(kind.on_hand for kind in good.kinds)
    published = good.created_at if good.published else None
    return [
        (
            pk, good.name, slug_of(pk), good.description, ground.categories[good.category], ground.brands[good.brand],
            "standard", json.dumps(names), json.dumps(good.attributes), "[]", there, good.rating, good.review_count,
            published, "", "", "{}", 1, good.created_at, good.created_at,
        )
    ]  # fmt: skip


def _slug(pk: int, good: Good, variants: Sequence[tuple[int, Kind]], ground: Ground) -> Rows:
    return [(slug_of(pk), pk)]


def _attributes(pk: int, good: Good, variants: Sequence[tuple[int, Kind]], ground: Ground) -> Rows:
    return [(pk, ground.attributes[name], folded(value), value) for name, value in good.attributes.items()]


def _lowest(pk: int, good: Good, variants: Sequence[tuple[int, Kind]], ground: Ground) -> Rows:
    cheapest = min(good.kinds, key=lambda kind: (kind.price, -(kind.compare_at or 0)))
    return [(pk, ground.currency, cheapest.price, cheapest.compare_at, cheapest.compare_at)]


def _variants(pk: int, good: Good, variants: Sequence[tuple[int, Kind]], ground: Ground) -> Rows:
    return [
        (own, pk, f"SEED-{own}", json.dumps(kind.options), key_of(kind.options), place, True, 500, "{}")
        for place, (own, kind) in enumerate(variants)
    ]


def _stock(pk: int, good: Good, variants: Sequence[tuple[int, Kind]], ground: Ground) -> Rows:
    return [(own, True, kind.on_hand, 0, 0) for own, kind in variants]


def _movements(pk: int, good: Good, variants: Sequence[tuple[int, Kind]], ground: Ground) -> Rows:
    reason = ("receipt", "opening stock")
    return [(own, reason[0], kind.on_hand, reason[1], ground.now) for own, kind in variants if kind.on_hand]


def _prices(pk: int, good: Good, variants: Sequence[tuple[int, Kind]], ground: Ground) -> Rows:
    return [(own, ground.currency, kind.price, kind.compare_at, kind.compare_at) for own, kind in variants]


def _price_history(pk: int, good: Good, variants: Sequence[tuple[int, Kind]], ground: Ground) -> Rows:
    # What is on sale cost its former price until now.
    began = [(own, ground.currency, kind.compare_at or kind.price, good.created_at) for own, kind in variants]
    cut = [(own, ground.currency, kind.price, ground.now) for own, kind in variants if kind.compare_at]
    return began + cut


@dataclass(frozen=True)
class Table:
    """A table's columns, and the function that makes its rows of a good."""

    model: type[Model]
    columns: str
    rows: Callable[[int, Good, Sequence[tuple[int, Kind]], Ground], Rows]


# In the order that foreign keys ask for.
TABLES = (
    Table(
        models.Product,
        "id name slug description category_id brand_id tax_class option_names attributes image_sources in_stock rating "
        "review_count published_at seo_title seo_description metadata version created_at updated_at",
        _product,
    ),
    Table(models.ProductSlug, "slug product_id", _slug),
    Table(models.ProductAttribute, "product_id attribute_id key value", _attributes),
    Table(models.ProductPrice, "product_id currency lowest compare_at lowest_before", _lowest),
    Table(
        models.Variant,
        "id product_id sku options option_key position requires_shipping weight_grams metadata",
        _variants,
    ),
    Table(models.StockItem, "variant_id tracked on_hand reserved backorder_limit", _stock),
    Table(models.StockMovement, "variant_id kind delta reason created_at", _movements),
    Table(models.Price, "variant_id currency amount compare_at lowest_before", _prices),
    Table(models.PriceChange, "variant_id currency amount at", _price_history),
)


def slug_of(pk: int) -> str:
    """Return the slug of a made-up product, which no other product has."""
    return f"seed-{pk}"

"""Shapes of the catalogue's answers: plain functions, because a list has many of them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone

from products import selectors
from products.selectors.offers import picture_json, thumbnails_json
from shop.core.money import to_text


def product_json(product: Any, currency: str) -> dict[str, Any]:
    """Return a product as lists show it; ``price`` and ``compare_at_price`` are annotations in minor units."""
    said = selectors.texts_of(product)
    return {
        "id": product.pk,
        "name": said.name,
        "slug": product.slug,
        "description": said.description,
        "category": {"name": selectors.category_name_of(product), "slug": product.category.slug},
        "brand": product.brand.name if product.brand else None,
        "price": _money(product.price, currency),
        "compare_at_price": _money(product.compare_at_price, currency),
        "lowest_price_30_days": _money(product.lowest_before, currency),
        "currency": currency,
        "in_stock": product.in_stock,
        "rating": None if product.rating is None else product.rating / 100,
        "review_count": product.review_count,
        "image": picture_json(product.cover) if product.cover else None,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    }


def detail_json(product: Any, currency: str) -> dict[str, Any]:
    """Return a product with everything its page needs."""
    said = selectors.texts_of(product)
    return {
        **product_json(product, currency),
        **selectors.seo_of(product),
        "minimum_age": product.minimum_age,
        "options": _options(product, said),
        "attributes": product.attributes,
        "collections": product.shelves,
        "images": [_gallery_json(picture) for picture in product.gallery],
        "variants": [variant_json(variant, currency, said) for variant in product.offers],
    }


def detail_for_staff(product_id: int) -> dict[str, Any]:
    """Return a product, published or not, in the shop's own currency."""
    currency = settings.BASE_CURRENCY
    product = selectors.product_by_ref(str(product_id), currency=currency, now=timezone.now(), hidden=True)
    return detail_json(product, currency)


def variant_json(variant: Any, currency: str, said: selectors.ProductTexts) -> dict[str, Any]:
    """Return a variant; ``price`` and ``compare_at_price`` are annotations in minor units."""
    stock = variant.stock
    return {
        "id": variant.pk,
        "sku": variant.sku,
        "options": said.options(variant.options),
        "price": _money(variant.price, currency),
        "compare_at_price": _money(variant.compare_at_price, currency),
        "lowest_price_30_days": _money(variant.lowest_before, currency),
        "available": max(0, stock.on_hand - stock.reserved) if stock.tracked else None,
        "backorder": stock.tracked and stock.backorder_limit > 0,
        "available_at": variant.available_at,
        "requires_shipping": variant.requires_shipping,
        "image": picture_json(variant.image) if variant.image else None,
    }


def movement_json(movement: Any) -> dict[str, Any]:
    """Return one row of the stock ledger."""
    return {
        "id": movement.pk,
        "variant": movement.variant_id,
        "sku": movement.variant.sku,
        "kind": movement.kind,
        "delta": movement.delta,
        "reason": movement.reason,
        "ref": movement.ref,
        "actor": movement.actor_id,
        "created_at": movement.created_at,
    }


def category_tree_json(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tree from its flat rows in tree order."""
    roots: list[dict[str, Any]] = []
    path: list[dict[str, Any]] = []
    for row in rows:
        node = {
            **selectors.category_texts_of(row),
            "slug": row["slug"],
            "product_count": row["product_count"],
            "children": [],
        }
        del path[row["depth"] - 1 :]
        (path[-1]["children"] if path else roots).append(node)
        path.append(node)
    return roots


def collection_json(collection: Any) -> dict[str, Any]:
    """Return a collection; ``product_count`` is an annotation."""
    return {
        "name": collection.name,
        "slug": collection.slug,
        "product_count": collection.product_count,
    }


def facets_json(facets: Any, currency: str) -> dict[str, Any]:
    """Return what a list can be narrowed by."""
    return {
        "count": facets.count,
        "complete": facets.complete,
        "category": facets.category,
        "brand": facets.brand,
        "price": {
            "min": _money(facets.price["min"], currency),
            "max": _money(facets.price["max"], currency),
            "currency": currency,
        },
        "availability": facets.availability,
        "attributes": facets.attributes,
    }


def image_json(image: Any) -> dict[str, Any]:
    """Return a picture as staff see it."""
    return {"id": image.pk, **picture_json(image), "position": image.position}


def _gallery_json(picture: dict[str, Any]) -> dict[str, Any]:
    url, smaller = selectors.image_url(picture["url"]), thumbnails_json(picture["thumbnails"])
    return {**picture, "url": url, "thumbnails": smaller}


def _options(product: Any, said: selectors.ProductTexts) -> list[dict[str, Any]]:
    names = product.option_names or list(dict.fromkeys(name for v in product.offers for name in v.options))
    return [
        {
            "name": said.word(name),
            "values": list(
                dict.fromkeys(said.word(v.options[name]) for v in product.offers if name in v.options)
            ),
        }
        for name in names
    ]


def _money(minor: int | None, currency: str) -> str | None:
    return None if minor is None else to_text(minor, currency)

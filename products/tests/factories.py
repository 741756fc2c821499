"""A catalogue for tests, of this app and of others: written through the services, as staff would."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from products import services
from products.models import Category, Product, ProductImage, Variant

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def category(name: str = "Lamps", **values: Any) -> Category:
    """Return the category of this name, made when it is missing."""
    return Category.objects.filter(name=name).first() or services.create_category(name=name, **values)


def variant_data(**values: Any) -> services.VariantData:
    """Return a new variant at 19.90 EUR with ten on hand, unless said otherwise."""
    usual: dict[str, Any] = {"sku": f"SKU-{next(_numbers)}", "price": 1990, "currency": "EUR", "on_hand": 10}
    return services.VariantData(**usual | values)


def product(*variants: services.VariantData, now: datetime = NOW, **values: Any) -> Product:
    """Return a published product with these variants, which differ at least by model, or with one."""
    if len(variants) > 1:
        variants = tuple(replace(one, options=one.options or {"Model": one.sku}) for one in variants)
    values = {"name": f"Lamp {next(_numbers)}"} | values
    if "category" not in values:
        values["category"] = category().slug
    data = services.ProductData(**values, variants=variants or (variant_data(),))
    return services.create_product(data=data, now=now)


def variant(now: datetime = NOW, **values: Any) -> Variant:
    """Return the one variant of a new product."""
    return product(variant_data(**values), now=now).variants.get()


def image(product: Product, file: str = "a.webp", *, alt: str = "") -> ProductImage:
    """Return a picture of a product; nothing is stored under its name."""
    stored = services.StoredImage(file=file, width=8, height=6, alt=alt)
    return services.add_image(product_id=product.pk, image=stored, now=NOW)

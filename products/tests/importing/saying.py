"""What files say, and saving it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from products.importing.records import ProductRecord, VariantRecord
from products.importing.saving import Saved, save_products
from products.tests.factories import NOW

LATER = NOW + timedelta(days=1)


def variant(line: int = 2, **values: Any) -> VariantRecord:
    return VariantRecord(line=line, **values)


def record(handle: str = "oak-lamp", *variants: VariantRecord, **values: Any) -> ProductRecord:
    """Return a product as a new one needs it, with one variant at 19.90 unless some are given."""
    usual: dict[str, Any] = {"line": 2, "name": "Oak lamp", "category": ("Lamps",)}
    usual["variants"] = variants or (variant(sku=f"{handle}-1", price=1990, on_hand=5),)
    return ProductRecord(handle=handle, **usual | values)


def change(handle: str = "oak-lamp", *variants: VariantRecord, line: int = 2, **values: Any) -> ProductRecord:
    """Return what a file says that names nothing but these."""
    return ProductRecord(handle=handle, line=line, variants=variants, **values)


def save(*records: ProductRecord, dry_run: bool = False, now: Any = NOW) -> Saved:
    return save_products(records, actor_id=None, now=now, dry_run=dry_run)


def sized(line: int, size: str, **values: Any) -> VariantRecord:
    return variant(line, options={"Size": size}, **{"price": 1990, "on_hand": 5} | values)


EVERYTHING = record(
    "oak-lamp",
    sized(2, "S", sku="OAK-S", price=1990, compare_at=2990, on_hand=3, weight_grams=900, external_id="v1"),
    sized(3, "M", sku="OAK-M", price=2490, on_hand=-2, backorder_limit=5, available_at=date(2026, 4, 1)),
    sized(4, "L", tracked=False, on_hand=None, requires_shipping=False, low_stock_threshold=2),
    description='<p>Solid <b>oak</b>.</p><script>alert("x")</script>',
    category=("Rooms", "Living", "Lamps"),
    brand="Fern & Oak",
    tax_class="reduced",
    minimum_age=18,
    published_at=NOW - timedelta(days=3),
    published_until=NOW + timedelta(days=30),
    option_names=("Size",),
    attributes={"Material": "Oak", "Wattage": "9.50"},
    collections=("Sale", "Summer"),
    seo_title="Lamp",
    seo_description="A lamp of oak",
    external_id="p1",
    image_sources=(("https://example.com/a.jpg", "A lamp"),),
)

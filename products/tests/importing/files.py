"""Importing small files, and what came of them."""

from __future__ import annotations

import io
from typing import Any

from products.importing.run import Report, run_import
from products.models import Product
from products.tests.factories import NOW


def run(content: bytes | str, **values: Any) -> Report:
    """Import a file."""
    content = content.encode() if isinstance(content, str) else content
    usual: dict[str, Any] = {"actor_id": None, "now": NOW}
    return run_import(io.BytesIO(content), **usual | values)


def said(report: Report) -> list[str]:
    """Return the errors as people read them."""
    return [f"{error.line} {error.column}: {error.reason}" for error in report.errors]


def one(handle: str) -> dict[str, Any]:
    """Return what there is of a product; amounts are minor units."""
    found = Product.objects.get(slug=handle)
    return {
        "name": found.name,
        "category": found.category.name,
        "options": found.option_names,
        "attributes": found.attributes,
        "variants": [
            (v.sku, v.options, *v.prices.values_list("amount", "compare_at").get(),
             v.stock.tracked, v.stock.on_hand, v.stock.backorder_limit)
            for v in found.variants.select_related("stock").order_by("position", "pk")
        ],
        "images": [(image["url"], image["alt"]) for image in found.image_sources],
    }  # fmt: skip

"""What the demo sells, read from the files in ``goods``."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.text import slugify

from products.services import AttributeData, ProductData, VariantData

if TYPE_CHECKING:
    from datetime import datetime

_GOODS = Path(__file__).parent / "goods"


def products() -> list[dict[str, Any]]:
    """Return every product; those of the categories take turns, so that the newest are a mixed bunch."""
    shelves = [_read(path) for path in sorted((_GOODS / "products").glob("*.json"))]
    longest = max(map(len, shelves))
    return [shelf[index] for index in range(longest) for shelf in shelves if index < len(shelf)]


def categories() -> list[dict[str, Any]]:
    """Return the top of the tree; ``children`` hold the rest."""
    found: list[dict[str, Any]] = _read(_GOODS / "categories.json")
    return found


def selling() -> dict[str, list[dict[str, Any]]]:
    """Return tax rates, shipping methods and coupons."""
    found: dict[str, list[dict[str, Any]]] = _read(_GOODS / "selling.json")
    return found


def collections() -> list[dict[str, Any]]:
    """Return hand-picked groups, each with the names of its products."""
    found: list[dict[str, Any]] = _read(_GOODS / "collections.json")
    return found


def attributes() -> list[AttributeData]:
    """Return what isn't just a text that products are filtered by, in the order that filters are shown."""
    found = _read(_GOODS / "attributes.json")
    return [AttributeData(**attribute, position=place) for place, attribute in enumerate(found)]


def picture_path(product: dict[str, Any]) -> str:
    """Return where the picture of a product is stored."""
    return f"demo/{slugify(product['name'])}.webp"


def product_data(product: dict[str, Any], *, now: datetime) -> ProductData:
    """Return what the catalogue needs to know; what a variant leaves out it has from its product."""
    given = product.get("variants", [{}])
    return ProductData(
        **{
            name: product[name]
            for name in ("name", "category", "brand", "description", "tax_class", "attributes")
        },
        option_names=list(given[0].get("options", {})),
        variants=[
            _variant(
                {**product, **own},
                sku="-".join(filter(None, (product["sku"], own.get("sku")))),
                position=position,
                now=now,
            )
            for position, own in enumerate(given)
        ],
    )


def _variant(both: dict[str, Any], *, sku: str, position: int, now: datetime) -> VariantData:
    late = both.get("available_in_days")
    tracked = both.get("tracked", True)
    return VariantData(
        sku=sku,
        price=both["price"],
        currency=settings.BASE_CURRENCY,
        compare_at=both.get("compare_at"),
        options=both.get("options", {}),
        position=position,
        requires_shipping=both.get("requires_shipping", True),
        weight_grams=both["weight_grams"],
        available_at=(now + timedelta(days=late)).date() if late else None,
        tracked=tracked,
        on_hand=both["stock"] if tracked else 0,
        backorder_limit=both.get("backorder_limit", 0),
    )


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))

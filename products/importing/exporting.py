"""The catalogue as a file of the shop's own format: importing it again changes nothing."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Exists, F, FilteredRelation, OuterRef, Prefetch, Q

from products.importing.cells import joined
from products.importing.shop_csv import ATTRIBUTE, COLUMNS, OPTIONS
from products.models import Attribute, Collection, Product, ProductAttribute, Variant
from products.selectors.named import Tree
from shop.core.cells import cell, csv_text, guarded
from shop.core.money import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH = 500


def products_to_export() -> int:
    """Return how many products an export has; one statement."""
    return Product.objects.filter(archived_at=None).count()


def export_products(
    write: Callable[[str], object], *, on_progress: Callable[[int], object] = lambda done: None
) -> None:
    """
    Write every product that isn't archived as CSV (RFC 4180), by slug; memory is that of some hundred products.

    Prices are those in the base currency. Read in batches, so a change made meanwhile is in it or not.

    :param write: takes text whose lines end as the format says, with CR and LF.
    :param on_progress: called with how many products have been written.
    """
    done = 0
    for text, products in _pieces():
        write(text)
        if products:
            done += products
            on_progress(done)


def export_lines() -> Iterator[str]:
    """Yield the file that ``export_products`` writes, some hundred products at a time."""
    for text, _ in _pieces():
        yield text


def _pieces() -> Iterator[tuple[str, int]]:
    names = _attribute_names()
    yield csv_text([[*COLUMNS, *(f"{ATTRIBUTE}{name}" for name in names)]]), 0
    tree = Tree()
    for batch in _batches():
        yield csv_text([row for product in batch for row in _rows(product, tree, names)]), len(batch)


def _attribute_names() -> list[str]:
    """Return those that some product has, in an order that is the same in another shop."""
    used = ProductAttribute.objects.filter(attribute=OuterRef("pk"), product__archived_at=None)
    rows = Attribute.objects.filter(Exists(used)).values_list("key", "name")
    return [name for _, name in sorted(rows)]


def _batches() -> Iterator[list[Product]]:
    """Yield the products by slug, each batch in four statements."""
    priced = Variant.objects.annotate(
        base=FilteredRelation("prices", condition=Q(prices__currency=settings.BASE_CURRENCY)),
        price=F("base__amount"),
        compare_at=F("base__compare_at"),
    )
    variants = priced.filter(archived_at=None).select_related("stock").order_by("position", "pk")
    rows = (
        Product.objects.filter(archived_at=None)
        .select_related("brand")
        .prefetch_related(
            Prefetch("variants", variants, to_attr="exported"),
            Prefetch("collections", Collection.objects.order_by("name", "pk")),
        )
        .order_by("slug")
    )
    last = ""
    while batch := list(rows.filter(slug__gt=last)[:BATCH]):
        yield batch
        last = batch[-1].slug


def _rows(product: Any, tree: Tree, names: list[str]) -> Iterator[list[str]]:
    about = _product_cells(product, tree)
    attributes = [guarded(product.attributes.get(name, "")) for name in names]
    for number, variant in enumerate(product.exported or [None]):
        # What is said of the product stands in its first row.
        first = about if number == 0 else {"handle": about["handle"]}
        cells = {**first, **({} if variant is None else _variant_cells(product, variant))}
        values = (cells.get(column, "") for column in COLUMNS)
        yield [*map(cell, values), *(attributes if number == 0 else [""] * len(names))]


def _product_cells(product: Any, tree: Tree) -> dict[str, Any]:
    pictures = product.image_sources
    return {
        "handle": product.slug,
        "name": product.name,
        "description": product.description,
        "category": joined(tree.names_of(product.category_id), " > "),
        "brand": product.brand.name if product.brand else "",
        "tax_class": product.tax_class,
        "minimum_age": product.minimum_age,
        "published": product.published_at is not None,
        "published_at": product.published_at,
        "published_until": product.published_until,
        "seo_title": product.seo_title,
        "seo_description": product.seo_description,
        "collections": joined([collection.name for collection in product.collections.all()], "|"),
        "external_id": product.external_id,
        "image_sources": joined([picture["url"] for picture in pictures], "|"),
        "image_alts": joined([picture["alt"] for picture in pictures], "|"),
    }


def _variant_cells(product: Product, variant: Any) -> dict[str, Any]:
    currency, stock = settings.BASE_CURRENCY, variant.stock
    cells: dict[str, Any] = {}
    for number, name in zip_longest(range(1, OPTIONS + 1), product.option_names[:OPTIONS]):
        cells[f"option{number}_name"] = name
        cells[f"option{number}_value"] = variant.options.get(name)
    return cells | {
        "sku": variant.sku,
        "price": None if variant.price is None else to_text(variant.price, currency),
        "compare_at_price": None if variant.compare_at is None else to_text(variant.compare_at, currency),
        "currency": currency,
        "on_hand": stock.on_hand if stock.tracked else None,
        "tracked": stock.tracked,
        "backorder_limit": stock.backorder_limit,
        "low_stock_threshold": stock.low_stock_threshold,
        "weight_grams": variant.weight_grams,
        "requires_shipping": variant.requires_shipping,
        "available_at": variant.available_at,
        "variant_external_id": variant.external_id,
    }

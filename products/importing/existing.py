"""What the shop has of the products in a batch, read in as many statements for one as for hundreds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from products.importing.handles import made_sku
from products.models import Brand, Collection, Price, Product, ProductPrice, ProductSlug, StockItem, Variant
from products.selectors.named import Named, Tree, attributes_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from products.importing.records import ProductRecord
    from products.models import Attribute


class Owner(NamedTuple):
    """The variant that has a SKU."""

    variant_id: int
    product_id: int
    slug: str
    archived: bool


@dataclass(kw_only=True)
class Existing:
    """What there is, by what files name it by; variants and prices are those of variants that aren't archived."""

    slugs: dict[str, int]
    stock: dict[int, StockItem]
    products: dict[int, Product]
    variants: dict[int, list[Variant]] = field(default_factory=lambda: defaultdict(list))
    prices: dict[int, dict[str, Price]] = field(default_factory=lambda: defaultdict(dict))
    lowest: dict[int, dict[str, ProductPrice]] = field(default_factory=lambda: defaultdict(dict))
    skus: dict[str, Owner]
    product_refs: dict[str, int]
    variant_refs: dict[str, int]
    brands: Named
    collections: Named
    memberships: dict[int, set[int]]
    attributes: dict[str, Attribute]
    tree: Tree | None


def read_existing(records: Sequence[ProductRecord], *, lock: bool) -> Existing:
    """
    Return what there is.

    Locks, if asked to, in the order in which checkouts do: stock by variant, then the products, then the variants.
    """
    handles = {record.handle for record in records}
    slugs = dict(ProductSlug.objects.filter(slug__in=handles).values_list("slug", "product_id"))
    ids = set(slugs.values())
    stock, products, variants = _rows(ids, lock=lock)
    memberships = _memberships(
        [slugs[r.handle] for r in records if r.collections is not None and r.handle in slugs]
    )
    known = Existing(
        slugs=slugs,
        stock=stock,
        products=products,
        skus=_owners(records),
        product_refs=_product_refs(records),
        variant_refs=_variant_refs(records),
        brands=_brands(records, products.values()),
        collections=Named(
            Collection,
            (name for record in records for name in record.collections or ()),
            ids=set().union(*memberships.values()),
        ),
        memberships=memberships,
        attributes=_attributes(records, products.values()),
        tree=Tree() if any(record.category for record in records) else None,
    )
    for variant in sorted(variants, key=lambda row: (row.position, row.pk)):
        known.variants[variant.product_id].append(variant)
    _read_prices(known, ids)
    return known


def _rows(ids: set[int], *, lock: bool) -> tuple[dict[int, StockItem], dict[int, Product], list[Variant]]:
    stock = StockItem.objects.filter(variant__product__in=ids, variant__archived_at=None).order_by("pk")
    products = Product.objects.filter(pk__in=ids).order_by("pk")
    variants = Variant.objects.filter(product__in=ids, archived_at=None).order_by("pk")
    if lock:
        stock = stock.select_for_update(of=("self",))
        products = products.select_for_update(no_key=True)
        variants = variants.select_for_update(no_key=True)
    return {row.pk: row for row in stock}, {row.pk: row for row in products}, list(variants)


def _owners(records: Sequence[ProductRecord]) -> dict[str, Owner]:
    skus = {v.sku or made_sku(r.handle, v.options) for r in records for v in r.variants}
    rows = Variant.objects.filter(sku__in=skus).values_list(
        "sku", "pk", "product_id", "product__slug", "archived_at"
    )
    return {
        sku: Owner(pk, product_id, slug, archived_at is not None)
        for sku, pk, product_id, slug, archived_at in rows
    }


def _product_refs(records: Sequence[ProductRecord]) -> dict[str, int]:
    refs = {record.external_id for record in records if record.external_id}
    rows = Product.objects.filter(external_id__in=refs).values_list("external_id", "pk")
    return {ref: pk for ref, pk in rows if ref}


def _variant_refs(records: Sequence[ProductRecord]) -> dict[str, int]:
    refs = {variant.external_id for record in records for variant in record.variants if variant.external_id}
    rows = Variant.objects.filter(external_id__in=refs).values_list("external_id", "pk")
    return {ref: pk for ref, pk in rows if ref}


def _brands(records: Sequence[ProductRecord], products: Iterable[Product]) -> Named:
    said = {record.brand for record in records if record.brand}
    present = {product.brand_id for product in products if product.brand_id} if said else set()
    return Named(Brand, said, ids=present)


def _attributes(records: Sequence[ProductRecord], products: Iterable[Product]) -> dict[str, Attribute]:
    said = {name for record in records for name in record.attributes or ()}
    if not said:
        return {}
    return attributes_named({*said, *(name for product in products for name in product.attributes)})


def _read_prices(known: Existing, ids: set[int]) -> None:
    prices = Price.objects.filter(variant__product__in=ids, variant__archived_at=None)
    for price in prices.order_by("pk"):
        known.prices[price.variant_id][price.currency] = price
    for lowest in ProductPrice.objects.filter(product__in=ids):
        known.lowest[lowest.product_id][lowest.currency] = lowest


def _memberships(product_ids: list[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    rows = Collection.products.through.objects.filter(product__in=product_ids)
    for product_id, collection_id in rows.values_list("product_id", "collection_id"):
        found[product_id].add(collection_id)
    return found

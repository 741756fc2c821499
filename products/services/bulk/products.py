"""Many products at once, with everything that belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat

from products.attributes import folded
from products.models import Collection, Product, ProductAttribute, ProductSlug, Variant
from products.services.bulk.prices import write_prices
from products.services.bulk.rows import update
from products.services.bulk.stock import REASON, sells, write_stock
from products.services.changes import catalogue_changed
from shop.audit import services as audit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from products.services.bulk.wanted import WantedProduct


@transaction.atomic
def write_products(wanted: Sequence[WantedProduct], *, actor_id: UUID | None, now: datetime) -> None:
    """
    Write what changes of these products, in a constant number of statements.

    The caller holds their stock, the products and their variants locked, in this order, and has compared them since.
    Emits: what a change of stock does.

    :raises django.db.IntegrityError: somebody took a name meanwhile that a new one has; nothing is written.
    """
    # In one order, whatever the file's: two files that make the same products wait for each other in a row.
    new = sorted((one for one in wanted if one.new), key=lambda one: one.product.slug)
    stored = sorted((one for one in wanted if not one.new), key=lambda one: one.product.pk)
    _write_rows(new, stored, now=now)
    _write_variants((*new, *stored))
    _write_attributes([one for one in (*new, *stored) if one.attributes is not None])
    _write_collections((*new, *stored))
    write_prices((*new, *stored), now=now)
    write_stock((*new, *stored), actor_id=actor_id, now=now)
    _write_down(new, "products.created", actor_id=actor_id, now=now)
    _write_down([one for one in stored if one.edited], "products.updated", actor_id=actor_id, now=now)
    if edited := [one.product.pk for one in (*new, *stored) if one.edited]:
        catalogue_changed(edited)


def _write_rows(new: Sequence[WantedProduct], stored: Sequence[WantedProduct], *, now: datetime) -> None:
    for one in new:
        one.product.in_stock = any(sells(variant) for variant in one.variants)
    Product.objects.bulk_create(one.product for one in new)
    ProductSlug.objects.bulk_create(ProductSlug(slug=one.product.slug, product=one.product) for one in new)
    edited = [one for one in stored if one.edited]
    for one in edited:
        one.product.updated_at = now
    _update(Product, [(one.product, one.columns | {"updated_at"}) for one in edited])


def _write_variants(wanted: Iterable[WantedProduct]) -> None:
    variants = [one for product in wanted for one in product.variants]
    changed = [one for one in variants if not one.new and one.columns]
    if moved := [one.variant.pk for one in changed if "option_key" in one.columns]:
        # First out of the way: two variants may change places, and no two may ever have the same options.
        out_of_the_way = Concat(Value("#"), Cast(F("pk"), CharField()))
        Variant.objects.filter(pk__in=moved).update(option_key=out_of_the_way)
    changed.sort(key=lambda one: one.variant.pk)
    _update(Variant, [(one.variant, one.columns) for one in changed])
    made = sorted((one.variant for one in variants if one.new), key=lambda variant: variant.sku)
    Variant.objects.bulk_create(made)


def _write_attributes(wanted: Sequence[WantedProduct]) -> None:
    if stored := [one.product.pk for one in wanted if not one.new]:
        ProductAttribute.objects.filter(product__in=stored).delete()
    ProductAttribute.objects.bulk_create(
        ProductAttribute(product=one.product, attribute=attribute, key=folded(value), value=value)
        for one in wanted
        for attribute, value in one.attributes or ()
    )


def _write_collections(wanted: Sequence[WantedProduct]) -> None:
    through = Collection.products.through
    if left := [(one.product.pk, pk) for one in wanted for pk in sorted(one.collections_left)]:
        rows = through.objects.filter(product__in={product for product, _ in left}).in_bulk()
        gone = [pk for pk, row in rows.items() if (row.product_id, row.collection_id) in set(left)]
        through.objects.filter(pk__in=gone).delete()
    through.objects.bulk_create(
        (
            through(product_id=one.product.pk, collection_id=pk)
            for one in wanted
            for pk in sorted(one.collections_added)
        ),
        ignore_conflicts=True,
    )


def _write_down(
    wanted: Sequence[WantedProduct], action: str, *, actor_id: UUID | None, now: datetime
) -> None:
    if wanted:
        targets = [one.product for one in wanted]
        audit.record_each(actor_id=actor_id, action=action, targets=targets, now=now, by=REASON)


def _update(model: type[Product | Variant], rows: Sequence[tuple[Any, set[str]]]) -> None:
    """Write the columns that any of the rows changes."""
    if rows:
        update(model, [row for row, _ in rows], set().union(*(columns for _, columns in rows)))

"""Every way staff change collections: hand-picked groups of products beside the one category that each has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import IntegrityError, transaction

from products.models import Collection, Product
from products.services.changes import catalogue_changed, few_enough
from products.services.naming import free_slug, taken
from shop.audit import services as audit
from shop.core.errors import FieldError, NotFound, ValidationFailed, does_not_exist

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID


@transaction.atomic
def create_collection(
    *, name: str, slug: str = "", products: Sequence[int] = (), actor_id: UUID | None, now: datetime
) -> Collection:
    """
    Add a collection.

    Locks: the products in the order of their ids.

    :param products: ids of what is in it.
    :raises ValidationFailed: the slug is taken, or a product doesn't exist; nothing is written.
    """
    _lock_products(products)
    try:
        with transaction.atomic():
            made = Collection.objects.create(name=name, slug=slug or free_slug(Collection, name))
    except IntegrityError:
        raise taken("slug") from None
    made.products.set(products)
    audit.record(actor_id=actor_id, action="products.collection_created", target=made, now=now)
    catalogue_changed(products)
    return made


@transaction.atomic
def update_collection(*, ref: str, actor_id: UUID | None, now: datetime, **changes: Any) -> Collection:
    """
    Change a collection.

    Locks: the products that come and go in the order of their ids, then the collection.

    :param ref: its present slug.
    :param changes: any of ``name``, ``slug``, and ``products``: the ids of all that are in it from now on. A new
        name reaches search at once for 1,000 products, and for more with the next ``index_products --all``.
    :raises NotFound: there is none of this slug.
    :raises ValidationFailed: the new slug is taken, or a product doesn't exist; nothing is written.
    """
    touched = _few_in(ref) if "name" in changes else set()
    if "products" in changes:
        touched |= set(changes["products"]) ^ _products_in(ref)
    # Products first, as where a product is put into collections: in the opposite order two edits could wait for
    # each other.
    _lock_products(touched)
    collection = _locked(ref)
    plain = [name for name in ("name", "slug") if name in changes]
    for name in plain:
        setattr(collection, name, changes[name])
    try:
        with transaction.atomic():
            collection.save(update_fields=plain)
    except IntegrityError:
        raise taken("slug") from None
    if "products" in changes:
        collection.products.set(changes["products"])
    audit.record(
        actor_id=actor_id,
        action="products.collection_updated",
        target=collection,
        now=now,
        fields=sorted(changes),
    )
    catalogue_changed(touched)
    return collection


@transaction.atomic
def change_members(
    *,
    collection_id: int,
    add: Iterable[int] = (),
    remove: Iterable[int] = (),
    actor_id: UUID | None,
    now: datetime,
) -> None:
    """
    Put products into a collection and take others out; the rest of it stays as it is.

    Locks: the products in the order of their ids, then the collection.

    :raises NotFound: there is no such collection.
    :raises ValidationFailed: a product doesn't exist; nothing is written.
    """
    come, go = set(add), set(remove)
    _lock_products(come | go)
    collection = Collection.objects.select_for_update().filter(pk=collection_id).first()
    if collection is None:
        raise NotFound
    collection.products.remove(*go)
    collection.products.add(*come)
    audit.record(
        actor_id=actor_id,
        action="products.collection_updated",
        target=collection,
        now=now,
        fields=["products"],
    )
    catalogue_changed(come | go)


@transaction.atomic
def delete_collection(*, slug: str, actor_id: UUID | None, now: datetime) -> None:
    """
    Remove a collection; its products stay.

    Locks: the products as for a change, then the collection.

    :raises NotFound: there is none of this slug.
    """
    left = _few_in(slug)
    _lock_products(left)
    collection = _locked(slug)
    audit.record(actor_id=actor_id, action="products.collection_deleted", target=collection, now=now)
    collection.delete()
    catalogue_changed(left)


def set_collections(product: Product, slugs: Iterable[str]) -> None:
    """
    Put a product into these collections and no others, in the caller's transaction.

    The caller has locked the product, and indexes it. Locks: the collections in the order of their ids, so that none
    is deleted meanwhile.

    :raises ValidationFailed: one doesn't exist; nothing is written.
    """
    wanted = set(slugs)
    found = list(Collection.objects.select_for_update(no_key=True).filter(slug__in=wanted).order_by("pk"))
    if missing := sorted(wanted - {collection.slug for collection in found}):
        detail = f"There is no collection {missing[0]}."
        raise ValidationFailed(FieldError("collections", "does_not_exist", detail))
    cast("Any", product).collections.set(found)


def _locked(slug: str) -> Collection:
    found = Collection.objects.select_for_update().filter(slug=slug).first()
    if found is None:
        raise NotFound
    return found


def _products_in(slug: str) -> set[int]:
    return set(Product.objects.filter(collections__slug=slug).values_list("pk", flat=True))


def _few_in(slug: str) -> set[int]:
    """Return the products of a collection, or none where they are too many to be indexed at once."""
    return set(few_enough(Product.objects.filter(collections__slug=slug)) or ())


def _lock_products(ids: Iterable[int]) -> None:
    wanted = set(ids)
    rows = Product.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    if len(rows.values_list("pk", flat=True)) < len(wanted):
        raise does_not_exist("products")

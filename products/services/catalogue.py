"""Every way staff change the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import IntegrityError, transaction

from products.html import safe_html
from products.models import (
    Brand,
    Category,
    Product,
    ProductSlug,
)
from products.selectors.texts import seo_of
from products.services.attributes import hold_attributes, set_attributes
from products.services.changes import catalogue_changed
from products.services.collections import set_collections
from products.services.naming import RESERVED, free_slug, taken, taken_in
from products.services.options import require_names
from products.services.variants import VariantData, write_variant
from shop.audit import services as audit
from shop.core.errors import FieldError, ValidationFailed, does_not_exist
from shop.core.transactions import check_references

if TYPE_CHECKING:
    from datetime import datetime

# What staff may set on a product and on a variant as they are: plain data without rules.
PRODUCT_FIELDS = (
    "name",
    "description",
    "tax_class",
    "minimum_age",
    "option_names",
    "seo_title",
    "seo_description",
    "external_id",
    "metadata",
)


@dataclass(frozen=True, kw_only=True)
class ProductData:
    """
    A new product.

    ``category`` and ``collections`` are slugs; ``brand`` a name in any case, made when it is new, empty for none. A
    published one is shown from ``published_at`` on, at once when that is None, and until ``published_until``.
    """

    name: str
    category: str
    slug: str = ""
    brand: str = ""
    description: str = ""
    tax_class: str = "standard"
    minimum_age: int | None = None
    option_names: Sequence[str] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)
    collections: Sequence[str] = ()
    published: bool = True
    published_at: datetime | None = None
    published_until: datetime | None = None
    seo_title: str = ""
    seo_description: str = ""
    external_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    variants: Sequence[VariantData] = ()


@transaction.atomic
def create_product(*, data: ProductData, now: datetime, actor_id: UUID | None = None) -> Product:
    """
    Add a product with its variants, their prices and their opening stock.

    :raises ValidationFailed: the category doesn't exist, it is hidden before it is shown, the slug, the external id
        or a SKU is taken, or two variants have the same options; nothing is written.
    """
    slug = data.slug or free_slug(ProductSlug, data.name)
    if slug in RESERVED:
        raise taken("slug")
    category, brand = _category(data.category), _brand(data.brand)
    published_at = (data.published_at or now) if data.published else None
    _require_window(published_at, data.published_until)
    try:
        with transaction.atomic():
            product = Product.objects.create(
                slug=slug,
                category=category,
                brand=brand,
                published_at=published_at,
                published_until=data.published_until,
                created_at=now,
                updated_at=now,
                **{name: _kept(name, getattr(data, name)) for name in PRODUCT_FIELDS},
            )
            ProductSlug.objects.create(slug=slug, product=product)
            check_references()
    except IntegrityError as error:
        raise taken_in(error, "slug", "external_id", references=("category", "brand")) from None
    if data.attributes:
        set_attributes(product, data.attributes)
        product.save(update_fields=["attributes"])
    if data.collections:
        set_collections(product, data.collections)
    for variant in data.variants:
        write_variant(product.pk, variant, actor_id=actor_id, now=now)
    audit.record(actor_id=actor_id, action="products.created", target=product, now=now)
    catalogue_changed([product.pk])
    product.refresh_from_db()
    return product


@transaction.atomic
def update_product(*, product_id: int, actor_id: UUID | None, now: datetime, **changes: Any) -> Product:
    """
    Change a product; a new slug leaves the old one answering.

    Locks: the attributes that it gets values of, so that nobody redefines them; then the product.

    :param changes: any of ``PRODUCT_FIELDS``, and ``slug``, ``category`` (slug), ``brand`` (name), ``published``,
        ``published_at``, ``published_until``, ``attributes`` (all of them) and ``collections`` (slugs, all of them).
    :raises ValidationFailed: the category doesn't exist, the slug or the external id is taken, a value is none of
        its attribute's kind, an option is left out that variants have, or it would be hidden before it is shown;
        nothing is written.
    """
    # Before the product, as who changes an attribute goes on with its products.
    hold_attributes(changes.get("attributes", ()))
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    _apply(product, changes, now=now)
    product.updated_at = now
    try:
        with transaction.atomic():
            if "slug" in changes and changes["slug"] != product.slug:
                product.slug = changes["slug"]
                _keep_slug(product)
            product.save()
            check_references()
    except IntegrityError as error:
        raise taken_in(error, "slug", "external_id", references=("category", "brand")) from None
    audit.record(
        actor_id=actor_id, action="products.updated", target=product, now=now, fields=sorted(changes)
    )
    catalogue_changed([product_id])
    return product


@transaction.atomic
def archive_product(*, product_id: int, actor_id: UUID | None, now: datetime) -> None:
    """Take a product out of the shop; orders that name it keep it. A second time does nothing."""
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    if product.archived_at is None:
        product.archived_at = now
        product.updated_at = now
        product.save(update_fields=["archived_at", "updated_at"])
        audit.record(actor_id=actor_id, action="products.archived", target=product, now=now)
        catalogue_changed([product_id])


def _apply(product: Product, changes: Mapping[str, Any], *, now: datetime) -> None:
    if "category" in changes:
        product.category = _category(changes["category"])
    if "brand" in changes:
        product.brand = _brand(changes["brand"])
    _publish(product, changes, now=now)
    if "option_names" in changes:
        require_names(product, changes["option_names"])
    if "attributes" in changes:
        set_attributes(product, changes["attributes"])
    if "collections" in changes:
        set_collections(product, changes["collections"])
    # What a read showed in the place of an empty text is none of its own: sent back, it stays empty.
    shown = seo_of(product)
    for name in PRODUCT_FIELDS:
        if name in changes and not (name in shown and changes[name] == shown[name]):
            setattr(product, name, _kept(name, changes[name]))


def _publish(product: Product, changes: Mapping[str, Any], *, now: datetime) -> None:
    if "published_until" in changes:
        product.published_until = changes["published_until"]
    if "published_at" in changes:
        product.published_at = changes["published_at"]
    if "published" in changes:
        product.published_at = (product.published_at or now) if changes["published"] else None
    _require_window(product.published_at, product.published_until)


def _require_window(published_at: datetime | None, published_until: datetime | None) -> None:
    if published_at is not None and published_until is not None and published_until <= published_at:
        detail = "It would be hidden before it is shown."
        raise ValidationFailed(FieldError("published_until", "invalid", detail))


def _kept(name: str, value: Any) -> Any:
    return safe_html(value) if name == "description" else value


def _keep_slug(product: Product) -> None:
    owner = ProductSlug.objects.filter(slug=product.slug).values_list("product_id", flat=True).first()
    if product.slug in RESERVED or (owner is not None and owner != product.pk):
        raise taken("slug")
    ProductSlug.objects.get_or_create(slug=product.slug, defaults={"product": product})


def _category(slug: str) -> Category:
    found: Category | None = Category.objects.filter(slug=slug).first()
    if found is None:
        raise does_not_exist("category")
    return found


def _brand(name: str) -> Brand | None:
    if not name:
        return None
    known = Brand.objects.filter(name__iexact=name)
    if (found := known.first()) is not None:
        return found
    try:
        with transaction.atomic():
            return Brand.objects.create(name=name)
    except IntegrityError:
        # Another request made it a moment ago.
        return known.get()

"""Every way staff change the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import IntegrityError, transaction

from products.models import (
    Brand,
    Category,
    Price,
    Product,
    ProductImage,
    ProductSlug,
    StockItem,
    Variant,
)
from products.services.attributes import set_attributes
from products.services.availability import refresh_in_stock, refresh_lowest_prices
from products.services.naming import free_slug, taken, taken_in
from products.services.stock import adjust_stock
from shop.audit import services as audit
from shop.core.errors import FieldError, ValidationFailed, does_not_exist

if TYPE_CHECKING:
    from datetime import date, datetime

# What staff may set on a product and on a variant as they are: plain data without rules.
PRODUCT_FIELDS = ("name", "description", "tax_class", "option_names", "external_id", "metadata")
VARIANT_FIELDS = (
    "sku",
    "options",
    "position",
    "requires_shipping",
    "weight_grams",
    "available_at",
    "image_id",
    "external_id",
    "metadata",
)


@dataclass(frozen=True, kw_only=True)
class VariantData:
    """A new variant; ``price`` and ``compare_at`` are minor units of ``currency``."""

    sku: str
    price: int
    currency: str
    compare_at: int | None = None
    options: dict[str, str] = field(default_factory=dict)
    position: int = 0
    requires_shipping: bool = True
    weight_grams: int = 0
    available_at: date | None = None
    image_id: int | None = None
    tracked: bool = True
    on_hand: int = 0
    backorder_limit: int = 0
    low_stock_threshold: int | None = None
    external_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ProductData:
    """
    A new product.

    ``category`` is the slug of its category; ``brand`` a name in any case, made when it is new, empty for none.
    """

    name: str
    category: str
    slug: str = ""
    brand: str = ""
    description: str = ""
    tax_class: str = "standard"
    option_names: Sequence[str] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)
    published: bool = True
    external_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    variants: Sequence[VariantData] = ()


@transaction.atomic
def create_product(*, data: ProductData, now: datetime, actor_id: UUID | None = None) -> Product:
    """
    Add a product with its variants, their prices and their opening stock.

    :raises ValidationFailed: the category doesn't exist, or the slug, the external id or a SKU is taken; nothing is
        written.
    """
    slug = data.slug or free_slug(ProductSlug, data.name)
    category, brand = _category(data.category), _brand(data.brand)
    try:
        with transaction.atomic():
            product = Product.objects.create(
                slug=slug,
                category=category,
                brand=brand,
                published_at=now if data.published else None,
                created_at=now,
                updated_at=now,
                **{name: getattr(data, name) for name in PRODUCT_FIELDS},
            )
            ProductSlug.objects.create(slug=slug, product=product)
    except IntegrityError as error:
        raise taken_in(error, "slug", "external_id") from None
    if data.attributes:
        set_attributes(product, data.attributes)
        product.save(update_fields=["attributes"])
    for variant in data.variants:
        add_variant(product_id=product.pk, variant=variant, actor_id=actor_id, now=now)
    audit.record(actor_id=actor_id, action="products.created", target=product, now=now)
    product.refresh_from_db()
    return product


@transaction.atomic
def update_product(*, product_id: int, actor_id: UUID | None, now: datetime, **changes: Any) -> Product:
    """
    Change a product; a new slug leaves the old one answering.

    :param changes: any of ``PRODUCT_FIELDS``, and ``slug``, ``category`` (slug), ``brand`` (name), ``published``
        and ``attributes`` (all of them).
    :raises ValidationFailed: the category doesn't exist, the slug or the external id is taken, or a value is none of
        its attribute's kind; nothing is written.
    """
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    _apply(product, changes, now=now)
    product.updated_at = now
    try:
        with transaction.atomic():
            if "slug" in changes and changes["slug"] != product.slug:
                product.slug = changes["slug"]
                _keep_slug(product)
            product.save()
    except IntegrityError as error:
        raise taken_in(error, "slug", "external_id") from None
    audit.record(
        actor_id=actor_id, action="products.updated", target=product, now=now, fields=sorted(changes)
    )
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


@transaction.atomic
def add_variant(*, product_id: int, variant: VariantData, actor_id: UUID | None, now: datetime) -> Variant:
    """
    Add a variant with its price and opening stock.

    :raises ValidationFailed: the SKU or the external id is taken, or the picture isn't the product's; nothing is
        written.
    """
    values = {name: getattr(variant, name) for name in VARIANT_FIELDS}
    _require_picture(variant.image_id, product_id)
    try:
        with transaction.atomic():
            made = Variant.objects.create(product_id=product_id, **values)
    except IntegrityError as error:
        raise taken_in(error, "sku", "external_id") from None
    StockItem.objects.create(
        variant=made,
        tracked=variant.tracked,
        backorder_limit=variant.backorder_limit,
        low_stock_threshold=variant.low_stock_threshold,
    )
    Price.objects.create(
        variant=made, currency=variant.currency, amount=variant.price, compare_at=variant.compare_at
    )
    refresh_lowest_prices(product_id)
    if variant.tracked and variant.on_hand:
        adjust_stock(
            variant_id=made.pk, delta=variant.on_hand, reason="opening stock", actor_id=actor_id, now=now
        )
    else:
        refresh_in_stock([product_id])
    return made


@transaction.atomic
def update_variant(*, variant_id: int, actor_id: UUID | None, now: datetime, **changes: Any) -> Variant:
    """
    Change a variant.

    :param changes: any of ``VARIANT_FIELDS``, ``tracked``, ``backorder_limit``, ``low_stock_threshold``, and
        ``price`` with ``currency`` and ``compare_at`` (minor units) together.
    :raises ValidationFailed: the SKU or the external id is taken, the picture isn't the product's, or the
        backorder limit is below what is sold already; nothing is written.
    """
    variant = Variant.objects.select_for_update(no_key=True).get(pk=variant_id)
    _require_picture(changes.get("image_id"), variant.product_id)
    for name in VARIANT_FIELDS:
        if name in changes:
            setattr(variant, name, changes[name])
    try:
        with transaction.atomic():
            variant.save()
    except IntegrityError as error:
        raise taken_in(error, "sku", "external_id") from None
    if "price" in changes:
        set_price(
            variant_id=variant_id,
            amount=changes["price"],
            currency=changes["currency"],
            compare_at=changes.get("compare_at"),
        )
    policy = ("tracked", "backorder_limit", "low_stock_threshold")
    stock: dict[str, Any] = {name: changes[name] for name in policy if name in changes}
    if stock:
        _set_stock_policy(variant, stock)
    audit.record(
        actor_id=actor_id, action="products.variant_updated", target=variant, now=now, fields=sorted(changes)
    )
    return variant


@transaction.atomic
def archive_variant(*, variant_id: int, actor_id: UUID | None, now: datetime) -> None:
    """Take a variant out of the shop; orders that name it keep it. A second time does nothing."""
    variant = Variant.objects.select_for_update(no_key=True).get(pk=variant_id)
    if variant.archived_at is None:
        variant.archived_at = now
        variant.save(update_fields=["archived_at"])
        refresh_lowest_prices(variant.product_id)
        refresh_in_stock([variant.product_id])
        audit.record(actor_id=actor_id, action="products.variant_archived", target=variant, now=now)


@transaction.atomic
def set_price(*, variant_id: int, amount: int, currency: str, compare_at: int | None = None) -> None:
    """Set what a variant costs in a currency, in minor units; ``compare_at`` must be higher."""
    Price.objects.update_or_create(
        variant_id=variant_id, currency=currency, defaults={"amount": amount, "compare_at": compare_at}
    )
    refresh_lowest_prices(Variant.objects.values_list("product_id", flat=True).get(pk=variant_id))


def _apply(product: Product, changes: Mapping[str, Any], *, now: datetime) -> None:
    if "category" in changes:
        product.category = _category(changes["category"])
    if "brand" in changes:
        product.brand = _brand(changes["brand"])
    if "published" in changes:
        product.published_at = (product.published_at or now) if changes["published"] else None
    if "attributes" in changes:
        set_attributes(product, changes["attributes"])
    for name in PRODUCT_FIELDS:
        if name in changes:
            setattr(product, name, changes[name])


def _set_stock_policy(variant: Variant, policy: dict[str, Any]) -> None:
    try:
        with transaction.atomic():
            StockItem.objects.filter(pk=variant.pk).update(**policy)
    except IntegrityError:
        # The database's own check: more is sold or held than the new limit allows.
        detail = "More than that is sold or held already."
        raise ValidationFailed(FieldError("backorder_limit", "invalid", detail)) from None
    refresh_in_stock([variant.product_id])


def _require_picture(image_id: int | None, product_id: int) -> None:
    if image_id is not None and not ProductImage.objects.filter(pk=image_id, product=product_id).exists():
        raise does_not_exist("image_id")


def _keep_slug(product: Product) -> None:
    owner = ProductSlug.objects.filter(slug=product.slug).values_list("product_id", flat=True).first()
    if owner is not None and owner != product.pk:
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

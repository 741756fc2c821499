"""Every way staff change what a product is bought as."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from products.models import Product, ProductImage, StockItem, Variant
from products.services.availability import refresh_in_stock, refresh_lowest_prices
from products.services.changes import catalogue_changed
from products.services.naming import taken_in
from products.services.options import combination_taken, for_variant, key_of
from products.services.prices import write_price
from products.services.stock import adjust_stock, lock_stock
from products.services.stock_news import tell
from shop.audit import services as audit
from shop.core.errors import FieldError, ValidationFailed, does_not_exist

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

# What staff may set on a variant as it is: plain data without rules.
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
# What staff may set on its stock, beside adjustments.
POLICY_FIELDS = ("tracked", "backorder_limit", "low_stock_threshold")


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


@transaction.atomic
def add_variant(*, product_id: int, variant: VariantData, actor_id: UUID | None, now: datetime) -> Variant:
    """
    Add a variant with its price and opening stock.

    Locks: the product.

    :raises ValidationFailed: the SKU or the external id is taken, the options aren't the product's or another
        variant has them, or the picture isn't the product's; nothing is written.
    """
    made = write_variant(product_id, variant, actor_id=actor_id, now=now)
    catalogue_changed([product_id])
    return made


def write_variant(product_id: int, variant: VariantData, *, actor_id: UUID | None, now: datetime) -> Variant:
    """Do what ``add_variant`` does in the caller's transaction, who says once that the catalogue has changed."""
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    values = {name: getattr(variant, name) for name in VARIANT_FIELDS}
    _require_picture(variant.image_id, product_id)
    values["options"] = for_variant(product, variant.options)
    made = Variant(product=product, option_key=key_of(variant.options), **values)
    _save(made)
    product.save(update_fields=["option_names"])
    StockItem.objects.create(
        variant=made,
        tracked=variant.tracked,
        backorder_limit=variant.backorder_limit,
        low_stock_threshold=variant.low_stock_threshold,
    )
    write_price(
        made.pk, amount=variant.price, currency=variant.currency, compare_at=variant.compare_at, now=now
    )
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

    Locks: its stock where that changes, then the product, then the variant.

    :param changes: any of ``VARIANT_FIELDS``, ``tracked``, ``backorder_limit``, ``low_stock_threshold``, and
        ``price`` with ``currency`` and ``compare_at`` (minor units) together.
    :raises ValidationFailed: the SKU or the external id is taken, the options aren't the product's or another
        variant has them, the picture isn't the product's, or the backorder limit is below what is sold
        already; nothing is written.
    """
    product_id = Variant.objects.values_list("product_id", flat=True).get(pk=variant_id)
    # First, because a checkout locks stock before products too.
    if policy := {name: changes[name] for name in POLICY_FIELDS if name in changes}:
        _set_stock_policy(variant_id, policy, now=now)
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    variant = Variant.objects.select_for_update(no_key=True).get(pk=variant_id)
    _require_picture(changes.get("image_id"), product_id)
    for name in VARIANT_FIELDS:
        if name in changes:
            setattr(variant, name, changes[name])
    if "options" in changes:
        variant.options = for_variant(product, changes["options"], variant_id=variant_id)
        variant.option_key = key_of(variant.options)
        product.save(update_fields=["option_names"])
    _save(variant)
    if "price" in changes:
        write_price(
            variant_id,
            amount=changes["price"],
            currency=changes["currency"],
            compare_at=changes.get("compare_at"),
            now=now,
        )
    audit.record(
        actor_id=actor_id, action="products.variant_updated", target=variant, now=now, fields=sorted(changes)
    )
    catalogue_changed([product_id])
    return variant


@transaction.atomic
def archive_variant(*, variant_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Take a variant out of the shop; orders that name it keep it. A second time does nothing.

    Locks: the product, then the variant.
    """
    product_id = Variant.objects.values_list("product_id", flat=True).get(pk=variant_id)
    Product.objects.select_for_update(no_key=True).get(pk=product_id)
    variant = Variant.objects.select_for_update(no_key=True).get(pk=variant_id)
    if variant.archived_at is None:
        variant.archived_at = now
        variant.save(update_fields=["archived_at"])
        refresh_lowest_prices(product_id)
        refresh_in_stock([product_id])
        audit.record(actor_id=actor_id, action="products.variant_archived", target=variant, now=now)
        catalogue_changed([product_id])


def _save(variant: Variant) -> None:
    try:
        with transaction.atomic():
            variant.save()
    except IntegrityError as error:
        if "once_a_combination" in str(error) or "option_key" in str(error):
            raise combination_taken() from None
        raise taken_in(error, "sku", "external_id") from None


def _set_stock_policy(variant_id: int, policy: dict[str, Any], *, now: datetime) -> None:
    before = lock_stock([variant_id])
    after = copy(before[variant_id])
    for name, value in policy.items():
        setattr(after, name, value)
    try:
        with transaction.atomic():
            after.save(update_fields=policy)
    except IntegrityError:
        # The database's own check: more is sold or held than the new limit allows.
        detail = "More than that is sold or held already."
        raise ValidationFailed(FieldError("backorder_limit", "invalid", detail)) from None
    tell(before, {variant_id: after}, now=now)


def _require_picture(image_id: int | None, product_id: int) -> None:
    if image_id is not None and not ProductImage.objects.filter(pk=image_id, product=product_id).exists():
        raise does_not_exist("image_id")

"""Every way staff change the list of brands; a product that names a new one adds it too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from products.errors import BrandInUse
from products.models import Brand, Product
from products.services.changes import catalogue_changed, few_enough
from products.services.naming import taken
from shop.audit import services as audit
from shop.core.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@transaction.atomic
def create_brand(*, name: str, actor_id: UUID | None, now: datetime) -> Brand:
    """
    Add a brand.

    :raises ValidationFailed: the name is empty, or there is a brand of this name in any case; nothing is written.
    """
    try:
        with transaction.atomic():
            brand = Brand.objects.create(name=_said(name))
    except IntegrityError:
        raise taken("name") from None
    audit.record(actor_id=actor_id, action="products.brand_created", target=brand, now=now)
    return brand


@transaction.atomic
def rename_brand(*, brand_id: int, name: str, actor_id: UUID | None, now: datetime) -> bool:
    """
    Give a brand another name; return whether search knows it at once, which it does of 1,000 products.

    Locks: the brand, then its products in the order of their ids.

    :raises ValidationFailed: the name is empty, or another brand has it in any case; nothing is written.
    """
    brand = Brand.objects.select_for_update(no_key=True).get(pk=brand_id)
    former, brand.name = brand.name, _said(name)
    try:
        with transaction.atomic():
            brand.save(update_fields=["name"])
    except IntegrityError:
        raise taken("name") from None
    ids = few_enough(Product.objects.filter(brand=brand))
    audit.record(actor_id=actor_id, action="products.brand_renamed", target=brand, now=now, former=former)
    catalogue_changed(ids or ())
    return ids is not None


@transaction.atomic
def delete_brand(*, brand_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Remove a brand that no product has, archived ones included.

    :raises BrandInUse: a product has it; nothing is written.
    """
    brand = Brand.objects.select_for_update().get(pk=brand_id)
    audit.record(actor_id=actor_id, action="products.brand_deleted", target=brand, now=now, name=brand.name)
    try:
        brand.delete()
    except ProtectedError:
        raise BrandInUse from None
    catalogue_changed()


def _said(name: str) -> str:
    plain = " ".join(name.split())
    if not plain:
        raise ValidationFailed(FieldError("name", "required", "A brand has a name."))
    return plain

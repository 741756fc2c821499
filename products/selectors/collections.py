"""Hand-picked groups of products as shoppers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, OuterRef
from django.db.models.functions import Coalesce

from products.models import Collection, Product
from shop.core.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


def collections_on_show(*, now: datetime) -> list[Collection]:
    """Return every collection by name, each with ``product_count``, what shoppers find in it; one statement."""
    return list(_counted(now).order_by("name", "pk"))


def collection_by_slug(slug: str, *, now: datetime) -> Collection:
    """
    Return one collection with ``product_count``; one statement.

    :raises NotFound: there is none of this slug.
    """
    found = _counted(now).filter(slug=slug).first()
    if found is None:
        raise NotFound
    return found


def _counted(now: datetime) -> QuerySet[Collection]:
    shown = (
        Product.objects.visible(now=now)
        .filter(collections=OuterRef("pk"))
        .order_by()
        .values("collections")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return Collection.objects.annotate(product_count=Coalesce(shown, 0))

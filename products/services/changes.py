"""What every edit of the catalogue ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from products import search
from products.models import CatalogueState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from products.models import Product

# A name that more products than this have reaches search with the next ``index_products --all``.
INDEXED_AT_ONCE = 1000


def catalogue_changed(product_ids: Iterable[int] = ()) -> None:
    """
    Index these products anew, and let go of what caches hold once the caller's transaction has committed.

    After the commit, because a row that every edit locks would put edits in a queue, and in opposite orders into a
    deadlock. A process that dies in between leaves caches old for as long as they keep anything, which is short.
    """
    search.index(product_ids)
    transaction.on_commit(_raise_version, robust=True)


def few_enough(products: QuerySet[Product]) -> list[int] | None:
    """Return the ids of products that are indexed at once because they name something; None where they are too many."""
    ids = list(products.order_by("pk").values_list("pk", flat=True)[: INDEXED_AT_ONCE + 1])
    return ids if len(ids) <= INDEXED_AT_ONCE else None


def _raise_version() -> None:
    if not CatalogueState.objects.filter(pk=1).update(version=F("version") + 1):
        CatalogueState.objects.bulk_create([CatalogueState(pk=1, version=1)], ignore_conflicts=True)

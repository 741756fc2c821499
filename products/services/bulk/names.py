"""What the products of a file refer to and the shop doesn't have yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from products.attributes import folded
from products.models import Brand, Collection
from products.selectors.named import Named, Tree
from products.services.attributes import hold_attributes
from products.services.categories import create_category
from products.services.collections import create_collection
from shop.core.transactions import lock_by_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from products.importing.records import ProductRecord


@transaction.atomic
def make_missing(records: Sequence[ProductRecord], *, actor_id: UUID | None, now: datetime) -> None:
    """
    Make the categories, brands, collections and attributes that these products name and the shop lacks.

    Locks: these names, where categories or collections are missing: of two files that name the same one, one makes
    it. The attributes keep what they are until the caller's transaction ends.

    :raises ValidationFailed: somebody has made a category of the same name this moment; nothing is written.
    """
    paths = {tuple(record.category) for record in records if record.category}
    names = {name for record in records for name in record.collections or ()}
    if _lacks(paths, names):
        lock_by_name("products.names")
        _make_categories(paths)
        for name in sorted(names):
            if Named(Collection, [name]).find(name) is None:
                create_collection(name=name, actor_id=actor_id, now=now)
    _make_brands({record.brand for record in records if record.brand})
    hold_attributes(
        {name for record in records for name, value in (record.attributes or {}).items() if value}
    )


def _lacks(paths: Iterable[Sequence[str]], names: Iterable[str]) -> bool:
    tree, known = Tree(), Named(Collection, names)
    return any(tree.find(path) is None for path in paths) or any(known.find(name) is None for name in names)


def _make_categories(paths: Iterable[tuple[str, ...]]) -> None:
    # Read under the lock: who held it has made theirs.
    tree = Tree()
    for path in sorted(paths):
        for depth in range(1, len(path) + 1):
            if tree.find(path[:depth]) is None:
                above = tree.find(path[: depth - 1])
                made = create_category(
                    name=path[depth - 1], parent=None if above is None else tree.slug_of(above)
                )
                tree.add(made.pk, path[:depth], made.slug)


def _make_brands(names: set[str]) -> None:
    known = Named(Brand, names)
    # One spelling of each; in order, so that two files never wait for each other.
    missing = {folded(name): name for name in sorted(names, reverse=True) if known.find(name) is None}
    Brand.objects.bulk_create(
        (Brand(name=" ".join(name.split())) for _, name in sorted(missing.items())), ignore_conflicts=True
    )

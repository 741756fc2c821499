"""The names that products of a file refer to: categories, brands, collections and attributes, in any case."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.functions import Lower

from products.attributes import folded
from products.models import Attribute, Category
from shop.core.transactions import held

if TYPE_CHECKING:
    from collections.abc import Collection as Container
    from collections.abc import Iterable, Sequence

    from products.models import Brand, Collection


class Tree:
    """All categories, found by the names that lead to them; of two that are named alike, the first."""

    def __init__(self) -> None:
        self._names: dict[int, tuple[str, ...]] = {}
        self._slugs: dict[int, str] = {}
        self._found: dict[tuple[str, ...], int] = {}
        by_path: dict[str, tuple[str, ...]] = {}
        rows = Category.objects.order_by("path").values_list("pk", "path", "name", "slug")
        for pk, path, name, slug in rows:
            names = (*by_path.get(path[: -Category.steplen], ()), name)
            by_path[path] = names
            self.add(pk, names, slug)

    def add(self, category_id: int, names: tuple[str, ...], slug: str) -> None:
        """Take in a category."""
        self._names[category_id] = names
        self._slugs[category_id] = slug
        self._found.setdefault(_keys(names), category_id)

    def find(self, names: Sequence[str], *, present: int | None = None) -> int | None:
        """Return the category that these names lead to, ``present`` where that is one of them; None for none."""
        if present is not None and _keys(self._names.get(present, ())) == _keys(names):
            return present
        return self._found.get(_keys(names))

    def names_of(self, category_id: int) -> tuple[str, ...]:
        """Return the names that lead to a category, from the top of the tree."""
        return self._names.get(category_id, ())

    def slug_of(self, category_id: int) -> str:
        """Return a category's slug."""
        return self._slugs[category_id]


class Named:
    """Rows of a table with names, found in any case; of two that are named alike, the oldest."""

    def __init__(
        self, model: type[Brand | Collection], names: Iterable[str], *, ids: Container[int] = ()
    ) -> None:
        self._found: dict[str, list[int]] = defaultdict(list)
        said = set(names)
        if not (said or ids):
            return
        # SQLite lowers ASCII only, Python all letters: whichever the database does, it finds its own.
        lowered = {name.lower() for name in said} | {_ascii_lowered(name) for name in said}
        rows = model.objects.annotate(lowered=Lower("name")).filter(
            Q(pk__in=ids) | Q(name__in=said) | Q(lowered__in=lowered)
        )
        for pk, name in rows.order_by("pk").values_list("pk", "name"):
            self._found[folded(name)].append(pk)

    def find(self, name: str, *, present: Container[int | None] = frozenset()) -> int | None:
        """Return the row of this name, one of ``present`` if there are several; None for none."""
        found = self._found.get(folded(name), [])
        return next((pk for pk in found if pk in present), found[0] if found else None)


def attributes_named(names: Iterable[str], *, hold: bool = False) -> dict[str, Attribute]:
    """
    Return the attributes of these names by key; one statement, none for no names.

    :param hold: until the transaction ends nobody gives them another name or kind.
    """
    keys = {folded(name) for name in names}
    if not keys:
        return {}
    rows = Attribute.objects.filter(key__in=keys).order_by("key")
    return {row.key: row for row in (held(rows) if hold else rows)}


def _keys(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(folded(name) for name in names)


def _ascii_lowered(text: str) -> str:
    return "".join(character.lower() if character.isascii() else character for character in text)

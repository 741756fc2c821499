"""What a list can be narrowed by, and how much would be left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from math import inf
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from django.db.models import TextField

from products import search
from products.attributes import folded
from products.memory import MANY, Remembered
from products.models import Attribute, Category
from products.selectors import counting
from products.selectors.browse import listed
from products.selectors.counting import COLUMNS, KINDS, Counts, counts_of
from products.selectors.texts import with_category_texts
from shop.core.sql import Among

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

_PREFIX = "attr."

T = TypeVar("T")
# Its key, how it is shown, and how many products have it.
_Value: TypeAlias = tuple[str, str, int]


@dataclass(frozen=True, kw_only=True)
class Facets:
    """
    How many products of a list there are of each kind; prices are minor units.

    Each facet is counted with all filters but its own, so it shows what another choice would give, and names the
    ``counting.MOST`` commonest brands and values. ``complete`` is false where one of them
    doesn't count all that match: of a list the 10,000 newest are counted, of a search those that it finds, 1,000 at
    most.
    """

    count: int
    complete: bool
    category: list[dict[str, Any]]
    brand: list[dict[str, Any]]
    price: dict[str, int | None]
    availability: dict[str, int]
    attributes: list[dict[str, Any]]


def facets_of(
    *,
    filters: dict[str, Any],
    currency: str,
    now: datetime,
    language: str = "",
    version: int | None = None,
) -> Facets:
    """
    Return the facets of a list: three statements.

    One more for each facet that is filtered by; where words find nothing one more, and another where they were slips. A
    facet that is filtered by is remembered for all lists that differ in that filter alone.

    :param filters: as for ``list_products``.
    :param language: in which categories are named.
    :param version: the catalogue's, which costs a statement where it must be read to remember something.
    """
    counted = _Counted(filters=filters, currency=currency, now=now, language=language, version=version)
    facets: dict[str, Any] = {
        "category": counted.facet("category", partial(_categories, language=language), "category"),
        "brand": counted.facet("brand", _brands, "brand"),
        "price": counted.facet("", _prices, "price_min", "price_max"),
        "availability": counted.facet("", _availability, "in_stock"),
        "attributes": _attributes(counted),
    }
    return Facets(count=min(counted.matching.products, MANY), complete=not counted.cut, **facets)


@dataclass(kw_only=True)
class _Counted:
    """The products that are counted, by which filters are left out: one more than are counted at most."""

    filters: dict[str, Any]
    currency: str
    now: datetime
    language: str
    version: int | None
    # Whether one of them wasn't counted whole.
    cut: bool = False

    @cached_property
    def matching(self) -> Counts:
        """Those that match all filters: counted once, for most facets."""
        counts = self._count(self.filters)
        self.cut |= self._partly(counts)
        return counts

    def facet(self, kind: str, of: Callable[[Counts], T], *own: str) -> T:
        """
        Return a facet of those that match the filters which aren't its own.

        :param kind: of ``counting.KINDS``, or empty for what is told of all products.
        """
        others = {name: value for name, value in self.filters.items() if name not in own}
        if others == self.filters:
            return of(self.matching)
        about = {**others, "currency": self.currency, "language": self.language, "facet": own}
        # Of lists that depend on stock, what counts stock does too.
        remembered = Remembered("choices", about, on_stock="in_stock" in self.filters, version=self.version)
        kept: tuple[T, bool] | None = remembered.get()
        if kept is None:
            counts = self._count(others, [kind] if kind else [])
            kept = of(counts), self._partly(counts)
            remembered.keep(kept, products=counts.products, lasting=self._partly(counts))
        found, partly = kept
        self.cut |= partly
        return found

    def _partly(self, counts: Counts) -> bool:
        """Tell whether there may be more that match."""
        return counts.products >= search.MOST if self._words else counts.products > MANY

    @property
    def _words(self) -> str:
        return str(self.filters.get("q", "")).strip()

    def _count(self, filters: dict[str, Any], kinds: Sequence[str] = KINDS) -> Counts:
        products = listed(filters, currency=self.currency, now=self.now, hidden=False)
        if not self._words:
            return counts_of(products.order_by("-pk").values_list(*COLUMNS)[: MANY + 1], kinds)
        counted = (counts_of(rows, kinds) for rows in search.readings(products, self._words, *COLUMNS))
        return next((counts for counts in counted if counts.products), Counts())


def _availability(counts: Counts) -> dict[str, int]:
    return {"in_stock": counts.in_stock, "out_of_stock": counts.products - counts.in_stock}


def _categories(counts: Counts, language: str) -> list[dict[str, Any]]:
    """Return every category with products in it or below it, in tree order."""
    below: dict[str, int] = {}
    for path, count in counts.paths.items():
        while path:
            below[path] = below.get(path, 0) + count
            path = path[: -Category.steplen]
    found = with_category_texts(Category.objects.filter(path__in=Among(below, TextField())), language)
    # Plain rows, ordered here: there may be hundreds, and objects or the database's rules of order take longer.
    rows: Any = found.order_by().values_list("path", "slug", "name", "depth", *found.query.annotations)
    return [
        {
            "slug": slug,
            # None is read where the shop's own language is.
            "name": ((translated and translated[0]) or {}).get("name") or name,
            "depth": depth,
            "count": below[path],
        }
        for path, slug, name, depth, *translated in sorted(rows, key=itemgetter(0))
    ]


def _brands(counts: Counts) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"name": name, "count": count} for name, count in counts.brands.items()]
    return sorted(found, key=lambda row: (-row["count"], row["name"]))


def _prices(counts: Counts) -> dict[str, int | None]:
    return {"min": counts.cheapest, "max": counts.dearest}


def _attributes(counted: _Counted) -> list[dict[str, Any]]:
    filtered = {
        folded(name.removeprefix(_PREFIX)): name for name in counted.filters if name.startswith(_PREFIX)
    }
    facets = []
    for attribute in Attribute.objects.filter(filterable=True):
        own = [filtered[attribute.key]] if attribute.key in filtered else []
        values = counted.facet("value", partial(_values, attribute=attribute.name), *own)
        if values:
            facets.append(_facet(attribute, values))
    return [facet for _, facet in sorted(facets, key=lambda placed: placed[0])]


def _values(counts: Counts, attribute: str) -> list[_Value]:
    """Return the values of an attribute; of those that differ in case alone one is shown, and all are counted."""
    same: dict[str, list[str]] = {}
    written = counts.values.get(attribute, {})
    for value in sorted(written):
        same.setdefault(folded(value), []).append(value)
    return [(key, values[0], sum(written[value] for value in values)) for key, values in same.items()]


def _facet(attribute: Attribute, values: list[_Value]) -> tuple[tuple[int, str], dict[str, Any]]:
    order = {folded(choice): place for place, choice in enumerate(attribute.choices)}

    def place(value: _Value) -> Any:
        key, shown, count = value
        if attribute.kind == Attribute.Kind.NUMBER:
            return _number(shown)
        if attribute.kind == Attribute.Kind.CHOICE:
            return order.get(key, len(order))
        return (-count, key)

    commonest = sorted(values, key=lambda value: -value[2])[: counting.MOST]
    facet = {
        "name": attribute.name,
        "kind": attribute.kind,
        "unit": attribute.unit,
        "values": [{"value": shown, "count": count} for _, shown, count in sorted(commonest, key=place)],
    }
    return (attribute.position, attribute.name), facet


def _number(shown: str) -> float:
    try:
        return float(shown)
    except ValueError:
        # Remembered, or read, a moment before the attribute became one of numbers.
        return inf

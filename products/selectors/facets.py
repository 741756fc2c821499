"""What a list can be narrowed by, and how much would be left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import starmap
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.db.models import Count, Min

from products import search
from products.attributes import folded
from products.memory import MANY, Remembered
from products.models import Attribute, Category, ProductAttribute
from products.selectors.browse import listed
from products.selectors.texts import with_category_texts
from shop.core.sql import Among

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_MOST_VALUES = 100
_PREFIX = "attr."

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Facets:
    """
    How many products of a list there are of each kind; prices are minor units.

    Each facet is counted with all filters but its own, so it shows what another choice would give. ``complete`` is
    false where not all that match are counted: of a list the 10,000 newest are, of a search those that it
    finds, 1,000 at most.
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
    Return the facets of a list: four statements.

    One more for each facet that is filtered by, and two for an attribute; and as many again as read products, where a
    word was a slip. A facet that is filtered by is remembered for all lists that differ in that filter alone.

    :param filters: as for ``list_products``.
    :param language: in which categories are named.
    :param version: the catalogue's, which costs a statement where it must be read to remember something.
    """
    counted = _Counted(filters=filters, currency=currency, now=now, language=language, version=version)
    return Facets(
        count=min(len(counted.matching), MANY),
        complete=not counted.partly(counted.matching),
        category=counted.facet("category", partial(_categories, language=language), "category"),
        brand=counted.facet("brand", _brands, "brand"),
        price=counted.facet("price", _prices, "price_min", "price_max"),
        availability=counted.facet("availability", _availability, "in_stock"),
        attributes=_attributes(counted),
    )


class _Row(NamedTuple):
    """What a product is counted by."""

    pk: int
    in_stock: bool
    category: str
    brand: str | None
    price: int


_COLUMNS = {
    "pk": "pk",
    "in_stock": "in_stock",
    "category": "category__path",
    "brand": "brand__name",
    "price": "price",
}


@dataclass(kw_only=True)
class _Counted:
    """The products that are counted, by which filters are left out: one more than are counted at most."""

    filters: dict[str, Any]
    currency: str
    now: datetime
    language: str
    version: int | None

    @cached_property
    def matching(self) -> list[_Row]:
        """Those that match all filters: read once, as most facets are counted over them."""
        return self._read(self.filters)

    def facet(self, name: str, count: Callable[[list[_Row]], T], *own: str) -> T:
        """Return what is counted over those that match the filters which aren't the facet's own."""
        others = {name: value for name, value in self.filters.items() if name not in own}
        if others == self.filters:
            return count(self.matching)
        about = {**others, "currency": self.currency, "language": self.language, "facet": name}
        # Of lists that depend on stock, what counts stock does too.
        remembered = Remembered("facet", about, on_stock="in_stock" in self.filters, version=self.version)
        found: T | None = remembered.get()
        if found is None:
            rows = self._read(others)
            found = count(rows)
            remembered.keep(found, products=len(rows), lasting=self.partly(rows))
        return found

    def partly(self, rows: list[_Row]) -> bool:
        """Tell whether there may be more that match."""
        return len(rows) >= search.MOST if self._words else len(rows) > MANY

    @property
    def _words(self) -> str:
        return str(self.filters.get("q", "")).strip()

    def _read(self, filters: dict[str, Any]) -> list[_Row]:
        # Read and counted here: for each count that the database made it would look all products up again.
        products = listed(filters, currency=self.currency, now=self.now, hidden=False)
        if self._words:
            return [_Row(**row) for row in search.told(products, self._words, **_COLUMNS)]
        return list(starmap(_Row, products.order_by("-pk").values_list(*_COLUMNS.values())[: MANY + 1]))


def _availability(rows: list[_Row]) -> dict[str, int]:
    there = sum(row.in_stock for row in rows)
    return {"in_stock": there, "out_of_stock": len(rows) - there}


def _categories(rows: list[_Row], language: str) -> list[dict[str, Any]]:
    """Return every category with products in it or below it, in tree order."""
    counts: Counter[str] = Counter()
    for path, count in Counter(row.category for row in rows).items():
        for end in range(Category.steplen, len(path) + 1, Category.steplen):
            counts[path[:end]] += count
    found = with_category_texts(Category.objects.filter(path__in=counts).order_by("path"), language)
    # Plain rows: there may be hundreds, and objects take longer.
    plain: Any = found.values("slug", "name", "depth", "path", *found.query.annotations)
    return [
        {
            "slug": row["slug"],
            "name": (row.get("translation") or {}).get("name") or row["name"],
            "depth": row["depth"],
            "count": counts[row["path"]],
        }
        for row in plain
    ]


def _brands(rows: list[_Row]) -> list[dict[str, Any]]:
    counts = Counter(row.brand for row in rows if row.brand is not None)
    found: list[dict[str, Any]] = [{"name": name, "count": count} for name, count in counts.items()]
    return sorted(found, key=lambda row: (-row["count"], row["name"]))


def _prices(rows: list[_Row]) -> dict[str, int | None]:
    prices = [row.price for row in rows]
    return {"min": min(prices, default=None), "max": max(prices, default=None)}


def _attributes(counted: _Counted) -> list[dict[str, Any]]:
    filtered = {
        folded(name.removeprefix(_PREFIX)): name for name in counted.filters if name.startswith(_PREFIX)
    }
    # Apart from their values: joined, each of tens of thousands of these would be counted under the words of both.
    attributes = {one.pk: one for one in Attribute.objects.filter(filterable=True)}
    facets = []
    for name, among in _asked(attributes, filtered).items():
        values_of = counted.facet(name, partial(_values, attributes=among), name)
        facets += [_facet(attributes[pk], values) for pk, values in values_of.items()]
    return [facet for _, facet in sorted(facets, key=lambda placed: placed[0])]


def _asked(attributes: dict[int, Attribute], filtered: dict[str, str]) -> dict[str, list[int]]:
    """Return which attributes are counted without which filter; without an empty one means with all."""
    asked: dict[str, list[int]] = {}
    for pk, attribute in attributes.items():
        asked.setdefault(filtered.get(attribute.key, ""), []).append(pk)
    return asked


def _values(rows: list[_Row], attributes: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the values of these attributes that products have, by attribute."""
    products = Among([row.pk for row in rows])
    of_these = ProductAttribute.objects.filter(product__in=products, attribute__in=attributes)
    # Products may write one value in different cases: one of them is shown.
    counted = of_these.order_by().values("attribute", "key").annotate(shown=Min("value"), count=Count("pk"))
    values: dict[int, list[dict[str, Any]]] = {}
    for row in counted:
        values.setdefault(row["attribute"], []).append(dict(row))
    return values


def _facet(attribute: Attribute, values: list[dict[str, Any]]) -> tuple[tuple[int, str], dict[str, Any]]:
    order = {folded(choice): place for place, choice in enumerate(attribute.choices)}

    def place(row: dict[str, Any]) -> Any:
        if attribute.kind == Attribute.Kind.NUMBER:
            return float(row["shown"])
        if attribute.kind == Attribute.Kind.CHOICE:
            return order.get(row["key"], len(order))
        return (-row["count"], row["key"])

    commonest = sorted(values, key=lambda row: -row["count"])[:_MOST_VALUES]
    facet = {
        "name": attribute.name,
        "kind": attribute.kind,
        "unit": attribute.unit,
        "values": [{"value": row["shown"], "count": row["count"]} for row in sorted(commonest, key=place)],
    }
    return (attribute.position, attribute.name), facet

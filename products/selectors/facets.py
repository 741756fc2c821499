"""What a list can be narrowed by, and how much would be left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count, Min

from products import search
from products.attributes import folded
from products.models import Attribute, Category, ProductAttribute
from products.selectors.browse import listed
from products.selectors.texts import with_category_texts
from shop.core.sql import Among

if TYPE_CHECKING:
    from datetime import datetime

# Beyond this many products the answer says that it counted the first of them only.
MOST = 10_000
_MOST_VALUES = 100
_PREFIX = "attr."


@dataclass(frozen=True, kw_only=True)
class Facets:
    """
    How many products of a list there are of each kind; prices are minor units.

    Each facet is counted with all filters but its own, so it shows what another choice would give. ``complete`` is
    false where not all that match are counted: of a list the 10,000 with the lowest ids are, of a search those that it
    finds, 1,000 at most.
    """

    count: int
    complete: bool
    category: list[dict[str, Any]]
    brand: list[dict[str, Any]]
    price: dict[str, int | None]
    availability: dict[str, int]
    attributes: list[dict[str, Any]]


def facets_of(*, filters: dict[str, Any], currency: str, now: datetime, language: str = "") -> Facets:
    """
    Return the facets of a list: four statements.

    One more for each facet that is filtered by, and two for an attribute; and as many again as read products, where a
    word was a slip.

    :param filters: as for ``list_products``.
    :param language: in which categories are named.
    """
    counted = _Counted(filters=filters, currency=currency, now=now)
    count = len(counted.without())
    return Facets(
        count=min(count, MOST),
        complete=count < search.MOST if counted.words else count <= MOST,
        category=_categories(counted.without("category"), language),
        brand=_brands(counted.without("brand")),
        price=_prices(counted.without("price_min", "price_max")),
        availability=_availability(counted.without("in_stock")),
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
    """The products that are counted, by which filters are left out."""

    filters: dict[str, Any]
    currency: str
    now: datetime

    @property
    def words(self) -> str:
        """What is searched for, if anything."""
        return str(self.filters.get("q", "")).strip()

    def without(self, *names: str) -> list[_Row]:
        """Return those that match the other filters, one more than are counted."""
        if not any(name in self.filters for name in names):
            return self._matching
        return self._read(*names)

    @cached_property
    def _matching(self) -> list[_Row]:
        """Those that match all filters: read once, as most facets are counted over them."""
        return self._read()

    def _read(self, *left_out: str) -> list[_Row]:
        # Read and counted here: for each count that the database made it would look all products up again.
        filters = {name: value for name, value in self.filters.items() if name not in left_out}
        products = listed(filters, currency=self.currency, now=self.now, hidden=False)
        if self.words:
            return [_Row(**row) for row in search.told(products, self.words, **_COLUMNS)]
        return list(starmap(_Row, products.order_by("pk").values_list(*_COLUMNS.values())[: MOST + 1]))


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
        rows = counted.without(name) if name else counted.without()
        by_attribute: dict[int, list[dict[str, Any]]] = {}
        for value in _values(rows, among):
            by_attribute.setdefault(value["attribute"], []).append(value)
        facets += [_facet(attributes[pk], values) for pk, values in by_attribute.items()]
    return [facet for _, facet in sorted(facets, key=lambda placed: placed[0])]


def _asked(attributes: dict[int, Attribute], filtered: dict[str, str]) -> dict[str, list[int]]:
    """Return which attributes are counted without which filter; without an empty one means with all."""
    asked: dict[str, list[int]] = {}
    for pk, attribute in attributes.items():
        asked.setdefault(filtered.get(attribute.key, ""), []).append(pk)
    return asked


def _values(rows: list[_Row], attributes: list[int]) -> list[dict[str, Any]]:
    products = Among([row.pk for row in rows])
    of_these = ProductAttribute.objects.filter(product__in=products, attribute__in=attributes)
    # Products may write one value in different cases: one of them is shown.
    counted = of_these.order_by().values("attribute", "key").annotate(shown=Min("value"), count=Count("pk"))
    return [dict(row) for row in counted]


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

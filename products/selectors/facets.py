"""What a list can be narrowed by, and how much would be left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Max, Min, Q, QuerySet

from products import search
from products.attributes import folded
from products.models import Category, Product, ProductAttribute, ProductPrice
from products.selectors.browse import list_products
from products.selectors.texts import category_texts_of, with_category_texts
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
    false where more than 10,000 products match: counted are those with the lowest ids, or with words any 10,000.
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
    Return the facets of a list: seven statements, and one more for each attribute that is filtered by and for a search.

    :param filters: as for ``list_products``.
    :param language: in which categories are named.
    """
    if "q" in filters:
        filters = {**filters, "q": search.read(filters["q"])}
    counted = _Counted(filters=filters, currency=currency, now=now)
    availability = _availability(counted.without("in_stock"))
    count = _chosen(availability, filters.get("in_stock"))
    return Facets(
        count=min(count, MOST),
        complete=count <= MOST,
        category=_categories(counted.without("category"), language),
        brand=_brands(counted.without("brand")),
        price=_prices(counted.without("price_min", "price_max"), currency),
        availability=availability,
        attributes=_attributes(counted),
    )


@dataclass(kw_only=True)
class _Counted:
    """The products that are counted, by which filters are left out."""

    filters: dict[str, Any]
    currency: str
    now: datetime

    def without(self, *names: str) -> QuerySet[Any] | Among:
        """Return the ids of those that match the other filters, one more than are counted."""
        if not any(name in self.filters for name in names):
            return self._matching
        return self._ids({name: value for name, value in self.filters.items() if name not in names})

    @cached_property
    def _matching(self) -> Among:
        """The ids that match all filters: found once, as most facets are counted over them."""
        return Among(list(self._ids(self.filters).values_list("pk", flat=True)))

    def _ids(self, filters: dict[str, Any]) -> QuerySet[Any]:
        found = list_products(filters=filters, currency=self.currency, now=self.now)
        # What is searched for is found by its words; an order would tempt the planner to look at all products in it.
        ordered = found.order_by() if "q" in filters else found.order_by("pk")
        return ordered.values("pk")[: MOST + 1]


def _availability(ids: QuerySet[Any] | Among) -> dict[str, int]:
    there = Count("pk", filter=Q(in_stock=True))
    gone = Count("pk", filter=Q(in_stock=False))
    found = Product.objects.filter(pk__in=ids).aggregate(there=there, gone=gone)
    return {"in_stock": found["there"], "out_of_stock": found["gone"]}


def _chosen(availability: dict[str, int], in_stock: bool | None) -> int:  # noqa: FBT001
    if in_stock is None:
        return sum(availability.values())
    return availability["in_stock" if in_stock else "out_of_stock"]


def _categories(ids: QuerySet[Any] | Among, language: str) -> list[dict[str, Any]]:
    """Return every category with products in it or below it, in tree order."""
    direct = Product.objects.filter(pk__in=ids).order_by().values_list("category__path")
    counts: dict[str, int] = {}
    for path, count in direct.annotate(count=Count("pk")):
        for end in range(Category.steplen, len(path) + 1, Category.steplen):
            counts[path[:end]] = counts.get(path[:end], 0) + count
    found = with_category_texts(Category.objects.filter(path__in=counts).order_by("path"), language)
    return [
        {
            "slug": one.slug,
            "name": category_texts_of(one)["name"],
            "depth": one.depth,
            "count": counts[one.path],
        }
        for one in found
    ]


def _brands(ids: QuerySet[Any] | Among) -> list[dict[str, Any]]:
    branded = Product.objects.filter(pk__in=ids, brand__isnull=False).order_by()
    rows = branded.values_list("brand__name").annotate(count=Count("pk"))
    found: list[dict[str, Any]] = [{"name": name, "count": count} for name, count in rows]
    return sorted(found, key=lambda row: (-row["count"], row["name"]))


def _prices(ids: QuerySet[Any] | Among, currency: str) -> dict[str, int | None]:
    rows = ProductPrice.objects.filter(product__in=ids, currency=currency)
    return rows.aggregate(min=Min("lowest"), max=Max("lowest"))


def _attributes(counted: _Counted) -> list[dict[str, Any]]:
    filtered = {
        folded(name.removeprefix(_PREFIX)): name for name in counted.filters if name.startswith(_PREFIX)
    }
    others = ProductAttribute.objects.filter(product__in=counted.without(), attribute__filterable=True)
    rows = _values(others.exclude(attribute__key__in=filtered))
    for key, name in sorted(filtered.items()):
        own = ProductAttribute.objects.filter(product__in=counted.without(name), attribute__key=key)
        rows += _values(own.filter(attribute__filterable=True))
    by_attribute: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        by_attribute.setdefault(row["attribute"], []).append(row)
    facets = [_facet(found) for found in by_attribute.values()]
    return [facet for _, facet in sorted(facets, key=lambda placed: placed[0])]


def _values(rows: QuerySet[ProductAttribute]) -> list[dict[str, Any]]:
    about = {name: F(f"attribute__{name}") for name in ("name", "kind", "unit", "position", "choices")}
    # Products may write one value in different cases: one of them is shown.
    counted = (
        rows.order_by().values("attribute", "key", **about).annotate(shown=Min("value"), count=Count("pk"))
    )
    return [dict(row) for row in counted]


def _facet(rows: list[dict[str, Any]]) -> tuple[tuple[int, str], dict[str, Any]]:
    first = rows[0]
    order = {folded(choice): place for place, choice in enumerate(first["choices"])}

    def place(row: dict[str, Any]) -> Any:
        if first["kind"] == "number":
            return float(row["shown"])
        if first["kind"] == "choice":
            return order.get(row["key"], len(order))
        return (-row["count"], row["key"])

    commonest = sorted(rows, key=lambda row: -row["count"])[:_MOST_VALUES]
    facet = {
        "name": first["name"],
        "kind": first["kind"],
        "unit": first["unit"],
        "values": [{"value": row["shown"], "count": row["count"]} for row in sorted(commonest, key=place)],
    }
    return (first["position"], first["name"]), facet

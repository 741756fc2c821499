"""A category with those below it, a brand, and how a list of their products is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import (
    BigIntegerField,
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.db.models.functions import Lower

from products.models import Brand, CatalogueState, Category

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet

# The first of each category are compared while they are no more rows than this; beyond, the planner decides.
_MOST_COMPARED = 1000


def in_category(place: str | Sequence[int]) -> Q:
    """
    Return the condition that a product's category is a certain one or below it.

    :param place: its slug, which the same statement looks up then; or the ids that ``known`` has found.
    """
    if not isinstance(place, str):
        return Q(category__in=place)
    return Q(category__in=_subtree(place).values("pk"))


def of_brand(brand: str | Sequence[int]) -> Q:
    """
    Return the condition that a product is of a brand.

    :param brand: its name in any case, which the same statement looks up then; or the ids that ``known`` has found.
    """
    return Q(brand__name__iexact=brand) if isinstance(brand, str) else Q(brand__in=brand)


def known(filters: Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
    """
    Return filters with ids in place of a category's slug and a brand's name, and the catalogue's version.

    The planner knows how many products each category and brand has, but not which ones a subquery will name: it would
    read through the newest products of all where a small one is asked for, and through all where there is none. One
    statement; without either none, and then there is no version.
    """
    if not {"category", "brand"} & filters.keys():
        return dict(filters), None
    version = Subquery(CatalogueState.objects.values("version")[:1])
    # As the constraint has it, so that there is one at most.
    brands = Brand.objects.alias(any_case=Lower("name")).filter(
        any_case=Lower(Value(filters.get("brand", "")))
    )
    settled = dict(filters)
    if "category" in filters:
        categories = _subtree(filters["category"]).annotate(
            version=version, found=Subquery(brands.values("pk"))
        )
        rows = list(categories.order_by().values_list("pk", "version", "found"))
        settled["category"] = tuple(sorted(pk for pk, _, _ in rows))
    else:
        rows = list(brands.annotate(version=version).values_list("pk", "version", "pk"))
    if "brand" in filters:
        settled["brand"] = tuple({found for _, _, found in rows if found is not None})
    return settled, (rows[0][1] if rows else None) or 0


def first_in(page: QuerySet[Any], categories: Sequence[int], *, size: int, newest: bool) -> QuerySet[Any]:
    """
    Return the first products of these categories, of an ordered list that is filtered otherwise.

    Of a list by ``newest`` PostgreSQL's index has the first of each category. They are taken from there, so many of
    each, and put in order: that reads as much whatever the catalogue's size, and whether or not the products are among
    the newest of all.

    :param size: how many are wanted.
    """
    several = 1 < len(categories) <= _MOST_COMPARED // size
    if newest and several and connection.vendor == "postgresql":
        return page.filter(pk__in=_FirstOfEach(categories, page.values("pk"), size))
    return page.filter(category__in=categories)


def _subtree(slug: str) -> QuerySet[Category]:
    above = Category.objects.filter(slug=slug).alias(
        place=ExpressionWrapper(OuterRef("path"), output_field=CharField())
    )
    # Asked of the few categories and not of each product.
    found: QuerySet[Category] = Category.objects.filter(Exists(above.filter(place__startswith=F("path"))))
    return found


class _Each(Func):
    """The category at hand inside of ``_FirstOfEach``."""

    output_field = BigIntegerField()

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        """Return its column."""
        return "each.id", []


class _FirstOfEach(Func):
    """The ids of each category's first products, as a subquery for ``pk__in=``."""

    output_field = BigIntegerField()

    def __init__(self, categories: Sequence[int], ordered: QuerySet[Any], size: int) -> None:
        super().__init__()
        self._categories = list(categories)
        self._first = ordered.filter(category=_Each())[:size]

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        """Return the subquery as PostgreSQL has it."""
        first, params = self._first.query.sql_with_params()
        from_each = "FROM unnest(%s::bigint[]) AS each (id)"
        return f"(SELECT first.id {from_each} CROSS JOIN LATERAL ({first}) AS first (id))", [
            self._categories,
            *params,
        ]

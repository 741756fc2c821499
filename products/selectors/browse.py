"""Lists, trees and single products as shoppers see them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, FilteredRelation, OuterRef, Prefetch, Q, Value
from django.db.models.functions import Coalesce

from products import search
from products.attributes import folded
from products.models import Category, Collection, Product, ProductImage, Variant
from products.selectors.subtree import in_category, known, of_brand
from products.selectors.texts import with_category_texts, with_texts
from shop.core.errors import NotFound
from shop.core.sql import JsonColumn, JsonList

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from products.models.catalogue import ProductQuerySet

# More digits than any id has.
_ID_DIGITS = 18


def has_value(attribute: str, value: str) -> Q:
    """
    Return the condition that a product has a value of an attribute, both without regard to case.

    A join, since a product has one value of each: of a subquery PostgreSQL would gather all products before the first.
    """
    return Q(attribute_values__attribute__key=folded(attribute), attribute_values__key=folded(value))


# What each filter of the list means.
_CONDITIONS: dict[str, Callable[[Any], Any]] = {
    "category": in_category,
    "collection": lambda slug: Q(collections__slug=slug),
    "brand": of_brand,
    "in_stock": lambda yes: Q(in_stock=yes),
    "ids": lambda ids: Q(pk__in=ids),
    "price_min": lambda minor: Q(price__gte=minor),
    "price_max": lambda minor: Q(price__lte=minor),
}


def list_products(
    *,
    filters: dict[str, Any],
    currency: str,
    now: datetime,
    language: str = "",
    hidden: bool = False,
    ranked: bool = False,
) -> ProductQuerySet:
    """
    Return the products that match all filters, each with ``price`` and ``compare_at_price`` in minor units.

    One statement, ready to serialise, and another one now where words are searched for. A product without a price
    in the currency isn't listed.

    :param filters: ``category`` and ``collection`` (slugs), ``brand`` (any case), ``q`` (see ``search.found``),
        ``price_min`` and ``price_max`` (minor units), ``in_stock``, ``ids``, and ``attr.<name>``.
    :param language: of the catalogue's languages, whose texts are shown; empty for the shop's own.
    :param hidden: whether unpublished and archived products are listed too, for staff.
    :param ranked: whether the list will be ordered by ``relevance``.
    """
    products = listed(filters, currency=currency, now=now, hidden=hidden)
    return with_texts(search.found(products, filters.get("q", ""), ranked=ranked), language)


def search_products(
    *,
    filters: dict[str, Any],
    currency: str,
    now: datetime,
    language: str = "",
    hidden: bool = False,
    ranked: bool = False,
) -> search.Found:
    """
    Return what ``list_products`` does, with what a page of it needn't find out again.

    The order of many products, and that there are many, is remembered until an edit.

    :param ranked: whether the list will be ordered by ``relevance``; of a search a thousand are left then.
    """
    text = filters.get("q", "").strip()
    # With words the statement that looks for them reads the version; without, that which looks up category and brand.
    settled, version = (filters, None) if text else known(filters)
    categories = settled.pop("category", None) if version is not None else None
    products = listed(settled, currency=currency, now=now, hidden=hidden)
    if ranked:
        about = {**filters, "currency": currency, "hidden": hidden}
        found = search.best(products, text, about=about)
    else:
        found = search.every(products, text)
    found = replace(found, products=with_texts(found.products, language), categories=categories)
    return found if version is None else replace(found, version=version)


def listed(filters: dict[str, Any], *, currency: str, now: datetime, hidden: bool) -> ProductQuerySet:
    """Return the products that match all filters but the words."""
    products = _priced(Product.objects.all() if hidden else Product.objects.visible(now=now), currency)
    products = products.filter(
        *(condition(filters[name]) for name, condition in _CONDITIONS.items() if name in filters)
    )
    for name, value in filters.items():
        if name.startswith("attr."):
            products = products.filter(has_value(name.removeprefix("attr."), value))
    return products


def wishlist_of(user_id: UUID, *, currency: str, now: datetime, language: str = "") -> ProductQuerySet:
    """Return the products on somebody's wishlist that shoppers may see, each with ``added_at``; one statement."""
    wanted = Product.objects.visible(now=now).filter(wishes__user=user_id)
    priced = _with_price(wanted, currency).annotate(added_at=F("wishes__added_at"))
    return with_texts(priced, language)


def product_by_ref(
    ref: str, *, currency: str, now: datetime, language: str = "", hidden: bool = False
) -> Product:
    """
    Return a product by its id or any slug it ever had, with ``gallery``, ``shelves`` and ``offers`` ready to serialise.

    Two statements: the product with its pictures and collections, then its variants with price and stock.

    :raises NotFound: there is none that may be seen.
    """
    visible = Product.objects.all() if hidden else Product.objects.visible(now=now)
    pictures = ProductImage.objects.filter(product=OuterRef("pk")).order_by("position", "pk")
    shelves = Collection.objects.filter(products=OuterRef("pk")).order_by("name", "pk")
    variants = (
        Variant.objects.filter(archived_at__isnull=True)
        .annotate(
            price_row=FilteredRelation("prices", condition=Q(prices__currency=currency)),
            price=F("price_row__amount"),
            compare_at_price=F("price_row__compare_at"),
            lowest_before=F("price_row__lowest_before"),
        )
        .select_related("stock", "image")
        .order_by("position", "pk")
    )
    product = (
        with_texts(_with_price(_by_ref(visible, ref), currency), language, whole=True)
        .annotate(
            gallery=JsonList(
                pictures,
                id="pk",
                url="file",
                width="width",
                height="height",
                alt="alt",
                thumbnails=JsonColumn("thumbnails"),
            ),
            shelves=JsonList(shelves, name="name", slug="slug"),
        )
        .prefetch_related(Prefetch("variants", queryset=variants, to_attr="offers"))
        .first()
    )
    if product is None:
        raise NotFound
    return product


def product_id_of(ref: str) -> int:
    """
    Return the id behind an id or any slug that a product ever had, for staff: published or not; one statement.

    :raises NotFound: there is none.
    """
    found = _by_ref(Product.objects.all(), ref).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound
    return found


def visible_product_id(ref: str, *, now: datetime) -> int:
    """
    Return the id behind an id or any slug of a product that shoppers may see; one statement.

    :raises NotFound: there is none.
    """
    found = _by_ref(Product.objects.visible(now=now), ref).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound
    return found


def images_of(product_id: int) -> QuerySet[ProductImage]:
    """Return the pictures of a product, for staff."""
    return ProductImage.objects.filter(product=product_id)


def category_tree(
    *, now: datetime, language: str = "", counts: Mapping[int, int] | None = None
) -> list[dict[str, Any]]:
    """
    Return every category in tree order, one statement: plain rows, since there may be a thousand.

    ``own_count`` is what shoppers find in it, and ``product_count`` includes the subtree; the words are read by
    ``category_texts_of``.

    :param counts: the former by id, where it is known and needn't be counted.
    """
    own = (
        Product.objects.visible(now=now)
        .filter(category=OuterRef("pk"))
        .order_by()
        .values("category")
        .annotate(count=Count("pk"))
        .values("count")
    )
    counted = Category.objects.annotate(own_count=Coalesce(own, 0) if counts is None else Value(0))
    found: Any = with_category_texts(counted.order_by("path"), language)
    rows = list(found.values("pk", "slug", "name", "description", "depth", *found.query.annotations))
    above: list[dict[str, Any]] = []
    for row in rows:
        if counts is not None:
            row["own_count"] = counts.get(row["pk"], 0)
        row["product_count"] = 0
        above[row["depth"] - 1 :] = [row]
        for each in above:
            each["product_count"] += row["own_count"]
    return rows


def _by_ref(products: ProductQuerySet, ref: str) -> ProductQuerySet:
    if not ref.isdigit():
        return products.filter(slugs__slug=ref)
    return products.filter(pk=int(ref)) if len(ref) <= _ID_DIGITS else products.none()


def _priced(products: ProductQuerySet, currency: str) -> ProductQuerySet:
    # By what stands in the index, so that counting doesn't look at the prices themselves.
    return (
        _with_price(products, currency).alias(priced_in=F("price_row__currency")).filter(priced_in=currency)
    )


def _with_price(products: ProductQuerySet, currency: str) -> ProductQuerySet:
    return products.annotate(
        price_row=FilteredRelation("lowest_prices", condition=Q(lowest_prices__currency=currency)),
        price=F("price_row__lowest"),
        compare_at_price=F("price_row__compare_at"),
        lowest_before=F("price_row__lowest_before"),
    ).select_related("category", "brand", "cover")

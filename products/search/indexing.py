"""Keeping the index in line with the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import OuterRef, QuerySet

from products.models import (
    Collection,
    Product,
    ProductAttribute,
    ProductText,
    SearchEntry,
    SearchWord,
    Variant,
)
from products.search.entries import Entry, Said, entry_of
from shop.core.sql import JsonColumn, JsonList

if TYPE_CHECKING:
    from products.models.catalogue import ProductQuerySet

BATCH = 500
_POSTGRES = """
    INSERT INTO products_searchentry AS kept (rowid, name, keywords, body, vector)
    SELECT id, name, '', '', words::tsvector FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS made (id, name, words)
    ORDER BY id
    ON CONFLICT (rowid) DO UPDATE SET name = excluded.name, vector = excluded.vector
    WHERE (kept.name, kept.vector) IS DISTINCT FROM (excluded.name, excluded.vector)
"""
# Both tables in one statement. Only what is missing is tried, for a try that fails costs as much as a row, and in one
# order everywhere: whoever adds a word makes others who add it wait.
_LEARN = """
    WITH begun AS (
        INSERT INTO products_searchform (word)
        SELECT word FROM unnest(%s::text[]) AS form (word)
        WHERE NOT EXISTS (SELECT FROM products_searchform AS known WHERE known.word = form.word)
        ON CONFLICT DO NOTHING
    )
    INSERT INTO products_searchword (word)
    SELECT word FROM unnest(%s::text[]) AS new (word)
    WHERE NOT EXISTS (SELECT FROM products_searchword AS known WHERE known.word = new.word)
    ON CONFLICT DO NOTHING
"""
_SQLITE = "INSERT OR REPLACE INTO products_searchentry (rowid, name, keywords, body) VALUES (%s, %s, %s, %s)"


def index(product_ids: Iterable[int]) -> None:
    """
    Bring what search knows of these products in line with the catalogue, in the caller's transaction.

    Locks: the products in the order of their ids, so that of two edits the later one to be written down is also
    the later one to be read; then new words of the vocabulary, in their order.
    """
    indexed(product_ids)


@dataclass(frozen=True)
class Words:
    """Words of some products: those that slips are compared with, and those that beginnings are."""

    vocabulary: set[str] = field(default_factory=set)
    beginnings: set[str] = field(default_factory=set)

    def add(self, other: Words) -> None:
        """Take in the words of others."""
        self.vocabulary.update(other.vocabulary)
        self.beginnings.update(other.beginnings)


def indexed(product_ids: Iterable[int]) -> Words:
    """Do what ``index`` does and return the words of these products."""
    ids = sorted(set(product_ids))
    words = Words()
    for start in range(0, len(ids), BATCH):
        words.add(_index_batch(ids[start : start + BATCH]))
    learn(words)
    return words


def learn(words: Words) -> None:
    """Add words to what is known."""
    if not words.vocabulary and not words.beginnings:
        return
    if _is_postgres():
        with connection.cursor() as cursor:
            cursor.execute(_LEARN, [sorted(words.beginnings), sorted(words.vocabulary)])
    else:
        known = [SearchWord(word=word) for word in sorted(words.vocabulary)]
        SearchWord.objects.bulk_create(known, ignore_conflicts=True)


def _index_batch(ids: list[int]) -> Words:
    _lock(ids)
    entries = [entry_of(said) for said in _said_of(Product.objects.filter(pk__in=ids))]
    if entries:
        _write(entries)
    gone = set(ids) - {entry.product_id for entry in entries}
    if gone:
        SearchEntry.objects.filter(pk__in=sorted(gone)).delete()
    return Words(
        vocabulary={word for entry in entries for word in entry.vocabulary},
        beginnings={form for entry in entries for form in entry.beginnings},
    )


def _lock(ids: list[int]) -> None:
    """Wait for whoever edits these products; SQLite has one writer at a time."""
    if connection.features.has_select_for_update:
        # A statement of its own: what is read with the lock was seen before it was had.
        locked = Product.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
        list(locked.values_list("pk"))


def _write(entries: list[Entry]) -> None:
    with connection.cursor() as cursor:
        if _is_postgres():
            columns = zip(*((entry.product_id, entry.called, entry.vector) for entry in entries), strict=True)
            cursor.execute(_POSTGRES, [list(column) for column in columns])
        else:
            rows = ((entry.product_id, entry.name, entry.keywords, entry.body) for entry in entries)
            cursor.executemany(_SQLITE, list(rows))


def _said_of(products: ProductQuerySet) -> Iterator[Said]:
    """Yield what the catalogue says of those that aren't archived, in the order of their ids; one statement."""
    rows = products.filter(archived_at__isnull=True).select_related("category", "brand").order_by("pk")
    for row in rows.annotate(**_parts()).only("name", "description", "category__name", "brand__name"):
        found: Any = row
        yield Said(
            product_id=row.pk,
            names=[row.name, *(text["name"] for text in found.said)],
            keywords=[*_keywords(found)],
            skus=[variant["sku"] for variant in found.offers],
            descriptions=[row.description, *(text["description"] for text in found.said)],
        )


def _parts() -> dict[str, JsonList]:
    def of(rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(product=OuterRef("pk")).order_by("pk")

    values = {
        "name": "attribute__name",
        "kind": "attribute__kind",
        "unit": "attribute__unit",
        "value": "value",
    }
    sold = Variant.objects.filter(archived_at__isnull=True)
    lists = Collection.objects.filter(products=OuterRef("pk")).order_by("pk")
    return {
        "said": JsonList(
            of(ProductText.objects.all()),
            name="name",
            description="description",
            options=JsonColumn("options"),
        ),
        "offers": JsonList(of(sold), sku="sku", options=JsonColumn("options")),
        "values_of": JsonList(of(ProductAttribute.objects.all()), **values),
        "lists": JsonList(lists, name="name"),
    }


def _keywords(product: Any) -> Iterator[str]:
    yield product.category.name
    if product.brand is not None:
        yield product.brand.name
    yield from (collection["name"] for collection in product.lists)
    for value in product.values_of:
        yield from _attribute(**value)
    options = {str(value) for variant in product.offers for value in variant["options"].values()}
    translated = {str(text["options"].get(value, "")) for text in product.said for value in options}
    yield from sorted(options | translated)


def _attribute(*, name: str, kind: str, unit: str, value: str) -> Iterator[str]:
    if kind == "boolean":
        # "true" says nothing; "dimmable" does.
        yield from [name] if value == "true" else []
        return
    yield value
    if unit:
        yield f"{value}{unit}"


def _is_postgres() -> bool:
    return connection.vendor == "postgresql"

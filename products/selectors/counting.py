"""Products of a list counted by their kinds: by the database, in one statement."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connection

if TYPE_CHECKING:
    from django.db.models import QuerySet

COLUMNS = ("pk", "in_stock", "category", "brand", "price")
_LISTED = "WITH listed (id, in_stock, category_id, brand_id, price) AS ({listed}) "
# Rows of what is counted, an attribute, a name and how it is written, and the number.
_ALL = "SELECT 'products', CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS text), count(*) FROM listed"
# Grouped before anything is joined, as the groups are far fewer than the products.
_PARTS = {
    "availability": "SELECT 'in_stock', NULL, NULL, NULL, count(*) FROM listed WHERE in_stock",
    "price": """
        SELECT 'cheapest', NULL, NULL, NULL, min(price) FROM listed
        UNION ALL SELECT 'dearest', NULL, NULL, NULL, max(price) FROM listed
    """,
    "category": """
        SELECT 'category', NULL, category.path, NULL, own.number
        FROM (SELECT category_id, count(*) AS number FROM listed GROUP BY category_id) AS own
        JOIN products_category AS category ON category.id = own.category_id
    """,
    "brand": """
        SELECT 'brand', NULL, brand.name, NULL, own.number
        FROM (SELECT brand_id, count(*) AS number FROM listed GROUP BY brand_id) AS own
        JOIN products_brand AS brand ON brand.id = own.brand_id
    """,
    # Products may write one value in different cases: one of them is shown. What isn't filterable may differ in each.
    "values": """
        SELECT 'value', value.attribute_id, value.key, min(value.value), count(*)
        FROM listed JOIN products_productattribute AS value ON value.product_id = listed.id
        WHERE value.attribute_id IN (SELECT id FROM products_attribute WHERE filterable)
        GROUP BY value.attribute_id, value.key
    """,
}


@dataclass(kw_only=True)
class Counts:
    """
    How many products there are of each kind; what wasn't asked for is empty.

    ``paths`` are those of the categories that products are in, and ``values`` are by attribute: the key, how it is
    shown, and how many have it. Prices are minor units.
    """

    products: int = 0
    in_stock: int = 0
    cheapest: int | None = None
    dearest: int | None = None
    paths: Counter[str] = field(default_factory=Counter)
    brands: Counter[str] = field(default_factory=Counter)
    values: defaultdict[int, list[tuple[str, str, int]]] = field(default_factory=lambda: defaultdict(list))


def counts_of(products: QuerySet[Any], *parts: str) -> Counts:
    """
    Return how many of these products there are of each kind; one statement, which reads each product once.

    :param products: as rows of ``COLUMNS``, with their limit.
    :param parts: of ``availability``, ``price``, ``category``, ``brand`` and ``values``; all of them where none is
        named. How many products they are is told always.
    """
    counts = Counts()
    try:
        sql, params = products.query.sql_with_params()
    except EmptyResultSet:
        # There is no such category or brand.
        return counts
    asked = (_ALL, *(_PARTS[part] for part in parts or _PARTS))
    with connection.cursor() as cursor:
        cursor.execute(_LISTED.replace("{listed}", sql) + " UNION ALL ".join(asked), params)
        for what, attribute, name, shown, number in cursor.fetchall():
            if what == "value":
                counts.values[attribute].append((name, shown, number))
            elif what == "category":
                counts.paths[name] = number
            elif what == "brand":
                counts.brands[name] = number
            else:
                # Named as the field is.
                setattr(counts, what, number)
    return counts

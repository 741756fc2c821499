"""Products of a list counted by their kinds: by the database, in one statement."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from django.core.exceptions import EmptyResultSet
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet

COLUMNS = ("in_stock", "category", "brand", "price", "attributes")
_COUNTED = """
    WITH listed (in_stock, category_id, brand_id, price, attributes) AS ({listed})
    SELECT {told} FROM listed
"""
_ALL = "count(*), count(*) FILTER (WHERE in_stock), min(price), max(price)"
# Of brands and of an attribute's values the commonest are named, and of equally common brands the older.
MOST = 100
# Each as one JSON text, which is read sooner than thousands of rows. Grouped before anything is joined, as the groups
# are far fewer than the products.
_KINDS = {
    "category": """(
        SELECT {pairs}(category.path, own.number)
        FROM (SELECT category_id, count(*) AS number FROM listed GROUP BY category_id) AS own
        JOIN products_category AS category ON category.id = own.category_id
    )""",
    "brand": """(
        SELECT {pairs}(brand.name, own.number)
        FROM (
            SELECT brand_id, count(*) AS number FROM listed WHERE brand_id IS NOT NULL
            GROUP BY brand_id ORDER BY number DESC, brand_id LIMIT {most}
        ) AS own
        JOIN products_brand AS brand ON brand.id = own.brand_id
    )""",
    # As a product has them in itself, which takes at most half of the time of looking up each. What isn't filterable
    # may differ in each product.
    "value": """(
        SELECT {list}({tuple}(own.name, own.value, own.number))
        FROM ({values}) AS own
    )""",
}
_DIALECTS = {
    "postgresql": {
        "pairs": "json_object_agg",
        "list": "json_agg",
        "tuple": "json_build_array",
        "values": """
            SELECT one.name, one.attributes ->> one.name AS value, count(*) AS number
            FROM (SELECT attributes, jsonb_object_keys(attributes) AS name FROM listed) AS one
            WHERE one.name = ANY (ARRAY(SELECT name FROM products_attribute WHERE filterable))
            GROUP BY 1, 2
        """,
    },
    "sqlite": {
        "pairs": "json_group_object",
        "list": "json_group_array",
        "tuple": "json_array",
        "values": """
            SELECT one.key AS name, one.value, count(*) AS number
            FROM listed JOIN json_each(listed.attributes) AS one
            WHERE one.key IN (SELECT name FROM products_attribute WHERE filterable)
            GROUP BY 1, 2
        """,
    },
}
KINDS = tuple(_KINDS)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """
    How many products there are of each kind; what wasn't asked for is empty.

    ``paths`` are those of the categories that products are in, and ``values`` are by the attribute's name, as products
    write them: of two cases of one value each is told. Prices are minor units.
    """

    products: int = 0
    in_stock: int = 0
    cheapest: int | None = None
    dearest: int | None = None
    paths: Mapping[str, int] = field(default_factory=dict)
    brands: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def counts_of(products: QuerySet[Any], kinds: Sequence[str] = KINDS) -> Counts:
    """
    Return how many of these products there are of each kind; one statement, which reads each product once.

    :param products: as rows of ``COLUMNS``, with their limit.
    :param kinds: which of ``KINDS`` are told; how many products they are, in stock and at which prices, is always.
    """
    try:
        sql, params = products.query.sql_with_params()
    except EmptyResultSet:
        # There is no such category or brand.
        return Counts()
    dialect = {**_DIALECTS[connection.vendor], "most": MOST}
    told = [_ALL, *(f"CAST({_KINDS[kind].format(**dialect)} AS text)" for kind in kinds)]
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED.format(listed=sql, told=", ".join(told)), params)
        number, in_stock, cheapest, dearest, *texts = cursor.fetchone()
    found = {kind: orjson.loads(text) for kind, text in zip(kinds, texts, strict=True) if text}
    values: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for name, value, having_it in found.get("value", ()):
        values[name][value] = having_it
    return Counts(
        products=number,
        in_stock=in_stock,
        cheapest=cheapest,
        dearest=dearest,
        paths=found.get("category", {}),
        brands=found.get("brand", {}),
        values=values,
    )

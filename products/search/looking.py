"""The one statement that a search begins with: what it finds at once, and what may have been meant instead."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.db import connection

from products.search.spelling import LEAST_ALIKE
from products.search.terms import fts5, tsquery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from products.search.terms import Node

# A search that finds no more goes on with the ids of all; of one that finds more so many are ordered by relevance.
MOST = 1000
# Where nothing has all words, those are looked for that no word of the vocabulary begins with and that no product
# has anywhere. Of the words that look like them Python takes the nearest, the same ones for both databases.
_POSTGRES = """
    WITH hits AS MATERIALIZED (
        SELECT rowid FROM products_searchentry WHERE vector @@ %(every)s::tsquery LIMIT %(most)s
    ),
    unknown AS MATERIALIZED (
        SELECT asked.word FROM unnest(%(words)s::text[], %(forms)s::text[]) AS asked (word, forms)
        WHERE NOT EXISTS (SELECT FROM hits) AND NOT CASE
            WHEN starts_with((
                SELECT next.word FROM products_searchword AS next WHERE next.word ~>=~ asked.word
                ORDER BY next.word USING ~<~ LIMIT 1
            ), asked.word) THEN true
            -- Planned as if all rows were wanted: for the first one it would read the table from its start, in vain.
            ELSE EXISTS (
                WITH those AS MATERIALIZED (
                    SELECT FROM products_searchentry WHERE vector @@ asked.forms::tsquery
                )
                SELECT FROM those
            )
        END
    )
    SELECT NULL, NULL, rowid FROM hits
    UNION ALL
    SELECT unknown.word, near.word, NULL
    -- True: it holds for this transaction, and without one for this statement.
    FROM (SELECT set_config('pg_trgm.similarity_threshold', %(alike)s, true) AS threshold) AS alike
    CROSS JOIN unknown
    CROSS JOIN LATERAL (
        SELECT known.word FROM products_searchword AS known
        WHERE alike.threshold <> '' AND known.word %% unknown.word
            AND length(known.word) BETWEEN length(unknown.word) - 2 AND length(unknown.word) + 2
        ORDER BY similarity(known.word, unknown.word) DESC, known.word LIMIT 50
    ) AS near
"""
_SQLITE = """
    WITH hits AS (
        SELECT rowid FROM products_searchentry WHERE products_searchentry MATCH %(every)s LIMIT %(most)s
    ),
    asked AS (
        SELECT json_extract(value, '$[0]') AS word, json_extract(value, '$[1]') AS forms FROM json_each(%(asked)s)
    ),
    unknown AS (
        SELECT asked.word FROM asked
        WHERE NOT EXISTS (SELECT 1 FROM hits) AND NOT CASE
            WHEN substr((
                SELECT next.word FROM products_searchword AS next WHERE next.word >= asked.word
                ORDER BY next.word LIMIT 1
            ), 1, length(asked.word)) = asked.word THEN 1
            ELSE EXISTS (SELECT 1 FROM products_searchentry WHERE products_searchentry MATCH asked.forms)
        END
    ),
    pairs AS (
        SELECT json_extract(value, '$[0]') AS word, json_extract(value, '$[1]') AS letters FROM json_each(%(pairs)s)
    ),
    near AS (
        SELECT unknown.word AS word, known.word AS near
        FROM unknown JOIN pairs ON pairs.word = unknown.word CROSS JOIN products_searchword AS known
        WHERE length(known.word) BETWEEN length(unknown.word) - 2 AND length(unknown.word) + 2
            AND instr(' ' || known.word || ' ', pairs.letters) > 0
        GROUP BY unknown.word, known.word ORDER BY count(*) DESC, known.word LIMIT 400
    )
    SELECT NULL, NULL, rowid FROM hits
    UNION ALL
    SELECT word, near, NULL FROM near
"""


def look_up(every: Node, words: Mapping[str, Node]) -> tuple[tuple[int, ...] | None, dict[str, set[str]]]:
    """
    Return the ids of the products that have everything, and words of the vocabulary like those that nothing has.

    :param words: those that may be slips, with the forms each is found in.
    :return: the ids are None where there are more than ``MOST``.
    """
    ids: list[int] = []
    like: defaultdict[str, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRES, _for_postgres(every, words))
        else:
            cursor.execute(_SQLITE, _for_sqlite(every, words))
        for word, near, found in cursor.fetchall():
            if found is None:
                like[word].add(near)
            else:
                ids.append(found)
    return (tuple(ids) if len(ids) <= MOST else None), like


def _for_postgres(every: Node, words: Mapping[str, Node]) -> dict[str, Any]:
    return {
        "every": tsquery(every),
        "most": MOST + 1,
        "words": list(words),
        "forms": [tsquery(forms) for forms in words.values()],
        "alike": str(LEAST_ALIKE),
    }


def _for_sqlite(every: Node, words: Mapping[str, Node]) -> dict[str, Any]:
    pairs = [(word, f" {word} "[at : at + 2]) for word in words for at in range(len(word) + 1)]
    return {
        "every": fts5(every),
        "most": MOST + 1,
        "asked": json.dumps([(word, fts5(forms)) for word, forms in words.items()]),
        "pairs": json.dumps(pairs),
    }

"""The one statement that a search begins with: what it finds at once, and what may have been meant instead."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from django.db import connection

from products.memory import NEVER
from products.search.spelling import LEAST_ALIKE
from products.search.terms import fts5
from products.search.words import stem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet

    from products.search.terms import Node

# A search that finds no more goes on with the ids of all; of one that finds more so many are ordered by relevance.
MOST = 1000
# Nothing is looked for where the catalogue is still the one that an answer is remembered of. Where nothing has all
# words, those are taken for slips that no word begins with and that no product has: the vocabulary alone says that. Of
# the words that look like them Python takes the nearest, the same ones for both databases.
_POSTGRES = """
    WITH catalogue AS MATERIALIZED (
        SELECT COALESCE((SELECT version FROM products_cataloguestate LIMIT 1), 0) AS version
    ),
    hits AS MATERIALIZED (
        SELECT found.* FROM ({hits}) AS found (id, relevance)
        WHERE (SELECT version FROM catalogue) <> %(known)s
    ),
    unknown AS MATERIALIZED (
        SELECT asked.word FROM unnest(%(words)s::text[], %(stems)s::text[]) AS asked (word, stem)
        WHERE (SELECT version FROM catalogue) <> %(known)s AND NOT EXISTS (SELECT FROM hits)
            AND NOT starts_with(COALESCE((
                SELECT next.word FROM products_searchform AS next WHERE next.word ~>=~ asked.word
                ORDER BY next.word USING ~<~ LIMIT 1
            ), ''), asked.word)
            AND NOT EXISTS (SELECT FROM products_searchform AS form WHERE form.word = asked.stem)
    )
    SELECT NULL, NULL, version, NULL FROM catalogue
    UNION ALL
    SELECT NULL, NULL, id, relevance FROM hits
    UNION ALL
    SELECT unknown.word, near.word, NULL, NULL
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
    WITH catalogue AS (
        SELECT COALESCE((SELECT version FROM products_cataloguestate LIMIT 1), 0) AS version
    ),
    found (id, relevance) AS ({hits}),
    hits AS (SELECT id, relevance FROM found WHERE (SELECT version FROM catalogue) <> %(known)s),
    asked AS (
        SELECT json_extract(value, '$[0]') AS word, json_extract(value, '$[1]') AS forms FROM json_each(%(asked)s)
    ),
    unknown AS (
        SELECT asked.word FROM asked
        WHERE (SELECT version FROM catalogue) <> %(known)s AND NOT EXISTS (SELECT 1 FROM hits) AND NOT CASE
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
    SELECT NULL, NULL, version, NULL FROM catalogue
    UNION ALL
    SELECT NULL, NULL, id, relevance FROM hits
    UNION ALL
    SELECT word, near, NULL, NULL FROM near
"""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """
    What a statement has seen: the catalogue's version, and then what it has found.

    ``hits`` are ids with what was asked of them, or None where nothing was looked for since ``version`` is the known
    one; ``like`` are the words of the vocabulary that look like those that nothing has.
    """

    version: int
    hits: tuple[tuple[int, Any], ...] | None = ()
    like: Mapping[str, set[str]] = field(default_factory=dict)


def look_up(hits: QuerySet[Any], words: Mapping[str, Node], *, known: int = NEVER) -> Seen:
    """
    Look for products, and for words like those that nothing has; one statement.

    :param hits: what is looked for, as rows of an id and its relevance, or whatever else shall be told of it.
    :param words: those that may be slips, with the forms each is found in.
    :param known: the version of the catalogue that an answer is known of already.
    """
    sql, looked_for = _named(*hits.query.sql_with_params())
    looked_for["known"] = known
    postgres = connection.vendor == "postgresql"
    whole = (_POSTGRES if postgres else _SQLITE).replace("{hits}", sql)
    parameters = _for_postgres(looked_for, words) if postgres else _for_sqlite(looked_for, words)
    version = 0
    found: list[tuple[int, Any]] = []
    like: defaultdict[str, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(whole, parameters)
        rows = cursor.fetchall()
    for word, near, number, relevance in rows:
        if word is not None:
            like[word].add(near)
        elif relevance is None:
            version = number
        else:
            found.append((number, relevance))
    return Seen(version=version, hits=None if version == known else tuple(found), like=like)


def _named(sql: str, values: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """Return a statement whose parameters have names, as the rest of the statement has."""
    numbers = count()
    named = re.sub(r"%(.)", lambda sign: f"%(hit{next(numbers)})s" if sign[1] == "s" else sign[0], sql)
    return named, {f"hit{number}": value for number, value in enumerate(values)}


def _for_postgres(looked_for: dict[str, Any], words: Mapping[str, Node]) -> dict[str, Any]:
    stems = [stem(word) for word in words]
    return {**looked_for, "words": list(words), "stems": stems, "alike": str(LEAST_ALIKE)}


def _for_sqlite(looked_for: dict[str, Any], words: Mapping[str, Node]) -> dict[str, Any]:
    pairs = [(word, f" {word} "[at : at + 2]) for word in words for at in range(len(word) + 1)]
    return {
        **looked_for,
        "asked": json.dumps([(word, fts5(forms)) for word, forms in words.items()]),
        "pairs": json.dumps(pairs),
    }

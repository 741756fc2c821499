"""Products that a search finds, and how well each answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import BooleanField, Case, F, Func, IntegerField, Q, QuerySet, Value, When

from products.models import SearchEntry
from products.search import looking
from products.search.question import Question, Word, read
from products.search.terms import Node, Term, fts5, tsquery, written
from shop.core.sql import Among

if TYPE_CHECKING:
    from products.models.catalogue import ProductQuerySet

# What a word is worth where it stands, and what the whole text is.
_WHOLE_IN_NAME, _IN_NAME, _WHOLE_IN_KEYWORDS, _IN_KEYWORDS, _ANYWHERE = 8, 6, 4, 3, 1
_IS_THE_SKU, _IS_THE_NAME, _BEGINS_THE_NAME = 400, 200, 100


def found(products: ProductQuerySet, asked: str | Question, *, ranked: bool = False) -> ProductQuerySet:
    """
    Return the products that have every word of a search, each with ``relevance``, the higher the better.

    It depends on the product and on nothing else in the catalogue, so pages keep their order while that changes.

    :param asked: the text, which costs a statement now, or what ``read`` has made of it.
    :param ranked: for a list by relevance: of many products only a thousand are left. Otherwise it is 0.
    """
    question = read(asked) if isinstance(asked, str) else asked
    unranked = products.annotate(relevance=Value(0, output_field=IntegerField()))
    if question.empty:
        return unranked
    if not question.words:
        return unranked.none()
    if not ranked:
        every = _with(question.begun()) if question.ids is None else Among(question.ids)
        return unranked.filter(pk__in=every)
    return products.filter(pk__in=_best(products, question)).annotate(relevance=_relevance(question))


class _Matches(Func):
    """Whether the index finds an entry by a tree of words."""

    output_field = BooleanField()

    def __init__(self, postgres: str, sqlite: str) -> None:
        super().__init__(F("pk"), F("vector"))
        self._postgres, self._sqlite = postgres, sqlite

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the test that the index on words knows."""
        sql, params = compiler.compile(self.source_expressions[1])
        return f"{sql} @@ %s::tsquery", (*params, self._postgres)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the test that FTS5 has on the table as a whole, which is a hidden column of its own name."""
        key: Any = self.source_expressions[0]
        table = compiler.quote_name_unless_alias(key.target.model._meta.db_table)
        return f"{compiler.quote_name_unless_alias(key.alias)}.{table} MATCH %s", (self._sqlite,)


class _Has(Func):
    """
    Whether a product's entry, which is joined, has a tree of words in its name or, where told, in its keywords too.

    On SQLite FTS5 can't be asked about a row: there the columns hold each word between spaces.
    """

    output_field = BooleanField()

    def __init__(self, node: Node, *, keywords: bool = False) -> None:
        super().__init__(*(F(f"search_entry__{name}") for name in ("vector", "name", "keywords")))
        self._node = node
        self._keywords = keywords

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return a test by weights."""
        sql, params = compiler.compile(self.source_expressions[0])
        query = tsquery(self._node, weights="AB" if self._keywords else "A")
        return f"{sql} @@ %s::tsquery", (*params, query)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return a test of the text."""
        compiled = [compiler.compile(column)[0] for column in self.source_expressions[1:]]
        text = " || ' ' || ".join(compiled if self._keywords else compiled[:1])
        looked_for: list[str] = []

        def term(one: Term) -> str:
            looked_for.append(f" {one.form}" if one.prefix else f" {one.form} ")
            return f"instr(' ' || {text} || ' ', %s) > 0"

        return written(self._node, term, both=" AND ", either=" OR "), looked_for


class _IsSku(_Has):
    """Whether a product has a variant of this SKU, however it is written."""

    def __init__(self, code: str) -> None:
        super().__init__(Term(f"#{code}"), keywords=True)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return a test without weights: the SKU as a whole has none."""
        sql, params = compiler.compile(self.source_expressions[0])
        return f"{sql} @@ %s::tsquery", (*params, tsquery(self._node))


def _with(node: Node) -> QuerySet[Any]:
    return _entries(tsquery(node), fts5(node))


def _entries(postgres: str, sqlite: str) -> QuerySet[Any]:
    return SearchEntry.objects.filter(_Matches(postgres, sqlite)).values("pk")


def _best(products: ProductQuerySet, question: Question) -> Any:
    """Return the ids of as many products as are ranked, those first that are sure to stand high."""
    if question.ids is not None:
        return Among(question.ids)
    everywhere = question.begun()
    if connection.vendor != "postgresql":
        first = Case(When(_high(question), then=1), default=0, output_field=IntegerField())
        return (
            products.filter(pk__in=_with(everywhere))
            .order_by(first.desc(), "-pk")
            .values("pk")[: looking.MOST]
        )
    # By the index, and only until there are enough: an order would have to look at all.
    high = f"'#{question.code}' | {tsquery(everywhere, mark='=')}"
    parts = [
        products.filter(pk__in=_entries(query, "")).order_by().values("pk")[: looking.MOST]
        for query in (high, f"{tsquery(everywhere)} & !({high})")
    ]
    return parts[0].union(parts[1], all=True)[: looking.MOST]


def _high(question: Question) -> Q:
    return Q(_Has(question.begun())) | Q(_IsSku(question.code))


def _relevance(question: Question) -> Any:
    name = "search_entry__name__contains"
    worth = Case(
        When(_IsSku(question.code), then=_IS_THE_SKU),
        When(**{name: f"| {question.sentence} |"}, then=_IS_THE_NAME),
        When(**{name: f"| {question.sentence}"}, then=_BEGINS_THE_NAME),
        default=0,
        output_field=IntegerField(),
    )
    return sum((_worth_of(word) for word in question.words), start=worth)


def _worth_of(word: Word) -> Any:
    return Case(
        When(_Has(word.whole()), then=_WHOLE_IN_NAME),
        When(_Has(word.begun()), then=_IN_NAME),
        When(_Has(word.whole(), keywords=True), then=_WHOLE_IN_KEYWORDS),
        When(_Has(word.begun(), keywords=True), then=_IN_KEYWORDS),
        default=_ANYWHERE,
        output_field=IntegerField(),
    )

"""What a tree of words is to the database: a test of a product's entry, and how well it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import BooleanField, Case, F, Func, IntegerField, Q, QuerySet, Value, When

from products.models import SearchEntry
from products.search.beginnings import sought
from products.search.terms import Node, Term, fts5, tsquery, written

if TYPE_CHECKING:
    from products.search.question import Question, Word

# What a word is worth where it stands, and what the whole text is.
_WHOLE_IN_NAME, _IN_NAME, _WHOLE_IN_KEYWORDS, _IN_KEYWORDS, _ANYWHERE = 8, 6, 4, 3, 1
_IS_THE_SKU, _IS_THE_NAME, _BEGINS_THE_NAME = 400, 200, 100
# From a product to its entry.
FROM_PRODUCT = "search_entry__"


def having(node: Node, *, from_index: bool = False) -> QuerySet[Any]:
    """
    Return the entries that have a tree of words anywhere.

    :param from_index: that PostgreSQL shall read them from the index, see ``sought``.
    """
    return SearchEntry.objects.filter(_Matches(sought(node, from_index=from_index), fts5(node)))


def standing_high(question: Question) -> QuerySet[Any]:
    """Return the entries that have all words in the name, or the text as a SKU; PostgreSQL's index knows them."""
    return SearchEntry.objects.filter(_Matches(_high(question), ""))


def standing_lower(question: Question) -> QuerySet[Any]:
    """Return those that have all words, but not high."""
    # The second is asked of the rows that are found: the index would ask it of all that it knows.
    everywhere = SearchEntry.objects.filter(_Matches(sought(question.begun()), ""))
    return everywhere.exclude(_Matches(_high(question), ""))


def stands_high(question: Question) -> Q:
    """Return the test of a product that ``standing_high`` is of entries, for a database whose index can't tell."""
    return Q(_Has(question.begun(), FROM_PRODUCT)) | Q(_IsSku(question.code, FROM_PRODUCT))


def relevance(question: Question, path: str = FROM_PRODUCT) -> Any:
    """Return how well a product answers, the higher the better; it depends on nothing else in the catalogue."""
    name = f"{path}name__contains"
    worth = Case(
        When(_IsSku(question.code, path), then=_IS_THE_SKU),
        When(**{name: f"| {question.sentence} |"}, then=_IS_THE_NAME),
        When(**{name: f"| {question.sentence}"}, then=_BEGINS_THE_NAME),
        default=0,
        output_field=IntegerField(),
    )
    return sum((_worth_of(word, path) for word in question.words), start=worth)


def no_relevance() -> Value:
    """Return what stands for it where nothing is ranked."""
    return Value(0, output_field=IntegerField())


class _Matches(Func):
    """Whether the index finds an entry by a tree of words."""

    output_field = BooleanField()

    def __init__(self, postgres: tuple[str, tuple[Any, ...]], sqlite: str) -> None:
        super().__init__(F("pk"), F("vector"))
        self._postgres, self._sqlite = postgres, sqlite

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the test that the index on words knows."""
        sql, params = compiler.compile(self.source_expressions[1])
        return f"{sql} @@ {self._postgres[0]}", (*params, *self._postgres[1])

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the test that FTS5 has on the table as a whole, which is a hidden column of its own name."""
        key: Any = self.source_expressions[0]
        table = compiler.quote_name_unless_alias(key.target.model._meta.db_table)
        return f"{compiler.quote_name_unless_alias(key.alias)}.{table} MATCH %s", (self._sqlite,)


class _Has(Func):
    """
    Whether a product's entry, found by a path, has a tree of words in its name or, where told, in its keywords too.

    On SQLite FTS5 can't be asked about a row: there the columns hold each word between spaces.
    """

    output_field = BooleanField()

    def __init__(self, node: Node, path: str, *, keywords: bool = False) -> None:
        super().__init__(*(F(f"{path}{name}") for name in ("vector", "name", "keywords")))
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

    def __init__(self, code: str, path: str) -> None:
        super().__init__(Term(f"#{code}"), path, keywords=True)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return a test without weights: the SKU as a whole has none."""
        sql, params = compiler.compile(self.source_expressions[0])
        return f"{sql} @@ %s::tsquery", (*params, tsquery(self._node))


def _high(question: Question) -> tuple[str, tuple[Any, ...]]:
    return sought(question.begun(), mark="=", besides=f"'#{question.code}'")


def _worth_of(word: Word, path: str) -> Any:
    return Case(
        When(_Has(word.whole(), path), then=_WHOLE_IN_NAME),
        When(_Has(word.begun(), path), then=_IN_NAME),
        When(_Has(word.whole(), path, keywords=True), then=_WHOLE_IN_KEYWORDS),
        When(_Has(word.begun(), path, keywords=True), then=_IN_KEYWORDS),
        default=_ANYWHERE,
        output_field=IntegerField(),
    )

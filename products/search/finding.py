"""Products that a search finds: all of them, or the best in their order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Case, IntegerField, When

from products.memory import Noted
from products.models import SearchEntry
from products.search import looking
from products.search.looking import look_up
from products.search.matching import (
    having,
    no_relevance,
    relevance,
    standing_high,
    standing_lower,
    stands_high,
)
from products.search.question import Question, look, parsed
from products.search.ranking import Ranking
from shop.core.sql import Among

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db.models import QuerySet

    from products.models.catalogue import ProductQuerySet


@dataclass(frozen=True, kw_only=True)
class Found:
    """
    What a search finds.

    ``products`` have ``relevance``, the higher the better. Where there is a ``ranking``, it alone says which of them
    are found, and where there are ``categories``, only what is in one of these is. ``version`` is that of the catalogue
    that was looked through, or None where nothing was. ``counted`` are the same products in a form that is counted
    sooner, where there is one.
    """

    products: ProductQuerySet
    counted: ProductQuerySet | None = None
    ranking: Ranking | None = None
    categories: tuple[int, ...] | None = None
    version: int | None = None

    def rows(self) -> ProductQuerySet:
        """Return the products that are found."""
        found = self.products
        if self.categories is not None:
            found = found.filter(category__in=self.categories)
        return found if self.ranking is None else found.filter(pk__in=Among(self.ranking.ids))


def found(products: ProductQuerySet, text: str, *, ranked: bool = False) -> ProductQuerySet:
    """
    Return the products that have every word of a search, each with ``relevance``, the higher the better.

    It depends on the product and on nothing else in the catalogue, so pages keep their order while that changes.

    :param ranked: for a list by relevance: of many products only a thousand are left. Otherwise it is 0.
    """
    return (best if ranked else every)(products, text).rows()


def every(products: ProductQuerySet, text: str) -> Found:
    """Return all that a search finds, without an order; it costs a statement, see ``found``."""
    question = _read(text)
    unranked = products.annotate(relevance=no_relevance())
    if not question.words:
        return Found(products=unranked if question.empty else unranked.none())
    if question.ids is not None:
        return Found(products=unranked.filter(pk__in=Among(question.ids)), version=question.version)
    some, all_of_them = (
        unranked.filter(pk__in=having(question.begun(), from_index=whole).values("pk"))
        for whole in (False, True)
    )
    return Found(products=some, counted=all_of_them, version=question.version)


def best(products: ProductQuerySet, text: str, *, about: Mapping[str, Any] | None = None) -> Found:
    """
    Return what a search finds, of many a thousand: those first that have all words in the name.

    It costs a statement, and another one where a word was a slip. Where the products are many, their order is
    remembered until an edit.

    :param about: what the products depend on, the text included; without it nothing is remembered.
    """
    question = parsed(text)
    if not question.words:
        return every(products, text)
    noted = Noted("ranking", about, on_stock="in_stock" in (about or ()))
    understood, seen = look(question, _ranked(products, question), known=noted.version)
    if understood is not question:
        # Where a word was a slip nothing was found, and what is meant by it is looked for.
        seen = look_up(_ranked(products, understood), {})
    ranking: Any = noted.value if seen.hits is None else Ranking.of(seen.hits)
    noted.keep(ranking, version=seen.version, products=len(ranking.places))
    ordered = products.annotate(relevance=relevance(understood))
    return Found(products=ordered, ranking=ranking, version=seen.version)


def readings(products: ProductQuerySet, text: str, *columns: str) -> Iterator[Any]:
    """
    Yield these columns of the products that ``best`` would find, in no order: as the text says, and as it may be meant.

    The first costs no statement but its own. Who found nothing may ask for the second, if there is one; that costs a
    statement.
    """
    question = parsed(text)
    if not question.words:
        return
    yield _candidates(products, question, *columns)
    nothing = SearchEntry.objects.filter(pk=0).annotate(relevance=no_relevance())
    understood, _ = look(question, nothing.values_list("pk", "relevance"))
    if understood is not question:
        yield _candidates(products, understood, *columns)


def _read(text: str) -> Question:
    """Return what a text asks for, and what it finds where that is little; one statement, or none without a word."""
    question = parsed(text)
    if not question.words:
        return question
    noted = Noted("many", {"q": text})
    hits = having(question.begun()).annotate(relevance=no_relevance()).values_list("pk", "relevance")
    understood, seen = look(question, hits[: looking.MOST + 1], known=noted.version)
    many = seen.hits is None or len(seen.hits) > looking.MOST
    if many:
        noted.keep("yes", version=seen.version, products=looking.MOST)
    unknown = many or understood is not question
    ids = None if unknown else tuple(pk for pk, _ in seen.hits or ())
    return replace(understood, ids=ids, version=seen.version)


def _ranked(products: ProductQuerySet, question: Question) -> QuerySet[Any]:
    """Return the ids of what is ranked, with their relevance."""
    entries = SearchEntry.objects.filter(pk__in=_candidates(products, question, "pk"))
    return entries.annotate(relevance=relevance(question, "")).values_list("pk", "relevance")


def _candidates(products: ProductQuerySet, question: Question, *columns: str) -> Any:
    """Return columns of as many products as are ranked, those first that are sure to stand high."""
    most = looking.MOST
    if connection.vendor != "postgresql":
        first = Case(When(stands_high(question), then=1), default=0, output_field=IntegerField())
        everywhere = products.filter(pk__in=having(question.begun()).values("pk"))
        return everywhere.order_by(first.desc(), "-pk").values_list(*columns)[:most]
    # By the index, and only until there are enough: an order would have to look at all.
    parts = [
        products.filter(pk__in=entries.values("pk")).order_by().values_list(*columns)[:most]
        for entries in (standing_high(question), standing_lower(question))
    ]
    return parts[0].union(parts[1], all=True)[:most]

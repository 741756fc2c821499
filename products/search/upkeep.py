"""Making the index whole: after an upgrade, a change of its language, or a catalogue that was written by hand."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Max, Q

from products.models import Product, SearchForm, SearchWord
from products.search.indexing import BATCH, Words, index, indexed
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from products.models.catalogue import ProductQuerySet

# What one run of the job looks through, and how much of it is indexed: a second or two of work.
_WINDOW = 50_000
_BATCHES_AT_ONCE = 4


def index_missing(progress: Callable[[int, int], None]) -> int:
    """Index the products that search knows nothing of, each batch in a transaction; return how many."""
    return _index_in_batches(_missing(), progress)[0]


def index_all(progress: Callable[[int, int], None]) -> int:
    """
    Index every product anew, each batch in a transaction; return how many are indexed.

    Archived ones drop out, and so do the words that no product has any more.
    """
    former = {known: set(known.objects.values_list("word", flat=True)) for known in (SearchWord, SearchForm)}
    everything = Product.objects.filter(Q(archived_at__isnull=True) | Q(search_entry__isnull=False))
    done, words = _index_in_batches(everything, progress)
    # A word that a product has got back in the meantime goes too: it still finds that product, and only a slip of
    # that word, or its beginning beside another word, finds it no more until the next time.
    for known, present in ((SearchWord, words.vocabulary), (SearchForm, words.beginnings)):
        gone = sorted(former[known] - present)
        for start in range(0, len(gone), BATCH):
            use_case(_forget, known, gone[start : start + BATCH])
    return done


def index_a_part(now: datetime) -> int:
    """
    Index what is missing in one stretch of the catalogue, a part of it at once; return how many.

    Which stretch it is goes with the minute, so that a big catalogue is looked through at little cost a run.
    """
    last = Product.objects.aggregate(last=Max("pk"))["last"] or 0
    start = int(now.timestamp() // 60) % (last // _WINDOW + 1) * _WINDOW
    missing = _missing().filter(pk__gte=start, pk__lt=start + _WINDOW).order_by("pk")
    ids = list(missing.values_list("pk", flat=True)[: _BATCHES_AT_ONCE * BATCH])
    for first in range(0, len(ids), BATCH):
        use_case(index, ids[first : first + BATCH])
    return len(ids)


def _missing() -> ProductQuerySet:
    return Product.objects.filter(archived_at__isnull=True, search_entry__isnull=True)


def _index_in_batches(products: ProductQuerySet, progress: Callable[[int, int], None]) -> tuple[int, Words]:
    """Return how many were indexed, and their words."""
    total = products.count()
    done, last, words = 0, 0, Words()
    while ids := list(products.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        words.add(use_case(indexed, ids))
        done, last = done + len(ids), ids[-1]
        # Some may have been added meanwhile.
        progress(done, max(done, total))
    return done, words


def _forget(known: type[SearchWord | SearchForm], words: list[str]) -> None:
    known.objects.filter(word__in=words).delete()

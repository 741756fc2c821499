"""Finding products by words: ``index`` keeps what is looked through, ``found`` looks."""

from products.search.finding import Found, best, every, found, readings
from products.search.indexing import index
from products.search.looking import MOST
from products.search.ranking import Ranking
from products.search.upkeep import index_a_part, index_all, index_missing

__all__ = [
    "MOST",
    "Found",
    "Ranking",
    "best",
    "every",
    "found",
    "index",
    "index_a_part",
    "index_all",
    "index_missing",
    "readings",
]

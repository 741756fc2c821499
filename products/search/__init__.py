"""Finding products by words: ``index`` keeps what is looked through, ``found`` looks."""

from products.search.indexing import index
from products.search.matching import found
from products.search.question import Question, read
from products.search.upkeep import index_a_part, index_all, index_missing

__all__ = ["Question", "found", "index", "index_a_part", "index_all", "index_missing", "read"]

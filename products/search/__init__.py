"""Finding products by words: ``index`` keeps what is looked through, ``found`` looks."""

from products.search.entries import Said, entry_of
from products.search.indexing import index, learn
from products.search.matching import found
from products.search.question import Question, read

__all__ = ["Question", "Said", "entry_of", "found", "index", "learn", "read"]

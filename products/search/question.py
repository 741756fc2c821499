"""What somebody searches for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings

from products.memory import NEVER
from products.search.looking import Seen, look_up
from products.search.spelling import nearest
from products.search.stopwords import says_nothing
from products.search.terms import Node, Term, all_of, any_of
from products.search.words import joined, stem, words_in

if TYPE_CHECKING:
    from django.db.models import QuerySet

MAX_WORDS = 8
MAX_LENGTH = 100
# A shorter word is near to too many others.
_SHORTEST_SLIP = 4


@dataclass(frozen=True)
class Word:
    """One word of a search, in its parts; ``meant`` are those of the vocabulary that it may be a slip of."""

    parts: tuple[str, ...]
    meant: tuple[str, ...] = ()

    def begun(self) -> Node:
        """Return what finds the word, as a beginning too, and what is meant by it."""
        # Whoever writes a sign has finished what stands before it.
        apart = all_of(*map(_whole, self.parts[:-1]), _begun(self.parts[-1]))
        return any_of(apart, *self._joined(prefix=True), *map(_whole, self.meant))

    def whole(self) -> Node:
        """Return what finds the word as it is, whatever its ending."""
        return any_of(all_of(*map(_whole, self.parts)), *self._joined(prefix=False))

    def may_be_a_slip(self) -> bool:
        """Tell whether another word may be meant; signs and digits are no slips."""
        return len(self.parts) == 1 and self.parts[0].isalpha() and len(self.parts[0]) >= _SHORTEST_SLIP

    def _joined(self, *, prefix: bool) -> tuple[Node, ...]:
        return (Term(joined(self.parts), prefix=prefix),) if len(self.parts) > 1 else ()


@dataclass(frozen=True, kw_only=True)
class Question:
    """
    A search as it was understood: each of ``words`` must be found.

    ``sentence`` is the text in plain words, ``code`` as one word. A text of spaces alone asks for nothing
    (``empty``); one of signs alone asks for what no product has. ``ids`` are the products that it finds, or None
    where they aren't known beforehand: there are many, or another word is meant. ``version`` is that of the catalogue
    they were looked for in.
    """

    words: tuple[Word, ...]
    sentence: str
    code: str
    empty: bool
    ids: tuple[int, ...] | None = ()
    version: int | None = None

    def begun(self) -> Node:
        """Return what finds the products."""
        return all_of(*(word.begun() for word in self.words))


def parsed(text: str) -> Question:
    """Return what a text says, its first eight words."""
    written = words_in(text[:MAX_LENGTH])[:MAX_WORDS]
    parts = [part for word in written for part in word]
    telling = [word for word in written if not _says_nothing(word)]
    return Question(
        words=tuple(Word(word) for word in telling or written),
        sentence=" ".join(parts),
        code=joined(tuple(parts)),
        empty=not text.strip(),
    )


def look(question: Question, hits: QuerySet[Any], *, known: int = NEVER) -> tuple[Question, Seen]:
    """
    Look for what is asked; one statement. Where a word was a slip, the question is another one, which isn't looked for.

    :param hits: rows of an id and its relevance.
    :param known: see ``look_up``.
    """
    slips = {word.parts[0]: word.begun() for word in question.words if word.may_be_a_slip()}
    seen = look_up(hits, slips, known=known)
    meant = {word: found for word, near in seen.like.items() if (found := nearest(word, near))}
    if not meant:
        return question, seen
    words = tuple(replace(word, meant=meant.get(word.parts[0], ())) for word in question.words)
    return replace(question, words=words, ids=None), seen


def _says_nothing(word: tuple[str, ...]) -> bool:
    return len(word) == 1 and says_nothing(word[0], settings.SEARCH_LANGUAGE)


def _begun(part: str) -> Node:
    # With a single letter begins a good part of all words; in Chinese it may be one.
    prefix = len(part) > 1 or not part.isascii()
    begun = Term(part, prefix=prefix)
    # What begins so is found already, and the same word twice would be looked for twice.
    return begun if prefix and stem(part).startswith(part) else any_of(begun, Term(stem(part)))


def _whole(part: str) -> Node:
    return any_of(Term(part), Term(stem(part)))

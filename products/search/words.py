"""Words as search compares them: made plain in Python, so that every database compares alike."""

from __future__ import annotations

import threading
import unicodedata
from functools import lru_cache
from typing import Any

import snowballstemmer
from django.conf import settings

# As long as a word of the vocabulary may be; an index has no use for the rest of a longer one.
_LONGEST = 60
# What separates the parts of "t-shirt", while white space separates words.
_JOINT = "-"
# Combining classes up to this one are vowels and joints of Indic scripts, without which a word is another one.
_LAST_OF_LETTERS = 9
# Letters that Unicode doesn't take apart, though people without their keyboard do.
_ALIKE = {
    "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "þ": "th", "Þ": "th", "æ": "ae",
    "Æ": "ae", "œ": "oe", "Œ": "oe", "ħ": "h", "Ħ": "h", "ŧ": "t", "Ŧ": "t", "ı": "i",
}  # fmt: skip
_stemmers = threading.local()


class _Table(dict[int, str]):
    """What becomes of each character; filled as they are met."""

    def __missing__(self, code: int) -> str:
        self[code] = _plain_character(chr(code))
        return self[code]


def _plain_character(char: str) -> str:
    kind = unicodedata.category(char)
    if char.isspace():
        return " "
    # Accents; and soft hyphens, joiners and what chooses the colour of a sign.
    if unicodedata.combining(char) > _LAST_OF_LETTERS or kind in ("Cf", "Me") or "\ufe00" <= char <= "\ufe0f":
        return ""
    if char.isalnum() or kind in ("Mn", "Mc"):
        return _ALIKE.get(char, char)
    return _JOINT


_TABLE = _Table()


def plain(text: str) -> str:
    """Return a text in small letters without accents and signs; ``-`` stands where a sign was inside of a word."""
    if not text.isascii():
        # Put together again at the end: as single strokes, a Korean word is three times as long.
        taken_apart = unicodedata.normalize("NFKD", text).translate(_TABLE).casefold()
        return unicodedata.normalize("NFC", taken_apart)
    return text.translate(_TABLE).casefold()


def words_in(text: str) -> list[tuple[str, ...]]:
    """Return the words of a text in their order, each as its parts: ``T-Shirt, red`` is (t, shirt) and (red)."""
    split = (
        tuple(part[:_LONGEST] for part in word.split(_JOINT) if part and part[0].isalnum())
        for word in plain(text).split()
    )
    return [parts for parts in split if parts]


def joined(parts: tuple[str, ...]) -> str:
    """Return a word of several parts as people write it who leave the signs out: ``tshirt``."""
    return "".join(parts)[:_LONGEST]


def stem(word: str) -> str:
    """Return a plain word without its ending in the language of search: ``lamp`` for ``lamps``."""
    # Numbers and SKUs have none, and would fill the cache with what comes once.
    return _stem(word, settings.SEARCH_LANGUAGE) if word.isalpha() else word


@lru_cache(maxsize=100_000)
def _stem(word: str, language: str) -> str:
    if language == "none":
        return word
    return str(_stemmer(language).stemWord(word)) or word


def _stemmer(language: str) -> Any:
    # One for each thread: it works on a state of its own.
    if getattr(_stemmers, "language", None) != language:
        _stemmers.language, _stemmers.stemmer = language, snowballstemmer.stemmer(language)
    return _stemmers.stemmer

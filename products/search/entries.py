"""What search keeps of a product: its words, by where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from products.html import plain_text
from products.search.beginnings import form_of
from products.search.words import joined, stem, words_in

# Of each language's description, in characters: what stands further down is found by nobody.
_MOST_OF_A_DESCRIPTION = 5000
# Longer ones than SKUs are lists that somebody wrote without spaces.
_MOST_JOINED = 6
_SHORTEST_KNOWN = 3


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the catalogue says of a product; ``descriptions`` may be HTML, ``names`` begin with its own."""

    product_id: int
    names: Sequence[str]
    keywords: Sequence[str] = ()
    skus: Sequence[str] = ()
    descriptions: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    The words of a product in both forms.

    ``called`` are its names, each between bars. PostgreSQL keeps that and ``vector``, SQLite the three columns.
    ``vocabulary`` is what mistyped words are compared with, ``beginnings`` what those that aren't finished are.
    """

    product_id: int
    called: str
    name: str
    keywords: str
    body: str
    vector: str
    vocabulary: frozenset[str]
    beginnings: frozenset[str]


def entry_of(said: Said) -> Entry:
    """Return what is kept of a product."""
    names = list(dict.fromkeys(_sentence(name) for name in said.names))
    called = f"| {' | '.join(name for name in names if name)} |"
    in_name = _forms(said.names)
    keywords = _forms((*said.keywords, *said.skus))
    body = _forms(_description(text) for text in said.descriptions)
    marks = [f"#{whole(sku)}" for sku in said.skus]
    return Entry(
        product_id=said.product_id,
        called=called,
        name=" ".join((called, *in_name)),
        keywords=" ".join((*marks, *keywords)),
        body=" ".join(body),
        vector=_vector(in_name, keywords, body, marks),
        vocabulary=frozenset(_known((*said.names, *said.keywords))),
        beginnings=frozenset(_beginnings(in_name | keywords | body)),
    )


def whole(text: str) -> str:
    """Return a text as one word, which is how a SKU is recognised however it is written."""
    return joined(tuple(part for parts in words_in(text) for part in parts))


def _sentence(text: str) -> str:
    return " ".join(part for parts in words_in(text) for part in parts)


def _description(html: str) -> str:
    text = plain_text(html) if "<" in html or "&" in html else html
    return text[:_MOST_OF_A_DESCRIPTION]


def _forms(texts: Iterable[str]) -> dict[str, None]:
    """Return the different words of texts as they are found by: as written, joined, and without endings."""
    found: dict[str, None] = {}
    for text in texts:
        for parts in words_in(text):
            forms = (*parts, joined(parts)) if 1 < len(parts) <= _MOST_JOINED else parts
            for form in forms:
                found[form] = found[stem(form)] = None
    return found


def _vector(name: Iterable[str], keywords: Iterable[str], body: Iterable[str], marks: Iterable[str]) -> str:
    """
    Return PostgreSQL's form: A for the name, B for keywords, D (which isn't written) for the rest.

    The words of the name stand there a second time behind a "=", and SKUs behind a "#": the index doesn't know
    weights, and would have to look at every row that has the word anywhere.
    """
    weights = dict.fromkeys(body, "") | dict.fromkeys(keywords, "B") | dict.fromkeys(name, "A")
    weights |= dict.fromkeys((f"={word}" for word in name), "") | dict.fromkeys(marks, "")
    # No word has a quote or a backslash: words_in leaves letters and digits.
    return " ".join(f"'{word}':1{weight}" for word, weight in weights.items())


def _known(texts: Iterable[str]) -> Iterator[str]:
    """Yield the words that mistyped ones are compared with, and their stems, which one slip is nearer to."""
    for text in texts:
        for parts in words_in(text):
            forms = (form for part in parts for form in (part, stem(part)) if not part.isnumeric())
            yield from (form for form in forms if len(form) >= _SHORTEST_KNOWN)


def _beginnings(words: Iterable[str]) -> Iterator[str]:
    """Yield the forms of words, but of "seed-500" no "seed*": whoever begins it in letters finds it by "seed" too."""
    known = frozenset(words)
    forms = (form_of(word) for word in known)
    yield from (form for form in forms if form and (form in known or form.rstrip("*") not in known))

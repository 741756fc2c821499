"""What the shop lets staff write as HTML, and what it says without it."""

from __future__ import annotations

from html.parser import HTMLParser

import nh3

# What a text is made of; nothing that runs, loads a page, or reaches out of its place on the storefront.
_ALLOWED = nh3.Cleaner(
    tags={
        "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del", "details",
        "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins",
        "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "small", "span", "strong", "sub", "summary", "sup", "table",
        "tbody", "td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "wbr",
    },
    attributes={
        "*": {"lang", "dir", "title"},
        "a": {"href"},
        "img": {"src", "alt", "width", "height"},
        "ol": {"start"},
        "td": {"colspan", "rowspan"},
        "th": {"colspan", "rowspan", "scope"},
    },
    url_schemes={"http", "https", "mailto", "tel"},
)  # fmt: skip
_INLINE = frozenset(
    {
        "a", "abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "small", "span", "strong",
        "sub", "sup", "time", "u", "wbr",
    }
)  # fmt: skip


def safe_html(text: str) -> str:
    """
    Return a text with the markup that shoppers may be shown and without any other; a second time changes nothing.

    A text without "<" has no markup: it stays to the letter.
    """
    return _ALLOWED.clean(text) if "<" in text else text


def plain_text(html: str, *, most: int | None = None) -> str:
    """
    Return the words of an HTML text in one line.

    :param most: characters, as for ``shortened``.
    """
    words = _Words()
    words.feed(html)
    words.close()
    said = " ".join("".join(words.parts).split())
    return said if most is None else shortened(said, most=most)


def shortened(text: str, *, most: int) -> str:
    """Return a line of at most so many characters; a longer one ends with its last whole word that fits and "…"."""
    if len(text) <= most:
        return text
    cut = text[:most]
    return (cut.rpartition(" ")[0] or cut[:-1]) + "…"


class _Words(HTMLParser):
    """Collects what stands between the tags; a tag that isn't part of a sentence parts words."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        self._part(tag)

    def _part(self, tag: str) -> None:
        if tag not in _INLINE:
            self.parts.append(" ")

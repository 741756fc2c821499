"""Turning a letter into subject, text and HTML. Nothing here reads the database or the network."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from notifications import links, sandbox
from shop.core import formats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifications.sandbox import Words

log = logging.getLogger(__name__)

# Mail programs cut a subject far earlier; a header line may not be longer than 998 characters.
_LONGEST_SUBJECT = 200
# Lists of mail show this much beside the subject, the narrow ones less.
_PREHEADER = 140
# Behind it in the mail, so that a list with more room doesn't go on with the shop's name and the heading.
_FILLER = "\u034f\u200c\N{NO-BREAK SPACE}" * 60


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A mail's three written parts, equal in content; ``preheader`` is what lists of mail show of it."""

    subject: str
    preheader: str
    text: str
    html: str


def render(
    *, template: str, language: str, context: Mapping[str, Any], words: Words | None = None
) -> Rendered:
    """
    Write a mail in a language.

    :param template: the name its three files share, such as ``order_placed``.
    :param context: what the templates show; strings from shoppers may be in it as they are.
    :param words: what staff have written in place of the shop's own words. Should they fail with these very values,
        the shop's own are sent: a mail with other words is better than none.
    """
    with translation.override(language):
        values = {**_everywhere(language), **context}
        own = _written(template, words, values)
        # The subject first: the HTML part has it as its title.
        subject = _subject(own.subject if own else _render(template, "subject.txt", values))
        text = _tidy(_render(template, "txt", {**values, "written": own.text if own else ""}))
        preheader = _preheader(text, values)
        values |= {"subject": subject, "preheader": preheader, "filler": _FILLER}
        page = _render(template, "html", {**values, "written": own.html if own else ""})
        return Rendered(subject=subject, preheader=preheader, text=text, html=_inliner().inline(page))


def supported(language: str) -> str:
    """Return the shop's language that comes nearest to the wanted one, or the shop's own."""
    known = dict(settings.LANGUAGES)
    wanted = (language or "").lower().replace("_", "-")
    for candidate in (wanted, wanted.partition("-")[0]):
        if candidate in known:
            return candidate
    return str(settings.LANGUAGE_CODE)


@cache
def _inliner() -> css_inline.CSSInliner:
    # Media queries can't be inlined: they stay in the head, for dark mode and small screens.
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def _written(template: str, words: Words | None, values: Mapping[str, Any]) -> Words | None:
    if words is None:
        return None
    try:
        return sandbox.write(template, words, values)
    except Exception:
        log.exception("the words that staff have written for %s can't be used", template)
        return None


def _render(template: str, part: str, values: Mapping[str, Any]) -> str:
    return render_to_string(f"notifications/{template}.{part}", dict(values))


def _everywhere(language: str) -> dict[str, Any]:
    return {
        "language": language,
        "shop_name": settings.SHOP_NAME,
        "shop_address": [line.strip() for line in settings.SHOP_ADDRESS.splitlines() if line.strip()],
        "shop_vat_id": settings.SHOP_VAT_ID,
        "contact_email": settings.CONTACT_EMAIL,
        "home_url": links.home(),
    }


def _subject(written: str) -> str:
    # One line without control characters: a line break would let its author write headers of their own.
    return formats.one_line(written)[:_LONGEST_SUBJECT]


def _preheader(text: str, values: Mapping[str, Any]) -> str:
    """Return what a list of mail shows beside the subject: how the text goes on behind heading and greeting."""
    # The heading says what the subject says, and an address with a token has no place in a list.
    heading, _, body = text.partition("\n\n")[2].partition("\n--\n")[0].partition("\n\n")
    greeting = _render("_greeting", "txt", values).strip()
    paragraphs = [
        part for part in (body or heading).split("\n\n") if part.strip() != greeting and "://" not in part
    ]
    shown = formats.one_line(re.sub(r"(?m)^\* ", "", "\n".join(paragraphs)))
    return shown if len(shown) <= _PREHEADER else shown[:_PREHEADER].rpartition(" ")[0] + "…"


def _tidy(written: str) -> str:
    """Take out what template tags leave behind: spaces at line ends and piles of empty lines."""
    lines = "\n".join(line.rstrip() for line in written.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"

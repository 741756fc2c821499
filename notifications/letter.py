"""A letter: where a message goes, in which language, and what its templates show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shop.core import formats

# A name with one of these may be an advertisement that somebody has sent to a stranger in the shop's name.
_NOT_IN_NAMES = frozenset('/:.@<>{}[]|\\=%&#?!"\n\r\t')
_LONGEST_NAME = 40


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes
    mimetype: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """Where a message goes, in which language, and what its templates show."""

    address: str
    language: str
    context: dict[str, Any]
    attachments: tuple[Attachment, ...] = ()
    # Other words than those the message is named after.
    template: str = ""
    # Where one POST ends mail of this kind; of mail that isn't about an order or the account itself.
    unsubscribe_url: str = ""


def greeting_name(name: str) -> str:
    """Return a name to greet with, or nothing when it may be somebody's advertisement."""
    if len(name) > _LONGEST_NAME or _NOT_IN_NAMES & set(name):
        return ""
    return formats.one_line(name)

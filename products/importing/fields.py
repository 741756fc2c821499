"""What more than one kind of file says, read in one way."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from products.html import safe_html
from shop.core.names import FILTER_NAME

MOST_STOCK = 10_000_000
# What staff may set at most: as good as without a limit.
WITHOUT_LIMIT = 1_000_000
_LONGEST_DESCRIPTION = 100_000
_LONGEST_ADDRESS = 2000
_LONGEST_NAME = 50


def description(cell: str) -> str:
    """
    Return a text with the markup that shoppers may be shown.

    :raises ValueError: it is too long.
    """
    if len(cell) > _LONGEST_DESCRIPTION:
        raise ValueError(f"A description has {_LONGEST_DESCRIPTION} characters at most.")
    return safe_html(cell)


def source(cell: str) -> str:
    """
    Return the address of a picture; nothing is fetched.

    :raises ValueError: it is none on the web.
    """
    said = cell.strip()
    try:
        found = urlsplit(said)
    except ValueError:
        found = None
    if (
        found is None
        or found.scheme not in ("http", "https")
        or not found.hostname
        or len(said) > _LONGEST_ADDRESS
    ):
        raise ValueError("Write the address of a picture, https://….")
    return said


def attribute_name(text: str) -> str:
    """Return a name as filters can say it, "" where nothing is left of it."""
    said = " ".join(re.sub(r"[^\w -]", " ", text).split())[:_LONGEST_NAME].strip()
    return said if FILTER_NAME.fullmatch(said) else ""

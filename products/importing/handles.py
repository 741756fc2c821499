"""Names that the shop makes itself: the same ones whenever the same file comes again."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

from django.utils.text import slugify

from products.services.naming import RESERVED
from products.services.options import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_HANDLE = re.compile(r"(?=.*[a-z])[-a-zA-Z0-9_]{1,220}")
_LONGEST_HANDLE = 200
_LONGEST_SKU = 64
_DIGEST = 8


def handle_of(text: str) -> str:
    """
    Return the slug that a handle means: itself where it is one, "" for an empty text.

    Accents go; where more than those is lost (``茶``, a text that is too long), a digest keeps two of them apart.
    """
    said = text.strip()
    if not said or (_HANDLE.fullmatch(said) and said not in RESERVED):
        return said
    said = said.lower()
    bare = "".join(c for c in unicodedata.normalize("NFKD", said) if not unicodedata.combining(c))
    slug = slugify(bare)
    lost = slug in RESERVED or not bare.isascii() or len(slug) > _LONGEST_HANDLE or not slug
    slug = slug if any(character.isalpha() for character in slug) else f"item-{slug}".strip("-")
    return f"{slug[: _LONGEST_HANDLE - _DIGEST - 1].strip('-')}-{_digest(said)}" if lost else slug


def handle_from(name: str) -> str:
    """Return the handle of a product that has none, by its name."""
    return handle_of(name.lower())


def made_sku(handle: str, options: Mapping[str, str]) -> str:
    """Return the SKU of a new variant that has none: readable, and of these options alone."""
    if not options and len(handle) <= _LONGEST_SKU:
        return handle
    said = "-".join(filter(None, (handle, *map(slugify, options.values()))))
    return f"{said[: _LONGEST_SKU - _DIGEST - 1].strip('-')}-{_digest(f'{handle} {key_of(options)}')}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]

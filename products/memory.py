"""What is remembered of the catalogue between requests, until an edit."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import cache

from products.models import CatalogueState

if TYPE_CHECKING:
    from collections.abc import Mapping

# What looks at fewer products than this is asked of the database each time, and so is never old.
WORTH_IT = 1000
# Beyond this many products a list says only that they are more, and facets are of the first.
MANY = 10_000
# No version that the catalogue ever has.
NEVER = -1
# How many answers are kept that anybody may ask for in words of their own: of a search some ten kilobytes each.
_PLACES = 500


class Remembered:
    """
    Something counted over many products, kept under the version that the catalogue has now; one statement.

    The version stands in the database, so all processes let go of it with the edit, whatever cache each has. It is
    kept ``CATALOGUE_CACHE`` seconds at most, because products are published by the clock without an edit, and
    ``CATALOGUE_MAX_AGE`` where it depends on stock, which doesn't raise the version. A count over more than ``MANY``
    products may be kept as long whatever is edited.
    """

    def __init__(
        self, what: str, about: Mapping[str, Any], *, on_stock: bool = False, version: int | None = None
    ) -> None:
        """Remember under the present version, or that which another statement has read already."""
        self._seconds = _seconds(on_stock=on_stock)
        if self._seconds:
            version = catalogue_version() if version is None else version
            self._keys = [f"catalogue:{what}:{name}:{_digest(about)}" for name in (version, "many")]
        self.version = version

    def get(self) -> Any:
        """Return what was kept, or None."""
        kept = cache.get_many(self._keys) if self._seconds else {}
        return next(iter(kept.values()), None)

    def keep(self, value: Any, *, products: int, lasting: bool = False) -> None:
        """
        Keep a value that took looking at so many products.

        :param lasting: whatever is edited: for what an edit changes little of, and takes a busy shop's time at each.
        """
        if self._seconds and products >= WORTH_IT:
            cache.set(self._keys[lasting], value, self._seconds)


class Noted:
    """
    Something kept together with the version that it is of, so that one statement reads the version and looks anew.

    However much is asked for, so many are kept: each has one of a fixed number of places, and gives it to the next.
    """

    def __init__(self, what: str, about: Mapping[str, Any] | None, *, on_stock: bool = False) -> None:
        """Look what is kept; without ``about`` nothing is."""
        self.version, self.value = NEVER, None
        self._seconds = _seconds(on_stock=on_stock) if about is not None else 0
        if self._seconds:
            self._digest = _digest(about or {})
            self._key = f"catalogue:{what}:{int(self._digest, 16) % _PLACES}"
            digest, version, value = cache.get(self._key, ("", NEVER, None))
            if digest == self._digest:
                self.version, self.value = version, value

    def keep(self, value: Any, *, version: int, products: int) -> None:
        """Keep a value of this version that took looking at so many products."""
        if self._seconds and version != self.version and products >= WORTH_IT:
            cache.set(self._key, (self._digest, version, value), self._seconds)


def _seconds(*, on_stock: bool) -> int:
    return min(settings.CATALOGUE_CACHE, settings.CATALOGUE_MAX_AGE if on_stock else 86_400)


def _digest(about: Mapping[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(about.items())).encode()).hexdigest()[:32]


def catalogue_version() -> int:
    """Return what names the present catalogue in caches; one statement."""
    return CatalogueState.objects.values_list("version", flat=True).first() or 0

"""What is remembered of the catalogue between requests, until an edit."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import cache

from products.models import CatalogueState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What looks at fewer products than this is asked of the database each time, and so is never old.
WORTH_IT = 1000


class Remembered:
    """
    Something counted over many products, kept under the version that the catalogue has now; one statement.

    The version stands in the database, so all processes let go of it with the edit, whatever cache each has. It is
    kept ``CATALOGUE_CACHE`` seconds at most, because products are published by the clock without an edit, and
    ``CATALOGUE_MAX_AGE`` where it depends on stock, which doesn't raise the version.
    """

    def __init__(self, what: str, about: Mapping[str, Any], *, on_stock: bool = False) -> None:
        said = repr(sorted(about.items()))
        digest = hashlib.sha256(said.encode()).hexdigest()[:32]
        self._seconds = min(settings.CATALOGUE_CACHE, settings.CATALOGUE_MAX_AGE if on_stock else 86_400)
        self._key = f"catalogue:{what}:{catalogue_version()}:{digest}" if self._seconds else ""

    def get(self) -> Any:
        """Return what was kept, or None."""
        return cache.get(self._key) if self._key else None

    def keep(self, value: Any, *, products: int) -> None:
        """Keep a value that took looking at so many products."""
        if self._key and products >= WORTH_IT:
            cache.set(self._key, value, self._seconds)

    def get_or_make(self, make: Callable[[], Any], *, products: Callable[[Any], int]) -> Any:
        """Return what was kept, or make it and keep it."""
        kept = self.get()
        if kept is None:
            kept = make()
            self.keep(kept, products=products(kept))
        return kept


def catalogue_version() -> int:
    """Return what names the present catalogue in caches; one statement."""
    return CatalogueState.objects.values_list("version", flat=True).first() or 0

"""What a search may cost."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.conf import settings

from shop.core.time_limit import time_limit


def bounded(filters: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Return the time limit for reading by these filters: there is one where words are searched for."""
    return time_limit(settings.SEARCH_TIME_LIMIT) if filters.get("q") else nullcontext()

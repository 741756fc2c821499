"""How often somebody may try something: fixed windows counted in the cache."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache

from shop.core.errors import RateLimited, Unavailable
from shop.core.ids import token_hash

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)

# Some proxies write the client's port too; left on, all clients would be one, whose address nobody can read.
_WITH_PORT = re.compile(r"(?:\[([^\]]+)\]|([0-9.]+))(?::[0-9]+)?")


@dataclass(frozen=True)
class Limit:
    """``times`` tries a window of ``seconds`` for each subject of a scope."""

    scope: str
    times: int
    seconds: int
    # What guards a password refuses when it can't count; what only saves work lets through.
    fail_closed: bool = True


def spend(limit: Limit, subject: str) -> None:
    """
    Count one try, or refuse it.

    Adding and incrementing are single atomic operations of the cache, so parallel tries can't slip through.

    :param subject: who tries: an address, an account. It is hashed before it becomes a cache key.
    :raises RateLimited: the window's tries are spent.
    :raises Unavailable: the cache doesn't answer and the limit fails closed.
    """
    now = time.time()
    window = int(now // limit.seconds)
    key = f"limit:{limit.scope}:{token_hash(subject)[:32]}:{window}"
    try:
        cache.add(key, 0, timeout=limit.seconds * 2)
        count = cache.incr(key)
    except Exception as error:  # Each cache backend has exceptions of its own.
        logger.exception("The cache can't count tries")
        if limit.fail_closed:
            raise Unavailable(retry_after=5) from error
        return
    if count > limit.times * settings.LIMITS_FACTOR:
        raise RateLimited(retry_after=max(1, int((window + 1) * limit.seconds - now)))


def client_address(request: HttpRequest) -> str:
    """Return the client's address; ``X-Forwarded-For`` counts only as far as trusted proxies wrote it."""
    proxies: int = settings.TRUSTED_PROXIES
    header: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    forwarded = [part.strip() for part in header.split(",") if part.strip()]
    if proxies and len(forwarded) >= proxies:
        written = _WITH_PORT.fullmatch(forwarded[-proxies])
        return (written[1] or written[2]) if written else forwarded[-proxies]
    return str(request.META.get("REMOTE_ADDR", ""))

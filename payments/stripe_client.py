"""The client of Stripe's SDK: how long a call may take, and what its errors mean here."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING

import stripe
from django.conf import settings
from stripe import RequestsClient, StripeClient

from payments.errors import GatewayRefused, GatewayUnavailable
from shop.core.transactions import forbid_transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)
# The SDK writes each request, and at its chattiest each answer with the client secret in it.
logging.getLogger("stripe").setLevel(logging.WARNING)

# In seconds, for everything that one request or one step of a job asks. With the SDK's pauses between its tries, half
# a second and one, it stays below ten: who asked is still there then.
_PATIENCE = 8.0
_RETRIES = 2
_CONNECT = 3.05
# When time is over an attempt still needs a time limit, and none would mean for ever.
_LEAST = 0.05
_deadline: ContextVar[float | None] = ContextVar("stripe_deadline", default=None)


@contextmanager
def patience(seconds: float | None = None) -> Iterator[None]:
    """
    Bound the time that all calls within it take together; an outer bound stays.

    :param seconds: as long as a request may wait for Stripe, by default.
    """
    outer = _deadline.get()
    deadline = time.monotonic() + (_PATIENCE if seconds is None else seconds)
    token = _deadline.set(deadline if outer is None else min(outer, deadline))
    try:
        yield
    finally:
        _deadline.reset(token)


class BoundedClient(RequestsClient):
    """The SDK's HTTP client, with a time limit for each attempt that ends with the time of the whole."""

    @property
    def _timeout(self) -> tuple[float, float]:
        """Return the seconds to connect, and then to wait for an answer."""
        deadline = _deadline.get()
        left = _PATIENCE if deadline is None else max(deadline - time.monotonic(), _LEAST)
        connect = min(_CONNECT, left / 2)
        return connect, left - connect

    @_timeout.setter
    def _timeout(self, value: object) -> None:
        """Take no fixed limit: the base class sets one."""


@lru_cache(maxsize=8)
def client_for(key: str, base: str) -> StripeClient:
    """Return the client for an account; its sessions are a thread's own, so one serves all."""
    return StripeClient(
        key,
        http_client=BoundedClient(timeout=_PATIENCE),
        max_network_retries=_RETRIES,
        base_addresses={"api": base},
    )


@contextmanager
def asking(what: str) -> Iterator[StripeClient]:
    """
    Yield the client, and turn what it raises into one of two errors.

    :param what: what is asked, for the log: "read an intent".
    :raises GatewayRefused: Stripe will never do it.
    :raises GatewayUnavailable: no usable answer.
    """
    forbid_transaction(f"Asking Stripe to {what}")
    try:
        with patience():
            yield client_for(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)
    except stripe.StripeError as error:
        status = error.http_status or 0
        kind = error.code or type(error).__name__
        if (
            isinstance(error, stripe.InvalidRequestError | stripe.IdempotencyError | stripe.CardError)
            and status < 409
        ):
            if isinstance(error, stripe.IdempotencyError):
                logger.error("Stripe: a key was used for something else: %s", what)
            raise GatewayRefused(reason=kind) from error
        # A wrong key of ours looks like an outage to a buyer, and like an error to us.
        level = logging.ERROR if status in (401, 403) else logging.WARNING
        logger.log(level, "Stripe: could not %s: %s %s (request %s)", what, status, kind, error.request_id)
        raise GatewayUnavailable(is_stored=status >= 500) from error

"""Stripe's books: what stands in them since a time, and beside one intent. Part of the seam, like ``gateway``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from payments import gateway
from payments.errors import GatewayRefused
from payments.provider import Intent, intent_of
from payments.provider_books import (
    BookedCharge,
    BookedRefund,
    ProviderDispute,
    booked_refund_of,
    charge_of,
    dispute_of,
)
from payments.stripe_client import asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

T = TypeVar("T")

_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Page:
    """What Stripe's books say of one intent; ``intent`` is None where they have none."""

    intent: Intent | None
    charges: tuple[BookedCharge, ...] = ()
    refunds: tuple[BookedRefund, ...] = ()
    disputes: tuple[ProviderDispute, ...] = ()


def retrieve_dispute(stripe_id: str) -> ProviderDispute:
    """
    Return a dispute as it is now.

    :raises GatewayRefused: Stripe knows no such dispute.
    :raises GatewayUnavailable: no usable answer.
    """
    with asking("read a dispute") as client:
        return dispute_of(client.v1.disputes.retrieve(stripe_id).to_dict())


def look_up(pi_id: str) -> Page:
    """
    Return everything that stands beside one intent, as it is now.

    :raises GatewayUnavailable: no usable answer.
    """
    try:
        intent = gateway.retrieve_intent(pi_id)
    except GatewayRefused:
        return Page(intent=None)
    beside: dict[str, Any] = {"payment_intent": pi_id}
    return Page(
        intent=intent,
        charges=tuple(_walk("charges", charge_of, beside)),
        refunds=tuple(_walk("refunds", booked_refund_of, beside)),
        disputes=tuple(_walk("disputes", dispute_of, beside)),
    )


def intents_since(since: datetime) -> Iterator[Intent]:
    """
    Yield the intents made since a time, newest first.

    :raises GatewayUnavailable: no usable answer.
    """
    return _walk("payment_intents", intent_of, _since(since))


def charges_since(since: datetime) -> Iterator[BookedCharge]:
    """
    Yield the charges made since a time, newest first.

    :raises GatewayUnavailable: no usable answer.
    """
    return _walk("charges", charge_of, _since(since))


def refunds_since(since: datetime) -> Iterator[BookedRefund]:
    """
    Yield the refunds made since a time, newest first.

    :raises GatewayUnavailable: no usable answer.
    """
    return _walk("refunds", booked_refund_of, _since(since))


def disputes_since(since: datetime) -> Iterator[ProviderDispute]:
    """
    Yield the disputes opened since a time, newest first.

    :raises GatewayUnavailable: no usable answer.
    """
    return _walk("disputes", dispute_of, _since(since))


def _since(since: datetime) -> dict[str, Any]:
    return {"created": {"gte": int(since.timestamp())}}


def _walk(kind: str, read: Callable[[dict[str, Any]], T], which: dict[str, Any]) -> Iterator[T]:
    """Yield all of a list, page by page: each page has a call's time, however many there are."""
    after: dict[str, Any] = {}
    while True:
        with asking(f"list {kind}") as client:
            page = getattr(client.v1, kind).list({**which, **after, "limit": _PAGE}).to_dict()
        yield from (read(values) for values in page["data"])
        if not page["has_more"]:
            return
        after = {"starting_after": page["data"][-1]["id"]}

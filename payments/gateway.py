"""
Stripe, behind one seam: what is asked of it, in the words of the shop.

Amounts go in and come out in the shop's own minor units. Every call refuses to run inside a transaction, takes a
bounded time, and ends in a frozen answer, in ``GatewayUnavailable`` (safe to repeat) or in ``GatewayRefused`` (final).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import stripe
from django.conf import settings
from stripe import WebhookSignature

from payments.errors import SignatureInvalid
from payments.provider import (
    Intent,
    IntentRequest,
    Notice,
    ProviderRefund,
    chargeable,
    intent_of,
    notice_of,
    refund_of,
    to_provider,
)
from payments.stripe_client import asking as _asking
from shop.core.failpoints import failpoint

if TYPE_CHECKING:
    from uuid import UUID

    from shop.core.money import Money

# How far a webhook's time may be off, either way: Stripe's own check accepts any future.
_TOLERANCE = timedelta(seconds=300)


def create_intent(asked: IntentRequest) -> Intent:
    """
    Ask for money; the same payment and attempt always give the same intent.

    :raises GatewayRefused: the amount or currency can't be charged.
    :raises GatewayUnavailable: no usable answer; the intent may exist.
    """
    params: Any = {
        "amount": chargeable(asked.amount),
        "currency": asked.amount.currency.lower(),
        "automatic_payment_methods": {"enabled": True},
        "description": asked.number,
        "metadata": {
            "order": str(asked.order_id),
            "payment": str(asked.payment_id),
            "attempt": str(asked.attempt),
        },
        "receipt_email": asked.email,
    }
    with _asking("create an intent") as client:
        made = client.v1.payment_intents.create(
            params, {"idempotency_key": f"payment:{asked.payment_id}:{asked.attempt}"}
        )
        failpoint("stripe.create.sent_not_read")
    return intent_of(made.to_dict())


def retrieve_intent(pi_id: str) -> Intent:
    """
    Return an intent as it is now.

    :raises GatewayRefused: Stripe knows no such intent.
    :raises GatewayUnavailable: no usable answer.
    """
    with _asking("read an intent") as client:
        return intent_of(client.v1.payment_intents.retrieve(pi_id, {"expand": ["latest_charge"]}).to_dict())


def cancel_intent(pi_id: str) -> Intent:
    """
    End an intent, so that nobody can pay it any more; what was authorized is released.

    :raises GatewayRefused: it has succeeded, is being processed, or has ended already.
    :raises GatewayUnavailable: no usable answer.
    """
    with _asking("cancel an intent") as client:
        # Without a key of ours: a refusal while it is being processed would be repeated under it for a day.
        return intent_of(client.v1.payment_intents.cancel(pi_id, {"expand": ["latest_charge"]}).to_dict())


def find_intent_by_metadata(payment_id: UUID, *, since: datetime) -> Intent | None:
    """
    Return the newest intent that names this payment, or None when there is none.

    Reads the list and not the search: the search doesn't see an object in its first minute.

    :param since: no such intent can be older.
    :raises GatewayUnavailable: no usable answer.
    """
    begin = int((since - timedelta(minutes=1)).timestamp())
    with _asking("find an intent") as client:
        listed = client.v1.payment_intents.list({"created": {"gte": begin}, "limit": 100})
        for found in listed.auto_paging_iter():
            values = found.to_dict()
            if (values.get("metadata") or {}).get("payment") == str(payment_id):
                return intent_of(values)
    return None


def create_refund(*, refund_id: UUID, attempt: int, pi_id: str, amount: Money) -> ProviderRefund:
    """
    Send money back; the same refund and attempt always give the same refund at Stripe.

    :raises GatewayRefused: less than that is left, or the charge is disputed.
    :raises GatewayUnavailable: no usable answer; the refund may exist.
    """
    key = f"refund:{refund_id}" if attempt == 1 else f"refund:{refund_id}:{attempt}"
    params: Any = {
        "payment_intent": pi_id,
        "amount": to_provider(amount),
        "metadata": {"refund": str(refund_id)},
    }
    with _asking("create a refund") as client:
        made = client.v1.refunds.create(params, {"idempotency_key": key})
        failpoint("stripe.refund.sent_not_read")
    return refund_of(made.to_dict())


def list_refunds(pi_id: str) -> tuple[ProviderRefund, ...]:
    """
    Return every refund of an intent, whoever made it, oldest first.

    :raises GatewayUnavailable: no usable answer.
    """
    with _asking("list refunds") as client:
        listed = client.v1.refunds.list({"payment_intent": pi_id, "limit": 100})
        found = [refund_of(refund.to_dict()) for refund in listed.auto_paging_iter()]
    return tuple(reversed(found))


def is_live() -> bool:
    """Tell whether the shop takes real money."""
    return "_live_" in settings.STRIPE_SECRET_KEY


def verify_webhook(raw: bytes, header: str, *, now: datetime) -> Notice:
    """
    Return what a webhook says, once its signature holds on the very bytes that came.

    Any of the secrets counts, so that one can be changed without losing a webhook.

    :raises SignatureInvalid: no secret fits, or its time is more than five minutes off, either way.
    """
    try:
        if not any(_is_signed(raw, header, secret) for secret in settings.STRIPE_WEBHOOK_SECRETS):
            raise SignatureInvalid
        signed_at = datetime.fromtimestamp(_timestamp(header), UTC)
        if abs(now - signed_at) > _TOLERANCE:
            raise SignatureInvalid
        return notice_of(json.loads(raw))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, OSError) as error:
        # Signed or not, what can't be read as an event isn't one.
        raise SignatureInvalid from error


def _is_signed(raw: bytes, header: str, secret: str) -> bool:
    try:
        # The time is checked against the door's clock, and in both directions, by the caller.
        return bool(WebhookSignature.verify_header(raw, header, secret, tolerance=None))
    except stripe.SignatureVerificationError:
        return False


def _timestamp(header: str) -> int:
    parts = [part.split("=", 2) for part in header.split(",")]
    # The first one, as the signature's check takes it.
    return int(next(part[1] for part in parts if part[0] == "t"))

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
    Session,
    SessionRequest,
    chargeable,
    intent_of,
    notice_of,
    refund_of,
    session_of,
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
        **({"customer": asked.customer_id} if asked.customer_id else {}),
        **_on_the_intent(asked),
    }
    with _asking("create an intent") as client:
        made = client.v1.payment_intents.create(
            params, {"idempotency_key": f"payment:{asked.payment_id}:{asked.attempt}"}
        )
        failpoint("stripe.create.sent_not_read")
    return intent_of(made.to_dict())


def _on_the_intent(asked: IntentRequest) -> dict[str, Any]:
    """Return what every intent of ours carries, whichever way it is made."""
    carried: dict[str, Any] = {
        "description": asked.number,
        "metadata": {
            "order": str(asked.order_id),
            "payment": str(asked.payment_id),
            "attempt": str(asked.attempt),
        },
    }
    if asked.captures_later:
        carried["capture_method"] = "manual"
    if settings.STRIPE_RECEIPT_EMAIL:
        # Stripe mails its own receipt beside ours to whoever stands here.
        carried["receipt_email"] = asked.email
    if settings.STATEMENT_DESCRIPTOR:
        # Of a card a suffix alone is taken: the shop's name before it stands in Stripe's settings.
        carried["statement_descriptor_suffix"] = settings.STATEMENT_DESCRIPTOR
    return carried


def create_session(asked: SessionRequest) -> Session:
    """
    Make a page at Stripe that takes an order's money; the same payment and attempt always give the same page.

    Its one line is the whole total, so that it can't add up to anything else.

    :raises GatewayRefused: the amount or currency can't be charged.
    :raises GatewayUnavailable: no usable answer; the page may exist.
    """
    pays = asked.intent
    price = {
        "currency": pays.amount.currency.lower(),
        "unit_amount": chargeable(pays.amount),
        "product_data": {"name": f"{settings.SHOP_NAME} {pays.number}"},
    }
    carried = _on_the_intent(pays)
    params: Any = {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "payment_intent_data": carried,
        "metadata": carried["metadata"],
        "client_reference_id": str(pays.order_id),
        "success_url": asked.success_url,
        "cancel_url": asked.cancel_url,
        "expires_at": int(asked.expires_at.timestamp()),
        "locale": asked.language,
    }
    if pays.customer_id:
        # Stripe takes either a customer or an address. Their cards were saved in the shop, which leaves them without a
        # word on where they may be shown again; without the filter the page would keep them to itself.
        shown = ["always", "limited", "unspecified"]
        params |= {
            "customer": pays.customer_id,
            "saved_payment_method_options": {"allow_redisplay_filters": shown},
        }
    elif pays.email:
        params["customer_email"] = pays.email
    with _asking("create a checkout session") as client:
        made = client.v1.checkout.sessions.create(
            params, {"idempotency_key": f"checkout:{pays.payment_id}:{pays.attempt}"}
        )
        failpoint("stripe.create.sent_not_read")
    return session_of(made.to_dict())


def retrieve_session(session_id: str) -> Session:
    """
    Return a page at Stripe as it is now.

    :raises GatewayRefused: Stripe knows no such page.
    :raises GatewayUnavailable: no usable answer.
    """
    with _asking("read a checkout session") as client:
        return session_of(client.v1.checkout.sessions.retrieve(session_id).to_dict())


def expire_session(session_id: str) -> Session:
    """
    Close a page at Stripe, so that nobody can pay there any more; an intent that it began is cancelled by that.

    :raises GatewayRefused: somebody has paid there, or it was closed already.
    :raises GatewayUnavailable: no usable answer.
    """
    with _asking("close a checkout session") as client:
        return session_of(client.v1.checkout.sessions.expire(session_id).to_dict())


def find_session_by_metadata(payment_id: UUID, *, since: datetime) -> Session | None:
    """
    Return the newest page that names this payment, or None when there is none.

    :param since: no such page can be older.
    :raises GatewayUnavailable: no usable answer.
    """
    begin = int((since - timedelta(minutes=1)).timestamp())
    with _asking("find a checkout session") as client:
        listed = client.v1.checkout.sessions.list({"created": {"gte": begin}, "limit": 100})
        for found in listed.auto_paging_iter():
            values = found.to_dict()
            if (values.get("metadata") or {}).get("payment") == str(payment_id):
                return session_of(values)
    return None


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


def capture_intent(pi_id: str, *, amount: Money, key: str) -> Intent:
    """
    Take what is authorized, or a part of it; the rest is let go.

    :raises GatewayRefused: it isn't authorized any more, or less of it is.
    :raises GatewayUnavailable: no usable answer; the money may have been taken.
    """
    params: Any = {"amount_to_capture": to_provider(amount), "expand": ["latest_charge"]}
    with _asking("capture an intent") as client:
        taken = client.v1.payment_intents.capture(pi_id, params, {"idempotency_key": key})
        failpoint("stripe.capture.sent_not_read")
    return intent_of(taken.to_dict())


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


# For the modules beside this one that speak to Stripe by it.
asking = _asking


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

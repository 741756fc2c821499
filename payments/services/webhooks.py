"""What Stripe tells: stored first, then settled, then tried again until it is."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError

from payments import gateway
from payments.errors import GatewayRefused
from payments.models import Payment, StripeEvent
from payments.services.clock import Clock
from payments.services.disputing import settle_dispute
from payments.services.settling import settle_payment
from payments.services.strangers import meet_intent
from payments.services.turns import Turn
from payments.stripe_client import patience
from shop.core.failpoints import failpoint
from shop.core.transactions import use_case
from shop.events.failures import describe

if TYPE_CHECKING:
    from datetime import datetime

    from payments.provider import Notice

logger = logging.getLogger(__name__)

# What may move something here. `created` and the charge's own success say nothing that isn't known by others.
_MOVES = (
    "processing",
    "requires_action",
    "payment_failed",
    "succeeded",
    "canceled",
    "amount_capturable_updated",
)
_OF_INTENT = frozenset(f"payment_intent.{name}" for name in _MOVES)
_OF_REFUND = frozenset(
    {"charge.refunded", "charge.refund.updated", "refund.created", "refund.updated", "refund.failed"}
)
_OF_DISPUTE = frozenset(
    f"charge.dispute.{name}"
    for name in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
)
_OF_SESSION = frozenset(
    f"checkout.session.{name}"
    for name in ("completed", "expired", "async_payment_succeeded", "async_payment_failed")
)
# The request that stored it has this long to settle it before the job tries too.
_FIRST_PAUSE = timedelta(seconds=5)
_PAUSES = (2, 4, 8, 15, 30, 60, 120, 300, 600)
_AT_ONCE = 500
_MOST_FAILURES = 3
# Of the threads of a process one settles what has just come; the others store and answer. In a burst, or while Stripe
# is slow, answers would else wait for questions, and shoppers for both.
_turn = Turn()


def record_webhook(*, raw: bytes, signature: str, now: datetime) -> None:
    """
    Store what Stripe tells, once, and settle what it is about; when this returns it is stored.

    Transaction: one that stores, then those of settling. What can't be settled now stays unprocessed and is tried
    again by ``retry_webhooks``, and so is at once what comes in a burst, or while this process settles another one; the
    same webhook again does nothing.

    :raises SignatureInvalid: it isn't Stripe's; nothing is stored.
    """
    notice = gateway.verify_webhook(raw, signature, now=now)
    failpoint("webhook.verified_before_tx")
    due = now + _FIRST_PAUSE if _turn.is_free() else now
    event = _stored(notice, now, due)
    if event is not None and event.processed_at is None:
        if _turn.take():
            try:
                _try(notice.id, now=now)
            finally:
                _turn.give_back()
        elif due > now:
            # Another thread was quicker to take the turn: nobody is at this one, so the worker needn't wait.
            StripeEvent.objects.filter(pk=notice.id, processed_at__isnull=True).update(next_attempt_at=now)
    failpoint("webhook.after_commit_before_200")


def retry_webhooks(*, now: datetime) -> int:
    """
    Try again what is stored and not settled; return how many went through.

    Three failures in a row end the run: Stripe is down, and what is left is as due in the next one.
    """
    due = StripeEvent.objects.filter(processed_at__isnull=True, next_attempt_at__lte=now).order_by(
        "next_attempt_at"
    )
    clock, settled, failures = Clock.starting(now), 0, 0
    for event_id in due.values_list("pk", flat=True)[:_AT_ONCE]:
        is_done = _try(event_id, now=clock.now())
        settled += is_done
        failures = 0 if is_done else failures + 1
        if failures == _MOST_FAILURES:
            break
    return settled


def _stored(notice: Notice, now: datetime, due: datetime) -> StripeEvent | None:
    """Store a webhook and return it; None if it was there. A twin waits for the first one's commit."""
    try:
        # Without looking first, and without a savepoint: in a burst each statement counts, and twins are rare.
        return use_case(_store, notice, now, due)
    except IntegrityError:
        if not StripeEvent.objects.filter(pk=notice.id).exists():
            raise
        return None


def _store(notice: Notice, now: datetime, due: datetime) -> StripeEvent:
    values = {
        "type": notice.type,
        "livemode": notice.livemode,
        "api_version": notice.api_version,
        "object_id": notice.object_id,
        "pi_id": notice.pi_id,
        "account": notice.account,
        "created": notice.created,
        "received_at": now,
        "next_attempt_at": due,
    }
    event = StripeEvent(pk=notice.id, **values)
    event.ignored = _why_ignored(event)
    if event.ignored:
        # There is nothing to settle, so nobody need take a turn for it.
        event.processed_at, event.next_attempt_at = now, None
    event.save(force_insert=True)
    failpoint("webhook.in_tx_after_event_insert")
    return event


@patience()
def _try(event_id: str, *, now: datetime) -> bool:
    """Process one stored event; tell whether it is done. Whatever fails is kept with it, for the next try."""
    event = StripeEvent.objects.get(pk=event_id)
    try:
        _process(event, now=now)
    except Exception as error:
        # It is stored, so Stripe is answered 200 whatever happened; a bug here must not lose it.
        logger.exception("Webhook %s (%s) isn't settled yet.", event.pk, event.type)
        pause = timedelta(seconds=_PAUSES[min(event.attempts, len(_PAUSES) - 1)])
        StripeEvent.objects.filter(pk=event.pk, processed_at__isnull=True).update(
            attempts=event.attempts + 1, next_attempt_at=now + pause, error=describe(error)
        )
        return False
    return True


def _process(event: StripeEvent, *, now: datetime) -> None:
    ignored = _why_ignored(event)
    if ignored:
        _finish(event, ignored=ignored, now=now)
        return
    payment = _payment_of(event)
    try:
        if event.type in _OF_DISPUTE:
            if not settle_dispute(stripe_id=event.object_id, event_id=event.pk, now=now):
                _finish(event, ignored="not ours", now=now)
        elif payment is None:
            ignored = meet_intent(pi_id=event.pi_id, event_id=event.pk, now=now)
            if ignored:
                _finish(event, ignored=ignored, now=now)
        elif _could_move(event, payment):
            settle_payment(payment_id=payment.pk, event_id=event.pk, now=now)
        else:
            _finish(event, now=now)
    except GatewayRefused as error:
        # Another account's intent, or one of a test ledger that is gone.
        _finish(event, ignored=f"refused: {error.facts['reason']}"[:50], now=now)


def _why_ignored(event: StripeEvent) -> str:
    if event.account:
        return "account"
    if event.livemode != gateway.is_live():
        logger.error("Webhook %s is of the other mode: check which endpoint it was sent to.", event.pk)
        return "livemode"
    if event.type not in _OF_INTENT | _OF_REFUND | _OF_DISPUTE | _OF_SESSION:
        return "type"
    return "" if event.pi_id or event.type in _OF_SESSION else "no intent"


def _payment_of(event: StripeEvent) -> Payment | None:
    if event.type in _OF_SESSION:
        return Payment.objects.filter(session_id=event.object_id).first()
    return Payment.objects.filter(pi_id=event.pi_id).first()


def _could_move(event: StripeEvent, payment: Payment) -> bool:
    """Tell whether Stripe must be asked: what has ended moves by refunds only."""
    return payment.is_open or event.type in _OF_REFUND


def _finish(event: StripeEvent, *, ignored: str = "", now: datetime) -> None:
    StripeEvent.objects.filter(pk=event.pk).update(
        processed_at=now, next_attempt_at=None, ignored=ignored, error=""
    )

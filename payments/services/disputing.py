"""Disputes: Stripe is asked how they stand, and staff are told what is to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from orders import services as orders
from payments import books
from payments.events import DisputeClosed, DisputeOpened
from payments.models import Dispute, Payment, StripeEvent
from payments.services.locking import lock_payment
from payments.services.settling import settle_payment
from payments.services.strangers import meet_intent
from shop.core.failpoints import failpoint
from shop.core.transactions import forbid_transaction, use_case
from shop.events.outbox import publish

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from payments.provider_books import ProviderDispute

_State = Dispute.State
# What Stripe calls the end of one; everything else is open. An inquiry that was closed has cost nothing.
_CLOSED = {
    "won": _State.WON,
    "warning_closed": _State.WON,
    "prevented": _State.WON,
    "lost": _State.LOST,
}


def state_of(provider_status: str) -> Dispute.State:
    """Return the state of a dispute that stands so at Stripe."""
    return _CLOSED.get(provider_status, _State.OPENED)


def settle_dispute(*, stripe_id: str, event_id: str = "", now: datetime) -> bool:
    """
    Ask Stripe how a dispute stands and make it so here; tell whether it is about a payment of ours.

    Transaction: one of its own, after Stripe has answered. Locks and events: see ``apply_dispute``.

    :param event_id: the webhook that caused it.
    :raises GatewayUnavailable: Stripe gives no usable answer; nothing is changed.
    :raises GatewayRefused: Stripe knows no such dispute; nothing is changed.
    """
    forbid_transaction("Settling a dispute")
    answer = books.retrieve_dispute(stripe_id)
    payment = _payment_with(answer.pi_id, now=now)
    if payment is None:
        return False
    if payment.is_open:
        # Its success is news here too, and comes first.
        settle_payment(payment_id=payment.pk, now=now)
    use_case(apply_dispute, payment_id=payment.pk, answer=answer, event_id=event_id, now=now)
    return True


def _payment_with(pi_id: str, *, now: datetime) -> Payment | None:
    """Return the payment with an intent; also one whose intent isn't known here yet."""
    having_it = Payment.objects.filter(pi_id=pi_id)
    if pi_id and not having_it.exists():
        meet_intent(pi_id=pi_id, now=now)
    return having_it.first() if pi_id else None


@transaction.atomic
def apply_dispute(*, payment_id: UUID, answer: ProviderDispute, event_id: str = "", now: datetime) -> None:
    """
    Bring a dispute to where Stripe says it is, and its order's flag with it.

    An answer to an older question than the stored state's changes nothing. Locks: order, payment. Emits:
    ``payments.dispute_opened.v1``, ``payments.dispute_closed.v1``.

    :param event_id: the webhook that caused it; it counts as processed if and only if this commits.
    :param now: when Stripe was asked.
    """
    _, payment = lock_payment(payment_id)
    dispute = Dispute.objects.filter(stripe_id=answer.id).first()
    if dispute is None:
        dispute = Dispute(payment=payment, stripe_id=answer.id, opened_at=answer.created, as_of=now)
    if dispute.as_of <= now:
        _bring_up_to_date(dispute, answer, now=now)
    is_open = Dispute.objects.filter(payment__order=payment.order_id, state=_State.OPENED).exists()
    orders.mark_disputed(order_id=payment.order_id, disputed=is_open)
    if event_id:
        StripeEvent.objects.filter(pk=event_id).update(processed_at=now, next_attempt_at=None, error="")
    failpoint("webhook.after_outbox_insert")


def _bring_up_to_date(dispute: Dispute, answer: ProviderDispute, *, now: datetime) -> None:
    state = state_of(answer.status)
    steps = _steps(dispute.state if dispute.version else None, state)
    dispute.amount, dispute.currency = answer.amount, answer.currency
    dispute.reason, dispute.status = answer.reason, answer.status
    dispute.is_inquiry, dispute.evidence_due_by = answer.is_inquiry, answer.evidence_due_by
    dispute.as_of, dispute.state = now, state
    dispute.closed_at = None if state == _State.OPENED else dispute.closed_at or now
    first = dispute.version + 1
    dispute.version += len(steps)
    dispute.save()
    for version, step in enumerate(steps, first):
        _tell(dispute, step, version, now=now)


def _steps(before: str | None, after: Dispute.State) -> list[Dispute.State]:
    """Return what is to be told: of one that is met when it is over, that there was one first."""
    if before is None and after != _State.OPENED:
        return [_State.OPENED, after]
    return [] if before == after else [after]


def _tell(dispute: Dispute, state: Dispute.State, version: int, *, now: datetime) -> None:
    if state == _State.OPENED:
        publish(
            DisputeOpened(
                dispute_id=dispute.pk,
                version=version,
                payment_id=dispute.payment_id,
                order_id=dispute.payment.order_id,
                amount=dispute.amount,
                currency=dispute.currency,
                reason=dispute.reason,
                is_inquiry=dispute.is_inquiry,
                evidence_due_by=dispute.evidence_due_by,
            ),
            now=now,
        )
        return
    publish(
        DisputeClosed(
            dispute_id=dispute.pk,
            version=version,
            payment_id=dispute.payment_id,
            order_id=dispute.payment.order_id,
            amount=dispute.amount,
            currency=dispute.currency,
            outcome=state,
        ),
        now=now,
    )

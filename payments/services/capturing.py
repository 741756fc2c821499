"""Taking authorized money once the goods leave: asked for by the parcel, taken by a sender, watched until then."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from payments import gateway
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.models import OPEN, Payment, PaymentException, Refund
from payments.services.exceptions import open_authorization_exception
from payments.services.locking import lock_open_payment, lock_payment
from payments.services.one_by_one import LEASE, one_by_one
from payments.services.outcomes import Answer, apply_answer
from payments.services.refunding import refund_part
from payments.services.settling import refunds_of
from shop.core.errors import Unavailable
from shop.core.money import Money
from shop.core.transactions import forbid_transaction, use_case

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from payments.models.refund import RefundedLine

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 600
_AT_ONCE = 20
# How long before an authorization runs out staff are told.
_WARNING = timedelta(days=1)

_Kind, _Status = PaymentException.Kind, Payment.Status


@transaction.atomic
def request_capture(*, order_id: UUID, now: datetime) -> None:
    """
    Have an order's authorized money taken, now that goods have left; a second parcel asks for nothing more.

    Locks: order, payment.
    """
    _, payment = lock_open_payment(order_id)
    if payment is None or not payment.captures_later or payment.status != _Status.AUTHORIZED:
        return
    Payment.objects.filter(pk=payment.pk, capture_requested_at__isnull=True).update(capture_requested_at=now)


@transaction.atomic
def take_off(
    *,
    order_id: UUID,
    amount: int,
    reason: Refund.Reason,
    cancellation_id: UUID,
    lines: Sequence[RefundedLine] = (),
    now: datetime,
) -> None:
    """
    Leave the money for what won't be sent: of authorized money less is taken, of what was taken part goes back.

    Locks: order, payment.

    :param amount: minor units of the order's currency.
    :param cancellation_id: what it is for, so that it goes back once.
    :param lines: the units that it is for; payment or refund keeps them, and the credit note names them.
    :raises Unavailable: the money is being taken just now; asked again in a moment, part of it goes back.
    """
    _, payment = lock_open_payment(order_id)
    if payment is None or not payment.captures_later or payment.status != _Status.AUTHORIZED:
        refund_part(
            order_id=order_id,
            amount=amount,
            reason=reason,
            cancellation_id=cancellation_id,
            lines=lines,
            now=now,
        )
        return
    if payment.capture_amount is not None:
        raise Unavailable(retry_after=5)
    released = min(payment.released + amount, payment.amount)
    Payment.objects.filter(pk=payment.pk).update(
        released=released, released_lines=[*payment.released_lines, *lines]
    )


def capture_payments(*, now: datetime) -> int:
    """
    Take the authorized money of orders whose goods have left; return of how many it was taken.

    What Stripe refuses is put before staff and tried again now and then. A sender that dies is taken over when its
    lease has run out.

    :raises TransactionForbidden: a transaction is open.
    """
    forbid_transaction("Capturing payments")
    if not _due().exists():
        return 0
    return one_by_one(_claim_due, lambda payment: _capture(payment, now=now))


def watch_authorizations(*, now: datetime) -> int:
    """Put before staff the authorizations that run out within a day and whose goods haven't left; return how many."""
    ending = Payment.objects.filter(
        status=_Status.AUTHORIZED,
        captures_later=True,
        capture_before__lte=now + _WARNING,
        cancel_requested_at__isnull=True,
    )
    return sum(
        use_case(_warn, payment_id, now)
        for payment_id in ending.order_by("capture_before").values_list("pk", flat=True)[:_AT_ONCE]
    )


@transaction.atomic
def _warn(payment_id: UUID, now: datetime) -> bool:
    _, payment = lock_payment(payment_id)
    if payment.status != _Status.AUTHORIZED:
        return False
    return open_authorization_exception(kind=_Kind.AUTHORIZATION_ENDING, payment=payment, now=now)


def _due() -> QuerySet[Payment]:
    ready = Q(capture_not_before__isnull=True) | Q(capture_not_before__lt=Now())
    return Payment.objects.filter(
        ready,
        status=_Status.AUTHORIZED,
        capture_requested_at__isnull=False,
        cancel_requested_at__isnull=True,
        released__lt=F("amount"),
    )


@transaction.atomic
def _claim_due() -> Payment | None:
    row = _due().select_for_update(skip_locked=True).order_by("capture_requested_at").first()
    if row is not None:
        # From here on the amount stands: what is cancelled now goes back as a refund.
        Payment.objects.filter(pk=row.pk).update(
            capture_amount=Coalesce("capture_amount", F("amount") - F("released")),
            capture_not_before=Now() + LEASE,
            capture_attempts=F("capture_attempts") + 1,
        )
        row.refresh_from_db()
    return row


def _capture(payment: Payment, *, now: datetime) -> bool:
    try:
        return _ask(payment, now=now)
    except GatewayUnavailable as error:
        logger.warning("Payment %s can't be captured yet: %s", payment.pk, error)
        pause = min(2**payment.capture_attempts, _LONGEST_PAUSE)
        Payment.objects.filter(pk=payment.pk, status__in=OPEN).update(
            capture_not_before=Now() + timedelta(seconds=pause)
        )
    return False


def _ask(payment: Payment, *, now: datetime) -> bool:
    """Capture, and apply how the intent stands then. Looking first makes each try safe under a key of its own."""
    intent = gateway.retrieve_intent(payment.pi_id or "")
    refusal = ""
    if intent.status == "requires_capture":
        try:
            intent = gateway.capture_intent(
                intent.id,
                amount=Money(payment.capture_amount or 0, payment.currency),
                key=f"capture:{payment.pk}:{payment.capture_attempts}",
            )
        except GatewayRefused as error:
            refusal = str(error.facts["reason"])
            intent = gateway.retrieve_intent(intent.id)
    answer = Answer(intent=intent, refunds=refunds_of(payment, intent), as_of=now)
    use_case(apply_answer, payment_id=payment.pk, answer=answer, now=now)
    if intent.status == "requires_capture":
        logger.error("Payment %s can't be captured: %s", payment.pk, refusal)
        use_case(_note_refusal, payment.pk, refusal, now)
    return intent.status == "succeeded"


@transaction.atomic
def _note_refusal(payment_id: UUID, refusal: str, now: datetime) -> None:
    _, payment = lock_payment(payment_id)
    if payment.status != _Status.AUTHORIZED:
        return
    Payment.objects.filter(pk=payment_id).update(
        capture_amount=None,
        capture_error=refusal[:64],
        capture_not_before=Now() + timedelta(seconds=_LONGEST_PAUSE),
    )
    open_authorization_exception(kind=_Kind.CAPTURE_FAILED, payment=payment, now=now)

"""Money that doesn't match becomes visible work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from payments.events import PaymentExceptionOpened
from payments.models import PaymentException
from shop.audit import services as audit
from shop.core.errors import NotFound
from shop.events.outbox import publish

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from payments.models import Payment, Refund
    from payments.provider import Intent

OF_AUTHORIZATION = (
    PaymentException.Kind.CAPTURE_FAILED,
    PaymentException.Kind.AUTHORIZATION_ENDING,
    PaymentException.Kind.AUTHORIZATION_LOST,
)


@transaction.atomic
def open_exception(
    *, kind: PaymentException.Kind, intent: Intent, payment: Payment | None, now: datetime
) -> None:
    """
    Put an intent's money before staff; once, however often it is found.

    Emits: ``payments.payment_exception_opened.v1``.
    """
    _open(
        PaymentException(
            kind=kind,
            payment=payment,
            pi_id=intent.id,
            amount=intent.amount_received,
            currency=intent.currency,
            opened_at=now,
        )
    )


@transaction.atomic
def open_unreconciled(
    *, pi_id: str, payment: Payment | None, amount: int, currency: str, now: datetime
) -> None:
    """
    Put an intent before staff that both ledgers know differently and nothing repairs; once.

    Emits: ``payments.payment_exception_opened.v1``.

    :param amount: minor units, as Stripe says them where it says any.
    """
    kind = PaymentException.Kind.UNRECONCILED
    _open(
        PaymentException(
            kind=kind, payment=payment, pi_id=pi_id, amount=amount, currency=currency, opened_at=now
        )
    )


@transaction.atomic
def open_refund_exception(*, refund: Refund, now: datetime) -> None:
    """Put a refund that failed before staff; once. Emits: ``payments.payment_exception_opened.v1``."""
    _open(
        PaymentException(
            kind=PaymentException.Kind.REFUND_FAILED,
            payment_id=refund.payment_id,
            refund=refund,
            pi_id=refund.payment.pi_id or "",
            amount=refund.amount,
            currency=refund.currency,
            opened_at=now,
        )
    )


@transaction.atomic
def open_authorization_exception(*, kind: PaymentException.Kind, payment: Payment, now: datetime) -> bool:
    """
    Put before staff money that is authorized and can't be, or wasn't, taken; tell whether it is news.

    The payment is locked. Emits: ``payments.payment_exception_opened.v1``.
    """
    if PaymentException.objects.filter(
        payment=payment, kind=kind, state=PaymentException.State.OPEN
    ).exists():
        return False
    exception = PaymentException(
        kind=kind,
        payment=payment,
        pi_id=payment.pi_id or "",
        amount=payment.amount - payment.released,
        currency=payment.currency,
        opened_at=now,
    )
    _write(exception)
    return True


def close_authorization_exceptions(payment: Payment, *, now: datetime) -> None:
    """Take what was open about the authorizations of a payment's order off the staff's list: its money is here."""
    PaymentException.objects.filter(
        payment__order=payment.order_id, kind__in=OF_AUTHORIZATION, state=PaymentException.State.OPEN
    ).update(state=PaymentException.State.RESOLVED, resolved_at=now)


@transaction.atomic
def resolve_exception(*, exception_id: UUID, actor_id: UUID | None, now: datetime) -> None:
    """
    Take note that somebody has dealt with an exception.

    :raises NotFound: it isn't open.
    """
    is_open = PaymentException.objects.filter(pk=exception_id, state=PaymentException.State.OPEN)
    if not is_open.update(state=PaymentException.State.RESOLVED, resolved_at=now, resolved_by=actor_id):
        raise NotFound
    audit.record(
        actor_id=actor_id,
        action="payments.exception_resolved",
        target=PaymentException(pk=exception_id),
        now=now,
    )


def _open(exception: PaymentException) -> None:
    known = PaymentException.objects.filter(refund=exception.refund)
    if exception.refund is None:
        known = PaymentException.objects.filter(pi_id=exception.pi_id, refund__isnull=True)
        known = known.exclude(kind__in=OF_AUTHORIZATION)
    if known.exists():
        return
    _write(exception)


def _write(exception: PaymentException) -> None:
    exception.save(force_insert=True)
    publish(
        PaymentExceptionOpened(
            exception_id=exception.pk,
            version=1,
            kind=exception.kind,
            payment_id=exception.payment_id,
            amount=exception.amount,
            currency=exception.currency,
        ),
        now=exception.opened_at,
    )

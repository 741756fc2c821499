"""Sending refunds: claimed with a lease, under the row's own key."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from payments import gateway
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.models import Refund
from payments.services.locking import lock_payment
from payments.services.one_by_one import LEASE, one_by_one
from payments.services.refunding import record_refund, refuse_refund
from shop.core.failpoints import failpoint
from shop.core.money import Money
from shop.core.transactions import forbid_transaction, use_case

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from payments.provider import ProviderRefund

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 600

_State = Refund.State


def send_refunds(*, now: datetime) -> int:
    """
    Send what was asked for and is due; return how many Stripe took. A sender that dies is taken over after a minute.

    :raises TransactionForbidden: a transaction is open.
    """
    forbid_transaction("Sending refunds")
    # Looking first: an idle sender opens no transaction, which on SQLite would stop every other writer.
    if not _due().exists():
        return 0
    return one_by_one(_claim_due, lambda refund: send_refund(refund=refund, now=now))


def send_refund(*, refund: Refund, now: datetime) -> bool:
    """Send one refund under its own key; tell whether Stripe took it. What fails for now is tried again later."""
    failpoint("refund.before_call")
    try:
        answer = _ask(refund)
    except GatewayUnavailable as error:
        logger.warning("Refund %s: %s", refund.pk, error)
        pause = timedelta(seconds=min(2**refund.tries, _LONGEST_PAUSE))
        Refund.objects.filter(pk=refund.pk, state=_State.REQUESTED).update(
            not_before=Now() + pause, error=str(error)
        )
        return False
    except GatewayRefused as error:
        logger.error("Refund %s: %s", refund.pk, error)
        use_case(_refuse, refund_id=refund.pk, error=str(error)[:200], now=now)
        return False
    failpoint("refund.answered_not_saved")
    use_case(_record_sent, refund_id=refund.pk, answer=answer, now=now)
    return True


def _due() -> QuerySet[Refund]:
    return Refund.objects.filter(Q(not_before__isnull=True) | Q(not_before__lt=Now()), state=_State.REQUESTED)


@transaction.atomic
def _claim_due() -> Refund | None:
    free = _due().select_for_update(skip_locked=True, of=("self",))
    row = free.select_related("payment").order_by("created_at").first()
    if row is not None:
        Refund.objects.filter(pk=row.pk).update(not_before=Now() + LEASE, tries=F("tries") + 1)
    return row


def _ask(refund: Refund) -> ProviderRefund:
    pi_id = refund.payment.pi_id or ""
    amount = Money(refund.amount, refund.currency)
    try:
        return gateway.create_refund(refund_id=refund.pk, attempt=refund.attempt, pi_id=pi_id, amount=amount)
    except GatewayUnavailable as error:
        if not error.is_stored:
            raise
    # Stripe would answer this key with the same failure for a day; the refund may be there nevertheless.
    for known in gateway.list_refunds(pi_id):
        if known.metadata.get("refund") == str(refund.pk):
            return known
    Refund.objects.filter(pk=refund.pk, attempt=refund.attempt).update(attempt=F("attempt") + 1)
    refund.refresh_from_db(fields=["attempt"])
    return gateway.create_refund(refund_id=refund.pk, attempt=refund.attempt, pi_id=pi_id, amount=amount)


@transaction.atomic
def _record_sent(*, refund_id: UUID, answer: ProviderRefund, now: datetime) -> None:
    _, payment = lock_payment(Refund.objects.get(pk=refund_id).payment_id)
    record_refund(payment=payment, answer=answer, now=now)


@transaction.atomic
def _refuse(*, refund_id: UUID, error: str, now: datetime) -> None:
    _, payment = lock_payment(Refund.objects.get(pk=refund_id).payment_id)
    refund = Refund.objects.select_for_update(of=("self",)).select_related("payment").get(pk=refund_id)
    refuse_refund(payment=payment, refund=refund, error=error, now=now)

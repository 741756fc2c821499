"""Both ledgers side by side: Stripe's books since a time and our rows, matched one to one."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from payments import books
from payments.books import Page
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.models import Payment, PaymentException, Reconciliation, Refund
from payments.services.clock import Clock
from payments.services.comparing import Difference, differences
from payments.services.disputing import settle_dispute
from payments.services.exceptions import open_unreconciled
from payments.services.settling import settle_payment
from payments.services.strangers import meet_intent
from payments.services.suspecting import SENT_WITHIN, chunks, is_of_interest, payments_with, suspects_in
from shop.core.transactions import forbid_transaction, use_case

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

logger = logging.getLogger(__name__)

# A run asks about so many intents that don't answer; a Stripe that is down is asked again in an hour.
_MOST_FAILURES = 3
_MOST_KEPT = 300
_KEPT_FOR = timedelta(days=30)


@dataclass
class Findings:
    """What a comparison has found; ``looked_at`` counts Stripe's objects, whosever they are."""

    since: datetime
    looked_at: dict[str, int] = field(default_factory=dict)
    repaired: list[Difference] = field(default_factory=list)
    left_open: list[Difference] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it as data, JSON-ready."""
        rows = [(one, False) for one in self.left_open] + [(one, True) for one in self.repaired]
        return {
            "since": self.since.isoformat(),
            "looked_at": self.looked_at,
            "found": len(rows),
            "repaired": len(self.repaired),
            "left_open": len(self.left_open),
            "differences": [{**asdict(one), "repaired": repaired} for one, repaired in rows],
        }


def reconcile(*, since: datetime, fix: bool, now: datetime) -> Findings:
    """
    Compare Stripe's intents, charges, refunds and disputes since a time with our rows; keep what was found.

    What differs is looked up again before it counts, so news that is on its way is none. Repairing is settling: what
    a webhook would have done. What is left by it becomes a payment exception; one that staff have resolved explains its
    intent from then on. An intent about which Stripe doesn't answer holds up no other, three of them end the run.

    Transaction: none over the whole; settling opens its own. Locks and events: see ``apply_answer``, ``apply_dispute``.

    :raises GatewayUnavailable: Stripe doesn't answer when asked for its lists; that is kept too.
    """
    forbid_transaction("Reconciling")
    clock, findings = Clock.starting(now), Findings(since=since)
    run = use_case(_begin, since, fix, now)
    try:
        suspects = suspects_in(since, findings.looked_at, now=now)
        _look_again(suspects, findings, fix=fix, clock=clock)
    except GatewayUnavailable as error:
        Reconciliation.objects.filter(pk=run).update(finished_at=clock.now(), error=str(error)[:200])
        raise
    said = findings.as_json()
    del said["since"]
    said["differences"] = said["differences"][:_MOST_KEPT]
    Reconciliation.objects.filter(pk=run).update(finished_at=clock.now(), **said)
    return findings


@transaction.atomic
def _begin(since: datetime, fix: bool, now: datetime) -> int:  # noqa: FBT001
    Reconciliation.objects.filter(started_at__lt=now - _KEPT_FOR).delete()
    return Reconciliation.objects.create(since=since, fixing=fix, started_at=now).pk


def _look_again(suspects: list[str], findings: Findings, *, fix: bool, clock: Clock) -> None:
    failures = 0
    explained = _explained(suspects)
    for pi_id in suspects:
        if pi_id in explained:
            continue
        if failures == _MOST_FAILURES:
            findings.left_open.append(_unanswered(pi_id))
            continue
        try:
            before, after = _compare(pi_id, fix=fix, clock=clock)
        except GatewayUnavailable as error:
            logger.warning("Intent %s can't be reconciled yet: %s", pi_id, error)
            failures += 1
            before = after = [_unanswered(pi_id)]
        findings.left_open += after
        findings.repaired += [one for one in before if one not in after]


def _compare(pi_id: str, *, fix: bool, clock: Clock) -> tuple[list[Difference], list[Difference]]:
    """Return what differs about an intent now, and what is left of it after repairing."""
    before = _differences(pi_id, books.look_up(pi_id), now=clock.now())
    if not before or not fix:
        return before, before
    _repair(pi_id, before, now=clock.now())
    page = books.look_up(pi_id)
    after = _differences(pi_id, page, now=clock.now())
    if after:
        _put_before_staff(pi_id, page, now=clock.now())
    return before, after


def _differences(pi_id: str, page: Page, *, now: datetime) -> list[Difference]:
    payment = next(iter(payments_with([pi_id])), None)
    if payment is None and not is_of_interest(page):
        return []
    found = differences(pi_id, page, payment)
    late = payment.refunds.all() if payment else ()
    return found + [
        Difference(pi_id=pi_id, thing="refund", id=str(row.pk), kind="state", here=row.state)
        for row in late
        if row.state == Refund.State.REQUESTED and row.created_at < now - SENT_WITHIN
    ]


def _repair(pi_id: str, found: Iterable[Difference], *, now: datetime) -> None:
    payment = Payment.objects.filter(pi_id=pi_id).first()
    try:
        if payment is None:
            meet_intent(pi_id=pi_id, now=now)
        else:
            settle_payment(payment_id=payment.pk, now=now)
        for one in found:
            if one.thing == "dispute":
                settle_dispute(stripe_id=one.id, now=now)
    except GatewayRefused as error:
        # Stripe doesn't know it: that is the difference, and it stays.
        logger.warning("Intent %s can't be repaired: %s", pi_id, error)


def _put_before_staff(pi_id: str, page: Page, *, now: datetime) -> None:
    payment = Payment.objects.filter(pi_id=pi_id).first()
    if page.intent is not None:
        amount, currency = page.intent.amount_received, page.intent.currency
    else:
        amount, currency = (payment.captured, payment.currency) if payment else (0, "")
    use_case(open_unreconciled, pi_id=pi_id, payment=payment, amount=amount, currency=currency, now=now)


def _unanswered(pi_id: str) -> Difference:
    return Difference(pi_id=pi_id, thing="intent", id=pi_id, kind="unanswered")


def _explained(suspects: list[str]) -> set[str]:
    """Return the intents that staff have looked at already: their exception is resolved."""
    done = PaymentException.objects.filter(
        state=PaymentException.State.RESOLVED,
        kind__in=(PaymentException.Kind.UNRECONCILED, PaymentException.Kind.UNKNOWN_ORDER),
    )
    return {
        pi_id
        for chunk in chunks(suspects)
        for pi_id in done.filter(pi_id__in=chunk).values_list("pi_id", flat=True)
    }

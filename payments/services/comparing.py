"""One intent in both ledgers: what they say differently. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.models import Dispute, Payment, Refund
from payments.services.disputing import state_of as dispute_state_of
from payments.services.outcomes import status_of
from payments.services.refunding import state_of as refund_state_of
from shop.core.money import EXPONENTS, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payments.books import Page
    from payments.provider import Intent

NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Something that stands otherwise here than there, or on one side alone."""

    pi_id: str
    thing: str
    id: str
    # unmatched, amount, state, or unanswered where Stripe said nothing.
    kind: str
    here: str = NOTHING
    there: str = NOTHING


def differences(pi_id: str, page: Page, payment: Payment | None) -> list[Difference]:
    """
    Return what differs between Stripe's page of an intent and a payment with its refunds and disputes.

    What is missing on the page is a difference too, so the page must be a whole one.

    :param payment: None where no payment has this intent.
    """
    if payment is None:
        there = page.intent.status if page.intent else NOTHING
        return [Difference(pi_id=pi_id, thing="intent", id=pi_id, kind="unmatched", there=there)]
    found = [*_of_intent(pi_id, page, payment)]
    found += _of_charges(pi_id, page, payment)
    found += _of_refunds(pi_id, page, list(payment.refunds.all()))
    found += _of_disputes(pi_id, page, list(payment.disputes.all()))
    return found


def looks_different(page: Page, payment: Payment) -> bool:
    """Tell whether what a part of Stripe's books says of an intent is otherwise here; absences mean nothing yet."""
    refunds, disputes = list(payment.refunds.all()), list(payment.disputes.all())
    named = {one.refund.id for one in page.refunds} | {one.id for one in page.disputes}
    found = _of_refunds("", page, [row for row in refunds if row.stripe_id in named])
    found += _of_disputes("", page, [row for row in disputes if row.stripe_id in named])
    if page.intent is not None:
        found += _of_intent("", page, payment)
    if page.charges and page.intent is not None:
        found += _of_charges("", page, payment)
    return bool(found)


def _of_intent(pi_id: str, page: Page, payment: Payment) -> Iterator[Difference]:
    intent = page.intent
    if intent is None:
        yield Difference(pi_id=pi_id, thing="intent", id=pi_id, kind="unmatched", here=payment.status)
        return
    if status_of(intent.status) != payment.status:
        yield Difference(
            pi_id=pi_id, thing="intent", id=pi_id, kind="state", here=payment.status, there=intent.status
        )
    elif payment.status == Payment.Status.SUCCEEDED and payment.captured != intent.amount_received:
        yield _amounts(pi_id, "intent", pi_id, payment.captured, payment.currency, _received(intent))


def _of_charges(pi_id: str, page: Page, payment: Payment) -> list[Difference]:
    """Compare what all charges have taken: a second one for the same intent would show here."""
    if payment.status != Payment.Status.SUCCEEDED or page.intent is None:
        return []
    taken = sum(charge.taken for charge in page.charges)
    if taken == payment.captured:
        return []
    ids = ",".join(charge.id for charge in page.charges if charge.taken)[:64]
    there = _money(taken, page.intent.currency)
    return [_amounts(pi_id, "charge", ids, payment.captured, payment.currency, there)]


def _of_refunds(pi_id: str, page: Page, rows: list[Refund]) -> list[Difference]:
    here = {row.stripe_id: row for row in rows if row.stripe_id}
    found = []
    for booked in page.refunds:
        refund, row = booked.refund, here.pop(booked.refund.id, None)
        state = refund_state_of(refund.status)
        at = {"pi_id": pi_id, "thing": "refund", "id": refund.id}
        if row is None:
            there = f"{state} {_money(refund.amount, refund.currency)}"
            found.append(Difference(**at, kind="unmatched", there=there))
        elif row.amount != refund.amount:
            there = _money(refund.amount, refund.currency)
            found.append(_amounts(pi_id, "refund", refund.id, row.amount, row.currency, there))
        elif row.state != state:
            found.append(Difference(**at, kind="state", here=row.state, there=refund.status))
    return found + [
        Difference(pi_id=pi_id, thing="refund", id=str(row.stripe_id), kind="unmatched", here=row.state)
        for row in here.values()
    ]


def _of_disputes(pi_id: str, page: Page, rows: list[Dispute]) -> list[Difference]:
    here = {row.stripe_id: row for row in rows}
    found = []
    for dispute in page.disputes:
        row, state = here.pop(dispute.id, None), dispute_state_of(dispute.status)
        at = {"pi_id": pi_id, "thing": "dispute", "id": dispute.id}
        if row is None:
            there = f"{state} {_money(dispute.amount, dispute.currency)}"
            found.append(Difference(**at, kind="unmatched", there=there))
        elif row.amount != dispute.amount:
            there = _money(dispute.amount, dispute.currency)
            found.append(_amounts(pi_id, "dispute", dispute.id, row.amount, row.currency, there))
        elif row.state != state:
            found.append(Difference(**at, kind="state", here=row.state, there=dispute.status))
    return found + [
        Difference(pi_id=pi_id, thing="dispute", id=row.stripe_id, kind="unmatched", here=row.state)
        for row in here.values()
    ]


def _amounts(pi_id: str, thing: str, key: str, here: int, currency: str, there: str) -> Difference:
    return Difference(
        pi_id=pi_id, thing=thing, id=key, kind="amount", here=_money(here, currency), there=there
    )


def _received(intent: Intent) -> str:
    return _money(intent.amount_received, intent.currency)


def _money(minor: int, currency: str) -> str:
    # Somebody else's currency may be one that this shop has never heard of.
    return f"{to_text(minor, currency) if currency in EXPONENTS else minor} {currency}"

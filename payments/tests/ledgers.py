"""Both ledgers side by side: the promises P1 to P8 and M7, with the fake's own books as the oracle."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Q, Sum
from django.utils import timezone

from orders.models import Order
from payments import services
from payments.models import Dispute, Payment, PaymentException, Refund, StripeEvent
from payments.provider import from_provider
from payments.services.exceptions import OF_AUTHORIZATION
from tests.stripe_fake_shop import until
from tools.stripe_fake import StripeFake

ARRIVED = ("paid", "partially_refunded", "refunded")
# Where a payment is when its intent is there, at rest.
SAME = {
    "requires_payment_method": "requires_payment",
    "requires_confirmation": "requires_payment",
    "requires_capture": "authorized",
}
DISPUTES = {"won": "won", "warning_closed": "won", "lost": "lost"}


def come_to_rest(stripe: StripeFake) -> None:
    """Let everything that is under way end, as the worker would."""
    stripe.faults.clear()
    for _ in range(3):
        StripeEvent.objects.filter(processed_at__isnull=True).update(next_attempt_at=timezone.now())
        Refund.objects.update(not_before=None)
        Payment.objects.update(cancel_not_before=None, capture_not_before=None)
        services.retry_webhooks(now=timezone.now())
        services.cancel_intents(now=timezone.now())
        services.capture_payments(now=timezone.now())
        _settle_all(stripe)
        services.send_refunds(now=timezone.now())
    if stripe._world.settings.refund_after < 1:
        until(lambda: not any(refund["status"] == "pending" for refund in stripe.ledger("refund")))
    _settle_all(stripe)


def _settle_all(stripe: StripeFake) -> None:
    for payment in Payment.objects.filter(Q(pi_id__isnull=False) | Q(session_id__isnull=False)):
        services.settle_payment(payment_id=payment.pk, now=timezone.now())
    for dispute in stripe.ledger("dispute"):
        services.settle_dispute(stripe_id=dispute["id"], now=timezone.now())


class Books:
    """What stands in Stripe's books about this shop; another program may take money by the same account."""

    def __init__(self, stripe: StripeFake) -> None:
        known = {*Payment.objects.values_list("pi_id", flat=True)}
        orders = {str(pk) for pk in Order.objects.values_list("pk", flat=True)}
        known |= {*PaymentException.objects.values_list("pi_id", flat=True)}
        self.intents = {
            intent["id"]: intent
            for intent in stripe.ledger("payment_intent")
            if intent["id"] in known or intent["metadata"].get("order") in orders
        }
        self.refunds = self._of_ours(stripe, "refund")
        self.disputes = self._of_ours(stripe, "dispute")
        self.sessions = {thing["id"]: thing for thing in stripe.ledger("checkout.session")}

    def _of_ours(self, stripe: StripeFake, kind: str) -> dict[str, Any]:
        return {
            thing["id"]: thing for thing in stripe.ledger(kind) if thing["payment_intent"] in self.intents
        }


def broken_promises(stripe: StripeFake) -> list[str]:
    """Return what the two ledgers disagree on; empty when all promises hold."""
    books = Books(stripe)
    return [
        *_every_intent_has_one_end(books),
        *_paid_orders_have_money(books),
        *_sums_agree(books),
        *_webhooks_are_done(),
        *_states_agree(books),
        *_one_object_a_key(books),
        *_refunds_match(books),
        *_disputes_match(books),
        *_no_more_goes_back_than_came(),
    ]


def _every_intent_has_one_end(books: Books) -> list[str]:
    broken = []
    for pi_id, intent in books.intents.items():
        if intent["status"] != "succeeded":
            continue
        keeps = Payment.objects.filter(
            pi_id=pi_id, pays_order=True, order__payment_status__in=ARRIVED
        ).count()
        unwanted = PaymentException.objects.filter(pi_id=pi_id, refund__isnull=True)
        asks = unwanted.exclude(kind__in=(*OF_AUTHORIZATION, "unreconciled")).count()
        if keeps + asks != 1:
            broken.append(f"P2: {pi_id} pays {keeps} orders and has {asks} exceptions")
    return broken


def _paid_orders_have_money(books: Books) -> list[str]:
    broken = []
    for order in Order.objects.filter(payment_status__in=ARRIVED, total__gt=0):
        payments = Payment.objects.filter(order=order, pays_order=True)
        good = [
            payment
            for payment in payments
            if payment.captured + payment.released == order.total
            and _is_its_money(books.intents.get(payment.pi_id), order, payment)
        ]
        if len(good) != 1 or len(payments) != 1:
            broken.append(f"P1/P3: {order} is paid by {len(payments)}, rightly by {len(good)}")
    return broken


def _is_its_money(intent: dict[str, Any] | None, order: Order, payment: Payment) -> bool:
    if intent is None or intent["currency"] != order.currency.lower():
        return False
    return from_provider(intent["amount_received"], order.currency) == payment.captured


def _sums_agree(books: Books) -> list[str]:
    there, here = Counter[str](), Counter[str]()
    for intent in books.intents.values():
        there[intent["currency"].upper()] += _minor(intent, "amount_received")
    for thing in (*books.refunds.values(), *books.disputes.values()):
        if thing["status"] == ("succeeded" if thing["object"] == "refund" else "lost"):
            there[thing["currency"].upper()] -= _minor(thing, "amount")
    strangers = PaymentException.objects.filter(payment__isnull=True)
    for rows, column, sign in (
        (Payment.objects.filter(pi_id__in=books.intents), "captured", 1),
        (strangers, "amount", 1),
        (Refund.objects.filter(state="succeeded"), "amount", -1),
        (Dispute.objects.filter(state="lost"), "amount", -1),
    ):
        for currency, amount in rows.values_list("currency").annotate(sum=Sum(column)):
            here[currency] += sign * amount
    # What came in another currency than was asked for is counted in the one that came.
    odd = PaymentException.objects.filter(kind="currency_mismatch", payment__isnull=False)
    for asked, came, amount in odd.values_list("payment__currency", "currency", "amount"):
        here[asked] -= amount
        here[came] += amount
    return [
        f"P4: {there[currency]} {currency} at Stripe, {here[currency]} here"
        for currency in sorted({*there, *here})
        if there[currency] != here[currency]
    ]


def _minor(thing: dict[str, Any], name: str) -> int:
    return from_provider(thing[name], thing["currency"].upper())


def _webhooks_are_done() -> list[str]:
    waiting = StripeEvent.objects.filter(processed_at__isnull=True)
    return [f"P5: {event} isn't processed: {event.error}" for event in waiting]


def _states_agree(books: Books) -> list[str]:
    broken = []
    for payment in Payment.objects.filter(pi_id__isnull=False):
        there = books.intents[payment.pi_id]["status"] if payment.pi_id in books.intents else "missing"
        if SAME.get(there, there) != payment.status:
            broken.append(f"P6: {payment}, and {there} at Stripe")
    return broken


def _one_object_a_key(books: Books) -> list[str]:
    ours = [
        (thing, f"{kind}:{thing['metadata'][kind]}")
        for kind, things in (("payment", books.intents), ("refund", books.refunds))
        for thing in things.values()
        # What somebody's browser made on a page of Stripe has no key.
        if thing["_made_by"]["endpoint"]
        and kind in thing["metadata"]
        and ("attempt" in thing["metadata"] or kind == "refund")
    ]
    ours += [
        (page, f"checkout:{page['metadata']['payment']}")
        for page in books.sessions.values()
        if "payment" in page["metadata"]
    ]
    keys = Counter(thing["_made_by"]["idempotency_key"] for thing, _ in ours)
    broken = [f"P7: {count} objects under {key}" for key, count in keys.items() if count > 1]
    return broken + [
        f"P7: {thing['id']} was made under {thing['_made_by']['idempotency_key']}"
        for thing, begin in ours
        if not str(thing["_made_by"]["idempotency_key"]).startswith(begin)
    ]


def _refunds_match(books: Books) -> list[str]:
    there = {
        refund["id"]: ({"pending": "sent"}.get(refund["status"], refund["status"]), _minor(refund, "amount"))
        for refund in books.refunds.values()
    }
    known = Refund.objects.filter(stripe_id__isnull=False)
    here = {refund.stripe_id: (refund.state, refund.amount) for refund in known}
    broken = [] if there == here else [f"P8: {there} at Stripe, {here} here"]
    failed = Refund.objects.filter(state="failed")
    return broken + [f"P8: {refund} failed unseen" for refund in failed if not refund.exceptions.exists()]


def _disputes_match(books: Books) -> list[str]:
    there = {
        dispute["id"]: (DISPUTES.get(dispute["status"], "opened"), _minor(dispute, "amount"))
        for dispute in books.disputes.values()
    }
    here = {dispute.stripe_id: (dispute.state, dispute.amount) for dispute in Dispute.objects.all()}
    broken = [] if there == here else [f"Disputes: {there} at Stripe, {here} here"]
    open_ones = set(Dispute.objects.filter(state="opened").values_list("payment__order", flat=True))
    flagged = set(Order.objects.filter(disputed=True).values_list("pk", flat=True))
    return broken + ([] if flagged == open_ones else [f"Disputes: {open_ones} are open, {flagged} flagged"])


def _no_more_goes_back_than_came() -> list[str]:
    broken = []
    for payment in Payment.objects.all():
        going = payment.refunds.exclude(state="failed").aggregate(sum=Sum("amount"))["sum"] or 0
        if going > payment.captured:
            broken.append(f"M7: {going} of {payment.captured} of {payment} goes back")
    for order in Order.objects.all():
        paying = Refund.objects.filter(payment__order=order, payment__pays_order=True, state="succeeded")
        back = paying.aggregate(sum=Sum("amount"))["sum"] or 0
        never_taken = Payment.objects.filter(order=order, pays_order=True).aggregate(sum=Sum("released"))[
            "sum"
        ]
        back += never_taken or 0
        if back != order.refunded_total:
            broken.append(f"M7: {back} of {order} went back, and it says {order.refunded_total}")
    return broken

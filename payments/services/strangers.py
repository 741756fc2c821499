"""Intents that no payment is known to have: ours after all, somebody else's, or nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from orders import selectors as orders
from payments import gateway
from payments.models import Payment, PaymentException
from payments.services.exceptions import open_exception
from payments.services.outcomes import Answer, take_superseded
from payments.services.settling import refunds_of, settle_payment
from payments.services.starting import remember_intent
from shop.core.errors import NotFound
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from datetime import datetime

    from payments.provider import Intent


def meet_intent(*, pi_id: str, event_id: str = "", now: datetime) -> str:
    """
    Deal with an intent that no payment is known to have; return why it moved no payment, or nothing if it did.

    Its metadata is a hint: it counts only where it fits a payment of ours. That may be one whose answer from Stripe
    is still on its way, or one whose intent another has replaced. Money that names an order of ours, and no payment,
    is put before staff. Locks and events: see ``apply_answer``.

    :param event_id: the webhook that caused it; it counts as processed with what it moved.
    :raises GatewayUnavailable: Stripe gives no usable answer; nothing is changed.
    :raises GatewayRefused: Stripe knows no such intent; nothing is changed.
    """
    if not pi_id:
        # A page of somebody else's on which nobody has paid; ours without a payment of its own can't be open.
        return "not ours"
    intent = gateway.retrieve_intent(pi_id)
    payment = named_payment(intent)
    if payment is None:
        return _report(intent, now=now)
    if payment.pi_id is None:
        use_case(remember_intent, payment_id=payment.pk, pi_id=intent.id, now=now)
        payment.refresh_from_db()
    if payment.pi_id == intent.id:
        settle_payment(payment_id=payment.pk, event_id=event_id, now=now)
    elif intent.status == "succeeded":
        answer = Answer(intent=intent, refunds=refunds_of(payment, intent), as_of=now)
        use_case(take_superseded, payment_id=payment.pk, answer=answer, event_id=event_id, now=now)
    else:
        return "superseded"
    return ""


def named_payment(intent: Intent) -> Payment | None:
    """Return the payment that an intent's metadata names rightly."""
    payment_id, order_id = _uuid_in(intent, "payment"), _uuid_in(intent, "order")
    if payment_id is None or order_id is None:
        return None
    return Payment.objects.filter(pk=payment_id, order_id=order_id, provider=Payment.Provider.STRIPE).first()


def names_an_order(intent: Intent) -> bool:
    """Tell whether an intent's metadata names an order of ours."""
    order_id = _uuid_in(intent, "order")
    if order_id is None:
        return False
    try:
        orders.payable(order_id)
    except NotFound:
        return False
    return True


def _report(intent: Intent, *, now: datetime) -> str:
    if intent.status != "succeeded" or not names_an_order(intent):
        return "not ours"
    use_case(open_exception, kind=PaymentException.Kind.UNKNOWN_ORDER, intent=intent, payment=None, now=now)
    return "unknown payment"


def _uuid_in(intent: Intent, name: str) -> UUID | None:
    try:
        return UUID(intent.metadata.get(name, ""))
    except ValueError:
        return None

"""Paying on Stripe's own page: one page a payment, closed before anything else may take its money."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from orders import selectors as orders
from payments import gateway, links
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.models import Payment
from payments.provider import SessionRequest
from payments.services.locking import lock_payment
from payments.services.outcomes import end
from payments.services.starting import remember_intent, request_of
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from payments.provider import Session

# Stripe wants a page to live for half an hour at least and a day at most. Until the order's time is over that much
# is always left; the page itself is closed by the order's expiry.
_AFTER_THE_ORDER = timedelta(minutes=31)
_LONGEST = timedelta(hours=23, minutes=59)


def session_for(payment: Payment, *, now: datetime) -> Session:
    """
    Return the page of a payment by checkout, made when there is none yet; what is known of it is stored.

    :raises GatewayUnavailable: no usable answer; asking again is safe.
    :raises GatewayRefused: Stripe doesn't take this amount.
    """
    if payment.session_id:
        return gateway.retrieve_session(payment.session_id)
    session = _ensure_session(payment)
    Payment.objects.filter(pk=payment.pk, session_id__isnull=True).update(session_id=session.id)
    payment.session_id = session.id
    return session


def follow_session(payment: Payment, *, now: datetime) -> Session:
    """
    Learn from Stripe which intent a payment by checkout has by now, or that nobody can pay it any more.

    :raises GatewayUnavailable: no usable answer; nothing is changed.
    """
    session = session_for(payment, now=now)
    _learn(payment, session, now=now)
    return session


def close_session(payment: Payment, *, now: datetime) -> None:
    """
    Close the page of a payment, unless somebody has paid there; what is known then is stored.

    :raises GatewayUnavailable: no usable answer; the page may still be open.
    """
    session = session_for(payment, now=now)
    if session.status == "open":
        try:
            session = gateway.expire_session(session.id)
        except GatewayRefused:
            # The customer was faster; how it stands now decides.
            session = gateway.retrieve_session(session.id)
    _learn(payment, session, now=now)


def _learn(payment: Payment, session: Session, *, now: datetime) -> None:
    if session.pi_id:
        use_case(remember_intent, payment_id=payment.pk, pi_id=session.pi_id, now=now)
    elif session.status == "expired":
        use_case(_end_unpaid, payment.pk, now)
    payment.refresh_from_db()


@transaction.atomic
def _end_unpaid(payment_id: UUID, now: datetime) -> None:
    order, payment = lock_payment(payment_id)
    if payment.pi_id is None:
        end(order, payment, now=now)


def _ensure_session(payment: Payment) -> Session:
    """Make the page; a failure that Stripe stored under the key is followed by a new key, as with an intent."""
    asked = _request(payment)
    try:
        return gateway.create_session(asked)
    except GatewayUnavailable as error:
        if not error.is_stored:
            raise
    found = gateway.find_session_by_metadata(payment.pk, since=payment.created_at)
    if found is not None:
        return found
    Payment.objects.filter(pk=payment.pk, attempt=payment.attempt, session_id__isnull=True).update(
        attempt=F("attempt") + 1
    )
    payment.refresh_from_db()
    if payment.session_id:
        return gateway.retrieve_session(payment.session_id)
    return gateway.create_session(_request(payment))


def _request(payment: Payment) -> SessionRequest:
    order = orders.payable(payment.order_id)
    due = order.payment_due_at or payment.created_at
    return SessionRequest(
        intent=request_of(payment, order),
        language=order.language,
        success_url=links.return_url(payment),
        cancel_url=links.return_url(payment, is_cancelled=True),
        expires_at=min(due + _AFTER_THE_ORDER, payment.created_at + _LONGEST),
    )

"""What a customer pays with: a form of the storefront, or a page of Stripe; never both at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orders.errors import OrderNotPayable
from payments import gateway, links
from payments.errors import GatewayUnavailable
from payments.models import Payment
from payments.services.cancelling import end_at_stripe
from payments.services.checkout import session_for
from payments.services.starting import REPLACED, claim, ensure_intent, remember_intent
from payments.stripe_client import patience
from shop.core.failpoints import failpoint
from shop.core.transactions import forbid_transaction, use_case

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_Mode, _Status = Payment.Mode, Payment.Status
# Nobody has given anything for it yet, so the customer may choose another way.
_UNCONFIRMED = (_Status.REQUIRES_PAYMENT, _Status.REQUIRES_ACTION)


@dataclass(frozen=True, kw_only=True)
class StartedPayment:
    """A payment that waits for the customer: the secret by which their browser confirms it, or a page to go to."""

    payment_id: UUID
    client_secret: str = field(default="", repr=False)
    redirect_url: str = field(default="", repr=False)


@patience()
def start_payment(*, order_id: UUID, mode: str = _Mode.INTENT, now: datetime) -> StartedPayment:
    """
    Return the order's one open payment and what it is paid by; made when there is none.

    Transaction: opens its own, short ones, with Stripe between them. Whatever happens at Stripe, the order stays
    payable, and asking again leads to the same intent or page. Asked for in the other mode, what is open is ended
    at Stripe first; money that is under way is left alone, and its payment comes back.

    :param mode: ``intent`` for the storefront's own form, ``checkout`` for a page at Stripe.
    :raises OrderNotPayable: it is paid, cancelled or expired.
    :raises GatewayUnavailable: Stripe gives no usable answer.
    :raises GatewayRefused: Stripe doesn't take this amount.
    """
    forbid_transaction("Starting a payment")
    payment = use_case(claim, order_id, mode, now)
    if payment.mode != mode and payment.status in _UNCONFIRMED:
        end_at_stripe(payment, release_authorized=False, now=now)
        payment = use_case(claim, order_id, mode, now)
    failpoint("payment.after_commit_before_stripe")
    if mode == _Mode.CHECKOUT:
        return _page(payment, now=now)
    return _form(payment, now=now)


def _form(payment: Payment, *, now: datetime) -> StartedPayment:
    if payment.pi_id:
        intent = gateway.retrieve_intent(payment.pi_id)
    elif payment.mode == _Mode.INTENT:
        intent = ensure_intent(payment)
        failpoint("payment.intent_known_not_saved")
        _require_open(use_case(remember_intent, payment_id=payment.pk, pi_id=intent.id, now=now))
    else:
        # Its page couldn't be closed and nobody has paid there that is known of: the next try sees which.
        raise GatewayUnavailable(retry_after=1)
    failpoint("payment.saved_before_response")
    return StartedPayment(payment_id=payment.pk, client_secret=intent.client_secret)


def _page(payment: Payment, *, now: datetime) -> StartedPayment:
    # Where there is nothing to pay any more, the customer goes to where they would come back to.
    url = links.return_url(payment)
    if payment.mode == _Mode.CHECKOUT:
        url = session_for(payment, now=now).url or url
        _require_open(use_case(remember_intent, payment_id=payment.pk, pi_id=None, now=now))
    failpoint("payment.saved_before_response")
    return StartedPayment(payment_id=payment.pk, redirect_url=url)


def _require_open(reason: str | None) -> None:
    if reason == REPLACED:
        # Somebody chose the other mode at the same time.
        raise GatewayUnavailable(retry_after=1)
    if reason is not None:
        raise OrderNotPayable(reason=reason)

"""Orders that nobody paid in time: Stripe first, then the order."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from orders import selectors
from orders import services as orders
from payments.errors import GatewayUnavailable
from payments.models import OPEN, Payment
from payments.services.cancelling import end_at_stripe
from payments.services.clock import Clock
from payments.services.locking import lock_open_payment
from shop.core.errors import DomainError
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

logger = logging.getLogger(__name__)

_AT_ONCE = 100
_MOST_FAILURES = 3
# Seconds that an order rests whose intent was asked about in vain; twice as long each time.
_FIRST_PAUSE, _LONGEST_PAUSE = 15, 600


def expire_unpaid(*, now: datetime) -> int:
    """
    Expire the orders whose time to pay is over and return how many; their stock is free again.

    Each one's intent is cancelled at Stripe before that, so that no money can follow. Where money is under way, or
    Stripe doesn't answer, the order stays; it rests for a while then, and the others have their turn. Three such end
    the run: Stripe is down. Emits: ``orders.order_expired.v1``.

    :raises TransactionForbidden: a transaction is open.
    """
    clock, expired, failures = Clock.starting(now), 0, 0
    for order_id in selectors.overdue(now=now, limit=_AT_ONCE, without=_resting()):
        try:
            expired += _expire(order_id, now=clock.now())
        except GatewayUnavailable as error:
            logger.warning("Order %s waits for Stripe: %s", order_id, error)
            _let_rest(order_id)
            failures += 1
            if failures == _MOST_FAILURES:
                break
        except DomainError:
            logger.exception("Order %s can't expire.", order_id)
    return expired


def _expire(order_id: UUID, *, now: datetime) -> bool:
    payment = Payment.objects.filter(order_id=order_id, status__in=OPEN).first()
    if payment is not None:
        end_at_stripe(payment, release_authorized=False, now=now)
    return use_case(_expire_if_unpaid, order_id, now)


def _resting() -> list[UUID]:
    """Return the orders whose intents were asked about in vain just now: they must not stand in front of others."""
    resting = Payment.objects.filter(status__in=OPEN, cancel_not_before__gt=Now())
    return list(resting.values_list("order_id", flat=True))


def _let_rest(order_id: UUID) -> None:
    open_ones = Payment.objects.filter(order_id=order_id, status__in=OPEN)
    for payment in open_ones:
        pause = timedelta(seconds=min(_FIRST_PAUSE * 2 ** min(payment.cancel_attempts, 10), _LONGEST_PAUSE))
        open_ones.filter(pk=payment.pk).update(
            cancel_not_before=Now() + pause, cancel_attempts=F("cancel_attempts") + 1
        )


@transaction.atomic
def _expire_if_unpaid(order_id: UUID, now: datetime) -> bool:
    """Expire a pending order without an open payment; whatever has happened meanwhile is seen under the locks."""
    order, payment = lock_open_payment(order_id)
    is_overdue = order.payment_due_at is not None and order.payment_due_at < now
    if order.status != "pending" or payment is not None or not is_overdue:
        return False
    orders.expire(order_id=order_id, now=now)
    return True

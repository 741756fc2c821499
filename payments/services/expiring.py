"""Orders that nobody paid in time: Stripe first, then the order."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction

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


def expire_unpaid(*, now: datetime) -> int:
    """
    Expire the orders whose time to pay is over and return how many; their stock is free again.

    Each one's intent is cancelled at Stripe before that, so that no money can follow. Where money is under way, or
    Stripe doesn't answer, the order stays. Emits: ``orders.order_expired.v1``.

    :raises TransactionForbidden: a transaction is open.
    """
    clock, expired = Clock.starting(now), 0
    for order_id in selectors.overdue(now=now, limit=_AT_ONCE):
        try:
            expired += _expire(order_id, now=clock.now())
        except GatewayUnavailable as error:
            logger.warning("Unpaid orders wait for Stripe: %s", error)
            break
        except DomainError:
            logger.exception("Order %s can't expire.", order_id)
    return expired


def _expire(order_id: UUID, *, now: datetime) -> bool:
    payment = Payment.objects.filter(order_id=order_id, status__in=OPEN).first()
    if payment is not None:
        end_at_stripe(payment, release_authorized=False, now=now)
    return use_case(_expire_if_unpaid, order_id, now)


@transaction.atomic
def _expire_if_unpaid(order_id: UUID, now: datetime) -> bool:
    """Expire a pending order without an open payment; whatever has happened meanwhile is seen under the locks."""
    order, payment = lock_open_payment(order_id)
    is_overdue = order.payment_due_at is not None and order.payment_due_at < now
    if order.status != "pending" or payment is not None or not is_overdue:
        return False
    orders.expire(order_id=order_id, now=now)
    return True

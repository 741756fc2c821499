"""Orders that cost nothing have a payment too: it carries the receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from orders import services as orders
from payments.models import Payment
from payments.services.outcomes import announce_success

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@transaction.atomic
def record_free_payment(*, order_id: UUID, now: datetime) -> None:
    """
    Write the payment of an order whose total is nothing; for any other order, and a second time, nothing happens.

    Locks: order. Emits: ``payments.payment_succeeded.v1``.
    """
    order = orders.lock_order(order_id=order_id)
    if order.total != 0 or Payment.objects.filter(order_id=order_id).exists():
        return
    payment = Payment.objects.create(
        order_id=order_id,
        provider=Payment.Provider.FREE,
        status=Payment.Status.SUCCEEDED,
        amount=0,
        currency=order.currency,
        method=Payment.Provider.FREE,
        pays_order=True,
        succeeded_at=now,
        created_at=now,
    )
    announce_success(payment, now=now)

"""The link to an order, mailed to the address on it for whoever knows its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from orders.events import OrderLinkRequested
from orders.models import Order
from shop.core.ids import new_id
from shop.events.outbox import publish

if TYPE_CHECKING:
    from datetime import datetime


@transaction.atomic
def request_order_link(*, number: str, email: str, now: datetime) -> None:
    """
    Have the link to an order mailed to the address on it, if number and address belong together; else do nothing.

    Whoever asks learns nothing either way. Emits: ``orders.order_link_requested.v1``.

    :param number: in any case, with blanks and dashes as people write them.
    :param email: in any case.
    """
    plain = "".join(number.split()).replace("-", "").upper()
    order = Order.objects.filter(number=plain, email__iexact=email).first()
    if order is not None and order.email:
        publish(OrderLinkRequested(request_id=new_id(), version=1, order_id=order.pk), now=now)

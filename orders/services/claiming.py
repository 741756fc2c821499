"""Orders that somebody placed as a guest, given to the account that has shown the address to be its owner's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Lower
from django.utils.crypto import constant_time_compare

from orders.events import OrderClaimed, SoldLine
from orders.models import Order, OrderLine
from orders.services.confirming import ARRIVED
from orders.services.moving import locked
from orders.tokens import access_token
from shop.audit import services as audit
from shop.core.errors import NotFound, PermissionDenied
from shop.events.outbox import publish_all
from users import services as users

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet


@transaction.atomic
def claim_guest_orders(*, user_id: UUID, now: datetime) -> int:
    """
    Give an account every guest order of its address, whatever its case, and return how many there were.

    Nothing happens unless the account may act and its address is verified now. The links that were mailed for these
    orders open them no longer: the sign-in counts. What was agreed and where the orders stand isn't touched, and a
    second time does nothing.

    Transaction: opens its own. Locks: the account, the orders. Emits: ``orders.order_claimed.v1`` for each.
    """
    owner = users.lock_recipient(user_id=user_id)
    if owner is None or not owner.verified:
        return 0
    # In the order of their keys, so that two claims at once don't wait for each other in a circle.
    orders = list(guest_orders_of(owner.email).select_for_update().order_by("pk"))
    if not orders:
        return 0
    _hand_over(orders, user_id=user_id, now=now)
    return len(orders)


@transaction.atomic
def claim_order(*, order_id: UUID, user_id: UUID, token: str, now: datetime) -> None:
    """
    Give an account a guest's order that it holds the token of; an order that is its own already stays so.

    The links that were mailed for it open it no longer. Locks: the account, the order. Emits:
    ``orders.order_claimed.v1``.

    :raises NotFound: the order is missing or another account's, or the token isn't its.
    :raises PermissionDenied: the account's address isn't confirmed, or isn't the one on the order. Nothing is
        written.
    """
    owner = users.lock_recipient(user_id=user_id)
    order = locked(order_id)
    if order.user_id == user_id:
        return
    if order.user_id is not None or not constant_time_compare(
        token, access_token(order_id, order.token_version)
    ):
        raise NotFound
    if owner is None or not owner.verified or owner.email.lower() != order.email.lower():
        raise PermissionDenied
    _hand_over([order], user_id=user_id, now=now)


def _hand_over(orders: list[Order], *, user_id: UUID, now: datetime) -> None:
    # Two columns only: whatever else happens to an order at the same time keeps its own.
    Order.objects.filter(pk__in=[order.pk for order in orders], user__isnull=True).update(
        user_id=user_id, token_version=F("token_version") + 1
    )
    for order in orders:
        audit.record(actor_id=user_id, action="orders.claimed", target=order, now=now)
    bought: dict[UUID, list[SoldLine]] = {order.pk: [] for order in orders if order.payment_status in ARRIVED}
    for line in OrderLine.objects.filter(order__in=bought).order_by("order", "position"):
        bought[line.order_id].append(
            SoldLine(product_id=line.product_id, variant_id=line.variant_id, quantity=line.quantity)
        )
    publish_all(
        [
            OrderClaimed(
                order_id=order.pk, version=order.version, user_id=user_id, lines=bought.get(order.pk, [])
            )
            for order in orders
        ],
        now=now,
    )


def guest_orders_of(email: str) -> QuerySet[Order]:
    """Return the orders of an address, in any case, that belong to no account."""
    # The expression and the condition of the index orders_guest_email, or it wouldn't answer.
    return Order.objects.alias(folded_email=Lower("email")).filter(
        user__isnull=True, folded_email=email.lower()
    )

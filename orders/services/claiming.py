"""Orders that somebody placed as a guest, given to the account that has shown the address to be its owner's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Lower

from orders.models import Order
from shop.audit import services as audit
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

    Transaction: opens its own. Locks: the account, the orders.
    """
    owner = users.lock_recipient(user_id=user_id)
    if owner is None or not owner.verified:
        return 0
    # In the order of their keys, so that two claims at once don't wait for each other in a circle.
    orders = list(guest_orders_of(owner.email).select_for_update().order_by("pk"))
    if not orders:
        return 0
    # Two columns only: whatever else happens to an order at the same time keeps its own.
    Order.objects.filter(pk__in=[order.pk for order in orders], user__isnull=True).update(
        user_id=user_id, token_version=F("token_version") + 1
    )
    for order in orders:
        audit.record(actor_id=user_id, action="orders.claimed", target=order, now=now)
    return len(orders)


def guest_orders_of(email: str) -> QuerySet[Order]:
    """Return the orders of an address, in any case, that belong to no account."""
    # The expression and the condition of the index orders_guest_email, or it wouldn't answer.
    return Order.objects.alias(folded_email=Lower("email")).filter(
        user__isnull=True, folded_email=email.lower()
    )

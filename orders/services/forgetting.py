"""Taking a person out of the orders they placed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from cart import services as cart
from orders.digest import digest
from orders.models import (
    LineCancellation,
    Order,
    OrderAddress,
    OrderMove,
    OrderNote,
    Return,
    ReturnLine,
    Shipment,
)
from shop.api import idempotency
from shop.audit import services as audit
from shop.core.transactions import require_transaction

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

# Of an address only the country stays: it decides which tax was due.
_NO_ADDRESS = dict.fromkeys(
    ("full_name", "company", "line1", "line2", "city", "region", "postal_code", "phone"), ""
)
# Whose reasons are sentences that somebody typed.
_PEOPLE = (OrderMove.Actor.CUSTOMER, OrderMove.Actor.GUEST, OrderMove.Actor.STAFF)
_AT_ONCE = 200


def lock_orders(*, user_id: UUID) -> None:
    """
    Keep a customer's orders, and with them payments and refunds, from moving until the transaction ends.

    Locks: the orders.
    """
    require_transaction("lock_orders()")
    rows = Order.objects.filter(user_id=user_id).order_by("pk")
    list(rows.select_for_update().values_list("pk", flat=True))


@transaction.atomic
def forget_customer(*, user_id: UUID, actor_id: UUID, now: datetime) -> None:
    """
    Blank everything personal in a customer's orders.

    That is e-mail address, note, VAT id, postal addresses, typed reasons, staff's notes, and the numbers parcels are
    followed by. What was bought, the amounts, the states and the country stay, and what was agreed to at placing. Links
    that were mailed for them die. What was placed isn't what is stored any more, so each order gets a new digest, and
    the record says why.
    Transaction: opens its own. Locks: the orders, their carts.

    :param actor_id: who erases: the customer, or staff.
    """
    orders = list(Order.objects.filter(user_id=user_id).order_by("pk"))
    ids = [order.pk for order in orders]
    OrderAddress.objects.filter(order__in=ids).update(**_NO_ADDRESS)
    OrderMove.objects.filter(order__in=ids, actor__in=_PEOPLE).update(cause="")
    Shipment.objects.filter(order__in=ids).update(tracking_number="", tracking_url="")
    Return.objects.filter(order__in=ids).update(message="")
    ReturnLine.objects.filter(back__order__in=ids).update(reason="")
    LineCancellation.objects.filter(line__order__in=ids).update(reason="")
    OrderNote.objects.filter(order__in=ids).update(text="")
    Order.objects.filter(pk__in=ids).update(
        email="",
        note="",
        # A sole trader's names them as their own name does.
        vat_id="",
        metadata={},
        external_id=None,
        token_version=F("token_version") + 1,
    )
    _write_digests(user_id)
    cart.forget_guest_carts(cart_ids=[order.cart_id for order in orders])
    idempotency.forget_keys_of(f"order:{order_id}" for order_id in ids)
    audit.record_each(
        actor_id=actor_id,
        action="orders.customer_forgotten",
        targets=orders,
        now=now,
        reason="Its customer was erased, so its addresses, its VAT id and its digest aren't those of the placing.",
    )


def _write_digests(user_id: UUID) -> None:
    # Of the old digest nothing is kept: whoever guesses an address could check the guess against it.
    rows = list(Order.objects.filter(user_id=user_id).prefetch_related("lines", "addresses"))
    for order in rows:
        order.digest = digest(order, order.lines.all(), order.addresses.all())
    Order.objects.bulk_update(rows, ["digest"], batch_size=_AT_ONCE)

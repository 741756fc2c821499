"""Orders that staff place for somebody, given by telephone say: the very same checkout over a cart of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from cart import selectors as carts
from cart import services as cart
from orders.services.placing import place_order
from shop.audit import services as audit
from shop.core.errors import FieldError, ValidationFailed, does_not_exist
from shop.core.ids import new_token
from shop.core.transactions import require_transaction
from users import services as users

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from cart.selectors import CartOwner, PricedCart
    from orders.models import Order
    from orders.services.moving import Actor
    from orders.services.snapshot import Placing


@dataclass(frozen=True, kw_only=True)
class StaffOrder:
    """
    What somebody orders, as staff write it down: for an account, or for whoever has the address in ``placing``.

    An empty address or language is the account's, an empty currency the shop's.
    """

    drafted: cart.Drafted
    placing: Placing
    customer_id: UUID | None = None
    currency: str = ""


@transaction.atomic
def place_staff_order(*, wanted: StaffOrder, actor: Actor, now: datetime) -> Order:
    """
    Place an order for somebody, or change nothing; their own open cart isn't touched.

    Whatever ``place_order`` does and refuses, it does here. Terms and ages are confirmed by staff for the shopper: the
    history says who placed it, and the audit record what was confirmed. Locks: the account, then those of
    ``place_order``. Emits: what ``place_order`` does.

    :raises ValidationFailed: there is no such account, or no address for mail, or as for ``draw_up``.
    """
    owner, placing = _drawn_up(wanted, now=now)
    order = place_order(owner=owner, placing=placing, actor=actor, now=now)
    audit.record(
        actor_id=actor.id,
        action="orders.placed_by_staff",
        target=order,
        now=now,
        terms=order.terms_version or None,
        minimum_age=order.age_confirmed,
    )
    return order


@transaction.atomic
def preview_staff_order(*, wanted: StaffOrder, now: datetime) -> PricedCart:
    """
    Return the cart that such an order would be placed from, priced; nothing is left written.

    :raises ValidationFailed: as for ``place_staff_order``, but what is missing for placing alone may be.
    """
    with transaction.atomic():
        owner, placing = _drawn_up(wanted, now=now)
        guest = "" if owner.user_id else carts.guest_digest(placing.email)
        priced = carts.priced_cart(cart.open_cart(owner, now=now, guest=guest), now=now)
        transaction.set_rollback(True)
    return priced


def _drawn_up(wanted: StaffOrder, *, now: datetime) -> tuple[CartOwner, Placing]:
    """Return the cart and what is said at placing, with what the account says of itself."""
    require_transaction("A staff order")
    placing = wanted.placing
    language, email = placing.language, placing.email
    if wanted.customer_id is not None:
        # Until the end it isn't erased: the new cart is no row yet that an erasure would wait for.
        account = users.lock_recipient(user_id=wanted.customer_id)
        if account is None:
            raise does_not_exist("customer")
        email, language = email or account.email, language or account.language
    if not email:
        raise ValidationFailed(FieldError("email", "required", "Name the customer, or an e-mail address."))
    placing = replace(placing, email=email, language=language or settings.LANGUAGE_CODE)
    shopper = carts.Shopper(
        # Of a guest's cart nobody keeps the token: only this order is ever made of it.
        owner=carts.CartOwner.of(user_id=wanted.customer_id, token=new_token()),
        currency=wanted.currency or settings.BASE_CURRENCY,
        language=placing.language,
    )
    return cart.draw_up(shopper=shopper, said=wanted.drafted, now=now), placing

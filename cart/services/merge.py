"""Bringing a guest's cart along when its shopper signs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from cart import selectors
from cart.models import MAX_LINES, MAX_QUANTITY, Cart, CartCoupon, CartItem
from cart.selectors import CartOwner, Shopper
from cart.services.forgetting import BLANK
from cart.services.opening import open_or_new_cart, raise_version

if TYPE_CHECKING:
    from datetime import datetime


@transaction.atomic
def merge_guest_cart(*, user_id: UUID, token_hash: str, now: datetime) -> None:
    """
    Move everything in a guest's cart into the customer's; the token is dead afterwards.

    Quantities add up, capped at the line limit. Place, method and currency stay the customer's, else become the
    guest's. What merged or was cut stands in the cart's ``changes`` until the next write, beside what changed before:
    signing in shows no prices, so it doesn't count as having seen them. Without an open guest cart nothing happens.
    Locks: both carts, the guest's first.
    """
    guest: Any = selectors.load_cart(CartOwner(token_hash=token_hash), now=now, lock=True)
    if guest is None:
        return
    owner = CartOwner(user_id=user_id)
    own: Any = selectors.load_cart(owner, now=now, lock=True)
    if own is None:
        shopper = Shopper(owner=owner, currency=guest.currency, language=guest.language)
        own = open_or_new_cart(shopper, now=now)
    if guest.currency != own.currency:
        # Prices in another currency were never seen.
        guest.lines = [{**line, "seen_price": None} for line in guest.lines]
    notices = [_merge_line(own, line) for line in guest.lines]
    for code in guest.codes:
        CartCoupon.objects.get_or_create(cart_id=own.pk, coupon_id=code["id"])
    # Nobody finds it by the customer any more, so it keeps nothing that would tell of them.
    Cart.objects.filter(pk=guest.pk).update(status=Cart.Status.MERGED, updated_at=now, **BLANK)
    places = ("country", "region", "postal_code", "shipping_method")
    place = {} if own.country else {name: getattr(guest, name) for name in places if getattr(guest, name)}
    raise_version(own, now=now, notices=[*own.notices, *notices], **place)


def _merge_line(own: Any, line: dict[str, Any]) -> dict[str, Any]:
    """Add a guest's line to the customer's cart and return the notice of what happened."""
    same = next((mine for mine in own.lines if mine["variant"] == line["variant"]), None)
    if same is None and len(own.lines) >= MAX_LINES:
        return {"code": "cut", "item": None, "old": line["quantity"], "new": 0}
    if same is None:
        item = CartItem.objects.create(
            cart_id=own.pk,
            variant_id=line["variant"],
            quantity=line["quantity"],
            seen_price=line["seen_price"],
        )
        own.lines.append({**line, "id": str(item.pk)})
        return {"code": "merged", "item": str(item.pk), "old": 0, "new": line["quantity"]}
    wanted = same["quantity"] + line["quantity"]
    units = min(wanted, MAX_QUANTITY)
    CartItem.objects.filter(pk=UUID(same["id"])).update(quantity=units)
    notice = {"code": "merged" if units == wanted else "cut", "item": str(UUID(same["id"]))}
    notice |= {"old": same["quantity"], "new": units}
    same["quantity"] = units
    return notice

"""Bringing a guest's cart along when its shopper signs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from cart import selectors
from cart.coupons import MAX_CODES, drop, is_theirs, is_usable
from cart.models import MAX_LINES, MAX_QUANTITY, Cart, CartCoupon, CartItem
from cart.pricing import Reason
from cart.selectors import CartOwner, Shopper
from cart.services.forgetting import BLANK
from cart.services.opening import open_or_new_cart, raise_version

if TYPE_CHECKING:
    from datetime import datetime


@transaction.atomic
def merge_guest_cart(*, user_id: UUID, token_hash: str, now: datetime) -> None:
    """
    Move everything in a guest's cart into the customer's; the token is dead afterwards.

    Quantities add up, capped at the line limit. Place, method, VAT id and currency stay the customer's, else become the
    guest's. What merged or was cut stands in the cart's ``changes`` until the next write, beside what changed before:
    signing in shows no prices, so it doesn't count as having seen them. A code that is another customer's, or for the
    same promotion as one that is there, is left behind. Without an open guest cart nothing happens.
    Locks: both carts, the guest's first.
    """
    guest: Any = selectors.load_cart(CartOwner(token_hash=token_hash), now=now, lock=True)
    if guest is None:
        return
    owner = CartOwner(user_id=user_id)
    own: Any = selectors.load_cart(owner, now=now, lock=True)
    if own is None:
        shopper = Shopper(
            owner=owner,
            currency=guest.currency,
            language=guest.language,
            currency_chosen=guest.currency_chosen,
        )
        own = open_or_new_cart(shopper, now=now)
    if guest.currency != own.currency:
        # Prices in another currency were never seen.
        guest.lines = [{**line, "seen_price": None} for line in guest.lines]
    notices = [_merge_line(own, line) for line in guest.lines]
    notices += _merge_codes(own, guest)
    # Nobody finds it by the customer any more, so it keeps nothing that would tell of them.
    Cart.objects.filter(pk=guest.pk).update(status=Cart.Status.MERGED, updated_at=now, **BLANK)
    places = ("country", "region", "postal_code", "shipping_method")
    place = {} if own.country else {name: getattr(guest, name) for name in places if getattr(guest, name)}
    vat_id = own.vat_id or guest.vat_id
    raise_version(own, now=now, notices=[*own.notices, *notices], vat_id=vat_id, **place)


def _merge_codes(own: Any, guest: Any) -> list[dict[str, Any]]:
    """Bring the guest's codes along, and return a notice for each that the customer's cart can't have."""
    notices = []
    for code in guest.codes:
        if code["id"] in {mine["id"] for mine in own.codes}:
            continue
        if reason := _stays_behind(code, own):
            notices.append(drop(code["code"], [reason], own.currency))
        else:
            CartCoupon.objects.create(cart_id=own.pk, coupon_id=code["id"])
            own.codes.append(code)
    return notices


def _stays_behind(code: dict[str, Any], own: Any) -> Reason | None:
    if not is_theirs(code, own.user_id):
        return Reason(rule="inactive")
    for mine in own.codes:
        if mine["promotion_id"] == code["promotion_id"] and is_usable(mine, own.user_id):
            return Reason(rule="same_promotion", needed=mine["code"])
    return Reason(rule="too_many", needed=MAX_CODES) if len(own.codes) >= MAX_CODES else None


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

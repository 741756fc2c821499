"""Getting hold of the cart that a write is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import F

from cart import selectors
from cart.errors import CartConverted
from cart.models import NO_CART, Cart, CartItem
from cart.ports import purchase_history
from shop.api.problems import PreconditionFailed
from shop.core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cart.selectors import CartOwner, Place, PricedCart, Shopper
    from products.selectors.offers import Offer

# For so long a shopper who asks for the cart again is told about the order it became.
CONVERTED_IS_NEWS = timedelta(days=1)


def open_cart(
    owner: CartOwner,
    *,
    now: datetime,
    seen: str | None = None,
    place: Place | None = None,
    guest: str = "",
) -> Any:
    """
    Return the owner's open cart, locked, as ``load_cart`` does.

    :param place: the place whose rules count, where it isn't the cart's own.
    :param guest: the digest of the address that a guest has given.
    :param seen: the name of the state that the shopper saw, when the cart must still be in it.
    :raises NotFound: there is none.
    :raises PreconditionFailed: it has changed since.
    """
    cart = selectors.load_cart(owner, now=now, place=place, guest=guest, lock=True)
    if cart is None:
        raise NotFound
    if seen is not None and seen != cart.state:
        raise PreconditionFailed
    return cart


def open_or_new_cart(shopper: Shopper, *, now: datetime, seen: str | None = None) -> Any:
    """
    Return the shopper's open cart, locked; made when there is none. One open cart each, whatever the race.

    :param seen: the name of the state that the shopper saw, when the cart must still be in it; without a cart there
        is that of an empty answer.
    :raises PreconditionFailed: it has changed since.
    """
    owner = shopper.owner
    cart: Any = selectors.load_cart(owner, now=now, lock=True)
    if seen is not None and seen != (cart.state if cart else NO_CART):
        raise PreconditionFailed
    if cart is not None:
        return cart
    try:
        with transaction.atomic():
            Cart.objects.create(
                user_id=owner.user_id,
                token_hash="" if owner.user_id else owner.token_hash,
                currency=shopper.currency,
                currency_chosen=shopper.currency_chosen,
                language=shopper.language,
                created_at=now,
                updated_at=now,
            )
    except IntegrityError:
        # Another request of the same shopper was faster; its cart is the one, unless it had to be the first.
        if seen is not None:
            raise PreconditionFailed from None
    return open_cart(owner, now=now)


def converted_cart(owner: CartOwner, *, now: datetime) -> CartConverted | None:
    """Return the news that the owner's last cart became an order within a day, or None."""
    last = (
        Cart.objects.filter(
            owner.own(), status=Cart.Status.CONVERTED, converted_at__gt=now - CONVERTED_IS_NEWS
        )
        .order_by("-converted_at")
        .first()
    )
    if last is None:
        return None
    order = purchase_history().order_of_cart(cart_id=last.pk)
    return CartConverted(order=str(order) if order else None)


def written(
    cart: Any, *, now: datetime, offers: Mapping[int, Offer] | None = None, **changes: Any
) -> PricedCart:
    """
    Finish a write: raise the version, remember the prices the shopper now sees, and return the priced cart.

    :param offers: those that are known already; only the others are read.
    :param changes: columns of the cart that change with it.
    """
    changes = {"notices": [], **changes}
    raise_version(cart, now=now, **changes)
    seen = selectors.priced_cart(cart, now=now, offers=offers)
    _remember_prices(seen)
    return replace(seen, changes=tuple(change for change in seen.changes if _is_still_true(change)))


def raise_version(cart: Any, *, now: datetime, **changes: Any) -> None:
    """Change columns of a locked cart; each time its version tells that it isn't what it was."""
    Cart.objects.filter(pk=cart.pk).update(version=F("version") + 1, updated_at=now, **changes)
    for name, value in changes.items():
        setattr(cart, name, value)
    cart.version += 1


def _remember_prices(cart: PricedCart) -> None:
    # The catalogue's, which a change is measured against: what is charged also changes with the place.
    moved = [
        item for item in cart.items if item.list_price is not None and item.list_price != item.seen_price
    ]
    if moved:
        CartItem.objects.bulk_update(
            [CartItem(pk=item.id, seen_price=item.list_price) for item in moved], ["seen_price"]
        )


def _is_still_true(change: dict[str, Any]) -> bool:
    """Tell whether a change outlives the write: a price that has been shown doesn't, a shortage does."""
    return change["code"] not in ("price_up", "price_down")

"""Taking a person out of carts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from cart.models import Cart, Coupon, CustomerUses
from shop.api import idempotency
from shop.core.transactions import require_transaction

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

# What a cart knows of where its shopper lives, and for whom they buy.
BLANK: dict[str, Any] = {"country": "", "region": "", "postal_code": "", "vat_id": "", "notices": []}


def lock_carts(*, user_id: UUID) -> None:
    """
    Keep a customer's carts from changing until the transaction ends. Locks: the carts.

    An order that is being placed has its cart locked, so this waits until it is there.
    """
    require_transaction("lock_carts()")
    rows = Cart.objects.filter(user_id=user_id).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))


@transaction.atomic
def forget_customer(*, user_id: UUID) -> None:
    """
    Delete a customer's carts; of those that became orders, keep what was bought and nothing of where it went.

    Codes that were theirs alone go too, or are of no more use where an order used one, and so does what counted how
    often they used a promotion.

    Transaction: opens its own. Locks: the carts, then the codes and counters.
    """
    carts = Cart.objects.filter(user_id=user_id)
    # Orders hang on these; a coupon's uses do too.
    carts.filter(status=Cart.Status.CONVERTED).update(**BLANK)
    carts.exclude(status=Cart.Status.CONVERTED).delete()
    codes = Coupon.objects.filter(customer_id=user_id)
    codes.filter(redemptions__isnull=True).delete()
    codes.update(is_active=False)
    CustomerUses.objects.filter(user_id=user_id).delete()


@transaction.atomic
def forget_guest_carts(*, cart_ids: Collection[UUID]) -> None:
    """
    Blank carts that were a guest's when they became orders, with the answers stored under their tokens.

    What counted how often that guest used a promotion goes: it was found by their address.

    Transaction: opens its own. Locks: the carts, then the counters.

    :param cart_ids: those of orders that an account has taken over; a customer's own are passed over.
    """
    carts = Cart.objects.filter(Q(user__isnull=True), pk__in=cart_ids)
    hashes = set(carts.values_list("token_hash", flat=True))
    carts.update(**BLANK)
    CustomerUses.objects.filter(user__isnull=True, redemptions__cart__in=carts).delete()
    idempotency.forget_keys_of(f"cart:{token_hash}" for token_hash in hashes)

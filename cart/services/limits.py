"""Counting anew what was used, where staff set a limit that wasn't there before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from cart.digests import guest_digest
from cart.models import Cart, CustomerUses, Redemption
from cart.ports import purchase_history
from shop.core.transactions import lock_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from cart.models import Promotion

_AT_ONCE = 500


def lock_uses() -> None:
    """
    Let nobody redeem or give back until the transaction ends; whoever does just now is waited for.

    They write a redemption before they read which limits there are. So one that didn't see a new limit is counted
    by whoever sets it, and one that isn't there yet will see it. Take it before the lock of any promotion or code.
    """
    lock_table(Redemption)


def held_uses(**of: Any) -> int:
    """Return how many uses of a promotion or a code count."""
    return Redemption.objects.filter(state=Redemption.State.HELD, **of).count()


def forget_counters(promotion: Promotion) -> None:
    """Delete the counters of customers, in the caller's transaction: nobody asks for them any more."""
    Redemption.objects.filter(promotion=promotion, uses__isnull=False).update(uses=None)
    CustomerUses.objects.filter(promotion=promotion).delete()


def count_customers(promotion: Promotion) -> None:
    """Give each customer who has used a promotion their counter, in the caller's transaction, under ``lock_uses``."""
    uncounted = Redemption.objects.filter(promotion=promotion, uses__isnull=True, state=Redemption.State.HELD)
    # Of somebody who was erased nothing is kept.
    customers = uncounted.filter(cart__user__isnull=False, cart__user__erased_at__isnull=True)
    for users in _chunks(customers.values_list("cart__user", flat=True)):
        CustomerUses.objects.bulk_create(
            [CustomerUses(promotion=promotion, user_id=user) for user in sorted(set(users))],
            ignore_conflicts=True,
        )
    owner = Cart.objects.filter(pk=OuterRef(OuterRef("cart"))).values("user")
    own = CustomerUses.objects.filter(promotion=promotion, user__in=owner)
    uncounted.filter(cart__user__isnull=False).update(uses=Subquery(own.values("pk")[:1]))
    for carts in _chunks(uncounted.filter(cart__user__isnull=True).values_list("cart", flat=True)):
        _count_guests(promotion, carts)
    counted = Redemption.objects.filter(uses=OuterRef("pk"), state=Redemption.State.HELD)
    sums = counted.order_by().values("uses").annotate(count=Count("pk")).values("count")
    CustomerUses.objects.filter(promotion=promotion).update(
        used=Coalesce(Subquery(sums, output_field=IntegerField()), 0)
    )


def _count_guests(promotion: Promotion, carts: list[UUID]) -> None:
    emails = purchase_history().emails_of_carts(carts)
    guests = {cart: guest_digest(email) for cart, email in emails.items()}
    CustomerUses.objects.bulk_create(
        [CustomerUses(promotion=promotion, guest=guest) for guest in sorted(set(guests.values()))],
        ignore_conflicts=True,
    )
    known = CustomerUses.objects.filter(promotion=promotion, guest__in=set(guests.values()))
    counters = dict(known.values_list("guest", "pk"))
    uses = list(Redemption.objects.filter(promotion=promotion, cart__in=guests, uses__isnull=True))
    for use in uses:
        use.uses_id = counters[guests[use.cart_id]]
    Redemption.objects.bulk_update(uses, ["uses"], batch_size=_AT_ONCE)


def _chunks(keys: Any) -> Iterator[list[Any]]:
    """Return the keys some hundred at a time; they are read before anything is done with them."""
    found = list(keys)
    return (found[start : start + _AT_ONCE] for start in range(0, len(found), _AT_ONCE))

"""Promotions and codes: each use counted once, none beyond a limit."""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField, Case, Count, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce

from cart.models import Coupon, CustomerUses, Promotion, Redemption
from orders.models import Order
from orders.tests.invariants.violations import violations

_ENDED = (Order.Status.CANCELLED, Order.Status.EXPIRED)
_HELD = Count("redemptions", filter=Q(redemptions__state="held"))


def _miscounted(model: type[Coupon | Promotion], name: str) -> Any:
    rows = model._default_manager.annotate(held=_HELD)
    right = Q(max_uses__isnull=True, used=0) | Q(used=F("held"), used__lte=F("max_uses"))
    return rows.exclude(right).values_list(name, "used", "held", "max_uses")


@violations
def _codes_miscounted() -> Any:
    return _miscounted(Coupon, "code")


@violations
def _promotions_miscounted() -> Any:
    return _miscounted(Promotion, "name")


def uses_miscounted() -> list[tuple[Any, ...]]:
    """C1: codes and promotions with a limit that count other uses than are held, or count without one."""
    return _codes_miscounted() + _promotions_miscounted()


def _most_each(promotion: str = "promotion__") -> Case:
    each = F(f"{promotion}max_uses_each")
    first = When(**{f"{promotion}first_order": True}, then=Value(1))
    return Case(first, default=each, output_field=BigIntegerField())


@violations
def customers_miscounted() -> Any:
    """C2: counters of customers that count other uses than are held, or more than they may have."""
    rows = CustomerUses.objects.annotate(
        held=_HELD, most=Coalesce(_most_each(), Value(0), output_field=BigIntegerField())
    )
    return rows.exclude(used=F("held"), used__lte=F("most")).values_list("promotion__name", "used", "held")


@violations
def uncounted() -> Any:
    """C2: held uses of promotions that are limited for each customer, of which no counter knows."""
    # Those of people who were erased are nobody's.
    forgotten = Order.objects.filter(email="").values("cart")
    rows = Redemption.objects.filter(state="held", uses__isnull=True).exclude(cart__in=forgotten)
    rows = rows.annotate(most=_most_each()).filter(most__isnull=False)
    return rows.values_list("pk", "promotion__name")


@violations
def held_by_ended() -> Any:
    """C3: uses that are held by orders which were cancelled or have expired, once all events are heard."""
    ended = Exists(Order.objects.filter(cart=OuterRef("cart"), status__in=_ENDED))
    return Redemption.objects.filter(ended, state="held").values_list("pk", "promotion__name")

"""Orders: a legal history without gaps that ends where the order is, and one order a cart."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Exists, OuterRef, Q

from cart.models import Cart, CartItem
from orders.models import Order, OrderLine, OrderMove
from orders.moves import MOVES
from orders.tests.invariants.violations import violations

_STEP = ("order", "version", "axis", "from_state", "to_state")
_BEGIN = {"status": "", "payment_status": "unpaid", "fulfilment_status": "unfulfilled"}


@violations
def _steps() -> Any:
    return OrderMove.objects.order_by("order", "version").values_list(*_STEP)


@violations
def _ends() -> Any:
    return Order.objects.values_list("pk", "version", *_BEGIN)


def illegal_moves() -> list[tuple[Any, ...]]:
    """O1: history rows that the table of moves doesn't have."""
    return [step for step in _steps() if step[1] != 1 and step[4] not in MOVES[step[2]].get(step[3], ())]


def broken_chains() -> list[tuple[Any, ...]]:
    """O2: orders whose history has a gap, doesn't connect, or doesn't end where the order is."""
    steps = defaultdict(list)
    for order, *step in _steps():
        steps[order].append(step)
    return [(pk, gap) for pk, *end in _ends() if (gap := _gap(steps[pk], *end))]


def _gap(steps: list[list[Any]], version: int, *end: str) -> str:
    if [step[0] for step in steps] != list(range(1, version + 1)):
        return f"versions {[step[0] for step in steps]} of {version}"
    here = dict(_BEGIN)
    for _, axis, start, to in steps:
        if here[axis] != start:
            return f"{axis} was {here[axis]}, not {start}"
        here[axis] = to
    return "" if tuple(here.values()) == end else f"ends at {here}"


@violations
def left_an_end() -> Any:
    """O3: steps out of an end: nothing follows on cancelled and completed, and only confirmed on expired."""
    ends = Q(from_state__in=("cancelled", "completed")) | Q(from_state="expired") & ~Q(to_state="confirmed")
    return OrderMove.objects.filter(ends, axis="status").values_list(*_STEP)


@violations
def carts_left_open() -> Any:
    """O4: carts that became an order and aren't closed, and those that are closed without one."""
    has_order = Exists(Order.objects.filter(cart=OuterRef("pk")))
    closed = Q(status="converted", converted_at__isnull=False)
    carts = Cart.objects.filter(has_order & ~closed | ~has_order & Q(status="converted"))
    return carts.values_list("pk", "status")


@violations
def carts_changed_since() -> Any:
    """O4: what lies in a cart that became an order and isn't what was ordered."""
    line = OrderLine.objects.filter(
        order__cart=OuterRef("cart"), variant=OuterRef("variant"), quantity=OuterRef("quantity")
    )
    of_orders = Exists(Order.objects.filter(cart=OuterRef("cart")))
    return CartItem.objects.filter(of_orders, ~Exists(line)).values_list("cart", "variant", "quantity")

"""What always holds, checked over the whole database after each race and step; the names are those of the promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orders.tests.invariants import coupons, goods, history, money, stock
from orders.tests.invariants.coupons import uses_miscounted
from orders.tests.invariants.stock import oversold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["AT_REST", "CHECKS", "check_at_rest", "check_invariants", "oversold", "uses_miscounted"]

CHECKS: dict[str, Callable[[], list[Any]]] = {
    "M2": money.totals_differ,
    "M3": money.lines_differ,
    "M5": money.changed_since_placing,
    "S1": stock.ledger_differs,
    "S2": stock.below_nothing,
    "S3": stock.reserved_differs,
    "S4": stock.oversold,
    "S5 sold": stock.sold_without_movement,
    "S5 to nobody": stock.sold_to_nobody,
    "S5 cancelled": stock.cancelled_without_movement,
    "S5 taken off": stock.taken_off_without_movement,
    "S5 back": stock.back_without_movement,
    "S5 more back": stock.more_back_than_sold,
    "S6 active": stock.holds_of_nobody,
    "S6 sold": stock.holds_sold_otherwise,
    "S6 twice": stock.holds_sold_twice,
    "C1": coupons.uses_miscounted,
    "C2": coupons.customers_miscounted,
    "C2 uncounted": coupons.uncounted,
    "O1": history.illegal_moves,
    "O2": history.broken_chains,
    "O3": history.left_an_end,
    "O4 closed": history.carts_left_open,
    "O4 changed": history.carts_changed_since,
    "G1": goods.counters_differ,
    "G2": goods.more_coming_than_sent,
    "G3": goods.goods_stand_elsewhere,
}
# Holds only once every event has been heard.
AT_REST: dict[str, Callable[[], list[Any]]] = {"C3": coupons.held_by_ended}


def check_invariants(checks: Mapping[str, Callable[[], list[Any]]] = CHECKS) -> None:
    """Fail with the name and the rows of every invariant that doesn't hold."""
    found = {name: rows for name, check in checks.items() if (rows := check())}
    assert found == {}


def check_at_rest() -> None:
    """Do the same for what holds once every event has been heard, too."""
    check_invariants(CHECKS | AT_REST)

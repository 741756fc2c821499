"""Stock: what is on hand, what is promised, what was sold and came back."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Sum, Window

from orders.models import LineCancellation, Order, OrderLine, OrderMove, ReturnLine
from orders.tests.invariants.violations import total, violations
from products.models import Reservation, StockItem, StockMovement

_Kind, _State = StockMovement.Kind, Reservation.State
_STANDING = ("confirmed", "completed")


def _moved(kind: str, ref: str, delta: Any, variant: str = "variant") -> Exists:
    """Tell of a row whether there is the movement that it must have caused."""
    return Exists(
        StockMovement.objects.filter(kind=kind, ref=OuterRef(ref), variant=OuterRef(variant), delta=delta)
    )


def _was_sold(order: str) -> Exists:
    return Exists(OrderMove.objects.filter(order=OuterRef(order), axis="status", to_state="confirmed"))


@violations
def ledger_differs() -> Any:
    """S1: stock whose movements don't add up to what is on hand."""
    items = StockItem.objects.filter(tracked=True)
    items = items.annotate(ledger=total(StockMovement, "delta", variant=OuterRef("pk")))
    return items.exclude(on_hand=F("ledger")).values_list("pk", "on_hand", "ledger")


@violations
def below_nothing() -> Any:
    """S2: movements after which there was less than nothing, as far as it may be sold beyond that."""
    balance = Window(Sum("delta"), partition_by=F("variant"), order_by=F("id").asc())
    moved = StockMovement.objects.filter(variant__stock__tracked=True)
    moved = moved.annotate(balance=balance, least=0 - F("variant__stock__backorder_limit"))
    return moved.filter(balance__lt=F("least")).values_list("pk", "variant", "balance")


@violations
def reserved_differs() -> Any:
    """S3: stock whose active holds aren't what is reserved, or that is promised beyond what is there."""
    held = total(Reservation, "quantity", variant=OuterRef("pk"), state=_State.ACTIVE)
    items = StockItem.objects.annotate(held=held)
    right = Q(reserved=F("held"), reserved__gte=0, reserved__lte=F("on_hand") + F("backorder_limit"))
    return items.exclude(right).values_list("pk", "reserved", "held", "on_hand")


@violations
def oversold() -> Any:
    """S4: variants of which orders took and hold more than ever came in, less what went back to stock."""
    lines = {"variant": OuterRef("pk"), "order__status__in": _STANDING}
    back = {"line__variant": OuterRef("pk"), "line__order__status__in": _STANDING, "restocked": True}
    sold = total(OrderLine, F("quantity") - F("cancelled"), **lines) - total(ReturnLine, "received", **back)
    came = total(StockMovement, "delta", variant=OuterRef("pk"), kind__in=(_Kind.RECEIPT, _Kind.ADJUSTMENT))
    items = StockItem.objects.filter(tracked=True).annotate(taken=sold + F("reserved"), came=came)
    return items.filter(taken__gt=F("came") + F("backorder_limit")).values_list("pk", "taken", "came")


@violations
def sold_without_movement() -> Any:
    """S5: lines of orders that were confirmed without the one sale of all of their units."""
    lines = OrderLine.objects.filter(_was_sold("order"), variant__stock__tracked=True)
    return lines.exclude(_moved(_Kind.SALE, "order", 0 - OuterRef("quantity"))).values_list("order", "pk")


@violations
def sold_to_nobody() -> Any:
    """S5: sales of which no confirmed order knows."""
    lines = OrderLine.objects.filter(
        _was_sold("order"), order=OuterRef("ref"), variant=OuterRef("variant"), quantity=0 - OuterRef("delta")
    )
    return StockMovement.objects.filter(~Exists(lines), kind=_Kind.SALE).values_list(
        "ref", "variant", "delta"
    )


@violations
def cancelled_without_movement() -> Any:
    """S5: lines of cancelled orders that were sold and didn't go back, all of what wasn't back already."""
    rest = F("quantity") - F("cancelled")
    lines = OrderLine.objects.filter(
        _was_sold("order"), order__status="cancelled", variant__stock__tracked=True
    )
    lines = lines.annotate(rest=rest).filter(rest__gt=0)
    return lines.exclude(_moved(_Kind.RESTOCK, "order", OuterRef("rest"))).values_list("order", "pk")


@violations
def taken_off_without_movement() -> Any:
    """S5: units that staff took off an order and that didn't go back."""
    rows = LineCancellation.objects.filter(line__variant__stock__tracked=True)
    moved = _moved(_Kind.RESTOCK, "ref", OuterRef("quantity"), "line__variant")
    return rows.exclude(moved).values_list("ref", "line")


@violations
def back_without_movement() -> Any:
    """S5: units that came back for sale and aren't in stock, and those that were written off and are."""
    rows = ReturnLine.objects.filter(received__gt=0, line__variant__stock__tracked=True)
    moved = _moved(_Kind.RESTOCK, "back", OuterRef("received"), "line__variant")
    right = Q(moved, restocked=True) | Q(~moved, restocked=False)
    return rows.exclude(right).values_list("back", "line", "restocked")


@violations
def more_back_than_sold() -> Any:
    """S5: variants of which more went back than was ever sold."""
    of_orders = StockMovement.objects.filter(kind__in=(_Kind.SALE, _Kind.RESTOCK))
    return (
        of_orders.values("variant").annotate(sum=Sum("delta")).filter(sum__gt=0).values_list("variant", "sum")
    )


@violations
def holds_of_nobody() -> Any:
    """S6: active holds of orders that have ended or are sold, or that don't exist."""
    pending = Exists(Order.objects.filter(pk=OuterRef("order_ref"), status="pending"))
    return Reservation.objects.filter(~pending, state=_State.ACTIVE).values_list("order_ref", "variant")


@violations
def holds_sold_otherwise() -> Any:
    """S6: holds that ended sold without a sale of as many."""
    moved = _moved(_Kind.SALE, "order_ref", 0 - OuterRef("quantity"))
    return Reservation.objects.filter(~moved, state=_State.SOLD).values_list(
        "order_ref", "variant", "quantity"
    )


@violations
def holds_sold_twice() -> Any:
    """S6: orders that sold a variant by more than one hold."""
    sold = Reservation.objects.filter(state=_State.SOLD).values("order_ref", "variant")
    return sold.annotate(times=Count("pk")).filter(times__gt=1).values_list("order_ref", "variant", "times")

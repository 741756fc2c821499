"""Goods: counters beside their rows (ADR 21), and a state that follows from them."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, Value, When

from orders.models import LineCancellation, Order, OrderLine, ReturnLine, Shipment, ShipmentLine
from orders.tests.invariants.violations import total, violations

_COMING = ("requested", "approved")
_ARRIVED = ("delivered", "returned")


@violations
def counters_differ() -> Any:
    """G1: lines whose counters aren't the sums of their parcels, cancellations and returns."""
    of_line = {"line": OuterRef("pk")}
    lines = OrderLine.objects.annotate(
        in_parcels=total(ShipmentLine, "quantity", **of_line),
        taken_off=total(LineCancellation, "quantity", **of_line),
        came_back=total(ReturnLine, "received", **of_line),
    )
    right = Q(shipped=F("in_parcels"), cancelled=F("taken_off"), returned=F("came_back"))
    return lines.exclude(right).values_list(
        "pk", "shipped", "in_parcels", "cancelled", "taken_off", "returned", "came_back"
    )


@violations
def more_coming_than_sent() -> Any:
    """G2: lines of which more is on its way back, or back already, than was sent."""
    coming = total(ReturnLine, "quantity", line=OuterRef("pk"), back__status__in=_COMING)
    lines = OrderLine.objects.annotate(coming=coming)
    return lines.filter(shipped__lt=F("returned") + F("coming")).values_list("pk", "shipped", "returned")


@violations
def goods_stand_elsewhere() -> Any:
    """G3: orders whose goods aren't where their lines and parcels say, or that are complete without."""
    of_order = {"order": OuterRef("pk"), "requires_shipping": True}
    orders = Order.objects.annotate(
        units=total(OrderLine, "quantity", **of_order),
        sent=total(OrderLine, "shipped", **of_order),
        left=total(OrderLine, F("quantity") - F("cancelled") - F("shipped"), **of_order),
        back=total(OrderLine, "returned", **of_order),
        on_the_way=Exists(Shipment.objects.filter(order=OuterRef("pk"), delivered_at__isnull=True)),
    )
    expected = Case(
        When(sent=0, then=Value("unfulfilled")),
        When(left__gt=0, then=Value("partial")),
        When(back=F("sent"), then=Value("returned")),
        When(on_the_way=True, then=Value("shipped")),
        default=Value("delivered"),
    )
    orders = orders.filter(units__gt=0).annotate(expected=expected)
    complete = Q(status="completed", fulfilment_status__in=_ARRIVED)
    under_way = ~Q(status="completed") & ~Q(fulfilment_status__in=_ARRIVED)
    right = Q(fulfilment_status=F("expected")) & (complete | under_way)
    return orders.exclude(right).values_list("number", "status", "fulfilment_status", "expected")

"""Money: totals that add up, and nothing of what was agreed has changed."""

from __future__ import annotations

from typing import Any

from django.db.models import F, OuterRef, Q

from orders.digest import _AMOUNTS, _PER_ADDRESS, _PER_LINE, _SINCE_THEN, digest
from orders.models import Order, OrderAddress, OrderLine
from orders.tests.invariants.violations import total, violations

_agreed: set[tuple[Any, ...]] = set()
_REMEMBERED = 5_000


@violations
def totals_differ() -> Any:
    """M2: orders whose total isn't the sum of its parts, or gives off more than there is."""
    adds_up = F("subtotal") - F("discount_total") + F("shipping_total") + F("tax_added")
    right = Q(total=adds_up, discount_total__lte=F("subtotal") + F("shipping_total"))
    return Order.objects.exclude(right).values_list("number", "total")


@violations
def lines_differ() -> Any:
    """M3: orders whose lines don't add up to their totals."""
    lines = {"order": OuterRef("pk")}
    orders = Order.objects.annotate(
        units=total(OrderLine, F("unit_price") * F("quantity"), **lines),
        lines_total=total(OrderLine, "line_total", **lines),
        off=total(OrderLine, "discount_amount", **lines),
        tax=total(OrderLine, "tax_amount", **lines),
    )
    right = Q(
        subtotal=F("units"),
        lines_total=F("units"),
        discount_total=F("off") + F("shipping_discount"),
        tax_total=F("tax") + F("shipping_tax"),
    )
    return orders.exclude(right).values_list("number", "subtotal", "units")


@violations
def _orders() -> Any:
    return Order.objects.values_list("pk", "number", "digest", *_AMOUNTS, *_SINCE_THEN)


@violations
def _lines() -> Any:
    return OrderLine.objects.order_by("order", "position").values_list("order", *_PER_LINE)


@violations
def _addresses() -> Any:
    return OrderAddress.objects.order_by("order", "kind").values_list("order", *_PER_ADDRESS)


def changed_since_placing() -> list[str]:
    """M5: orders that aren't what was agreed."""
    said: dict[Any, list[tuple[Any, ...]]] = {row[0]: [row] for row in _orders()}
    for row in (*_lines(), *_addresses()):
        said[row[0]].append(row)
    # What was right once is right as long as every byte of it is the same.
    fresh = {pk: tuple(rows) for pk, rows in said.items() if tuple(rows) not in _agreed}
    if not fresh:
        return []
    if len(_agreed) > _REMEMBERED:
        _agreed.clear()
    orders = Order.objects.filter(pk__in=fresh).prefetch_related("lines", "addresses")
    wrong = [
        order.number
        for order in orders
        if order.digest != digest(order, order.lines.all(), order.addresses.all())
    ]
    _agreed.update(rows for rows in fresh.values() if rows[0][1] not in wrong)
    return wrong

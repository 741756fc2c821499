"""What the shop's own books say, read in a few statements and put as the model puts it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from cart.models import CartItem, Promotion
from orders.models import Order, OrderLine, Return
from orders.tests.invariants.violations import violations
from payments.models import Payment, Refund
from products.models import Reservation, StockItem

if TYPE_CHECKING:
    from tests.machine.model import Model, Pay


@violations
def _stock() -> Any:
    return StockItem.objects.order_by("pk").values_list("pk", "on_hand", "reserved")


@violations
def _orders() -> Any:
    return Order.objects.values_list(
        "pk", "status", "payment_status", "fulfilment_status", "total", "refunded_total"
    )


@violations
def _lines() -> Any:
    rows = OrderLine.objects.order_by("order", "position")
    return rows.values_list("order", "variant", "quantity", "shipped", "cancelled", "returned")


@violations
def _holds() -> Any:
    return Reservation.objects.filter(state="active").values_list("order_ref", "variant", "quantity")


@violations
def _payments() -> Any:
    return Payment.objects.values_list("order", "status", "captured", "pays_order")


@violations
def _refunds() -> Any:
    return Refund.objects.order_by("amount", "state").values_list("payment__order", "amount", "state")


@violations
def _returns() -> Any:
    return Return.objects.order_by("pk").values_list("order", "status", "amount")


@violations
def _carts() -> Any:
    items = CartItem.objects.filter(cart__status="open").order_by("variant")
    return items.values_list("cart__user", "variant", "quantity")


@violations
def _uses() -> Any:
    return Promotion.objects.values_list("used")


def written() -> dict[str, Any]:
    """Return what the database says."""
    found: dict[str, dict[Any, list[Any]]] = {}
    for name, rows in (
        ("lines", _lines()),
        ("holds", sorted(_holds())),
        ("payments", _payments()),
        ("refunds", _refunds()),
        ("returns", _returns()),
    ):
        found[name] = defaultdict(list)
        for order, *row in rows:
            found[name][order].append(tuple(row))
    orders = {pk: (*row, *(found[name].get(pk, []) for name in found)) for pk, *row in _orders()}
    carts = sorted((user is not None, key, units) for user, key, units in _carts())
    return {"stock": _stock(), "orders": orders, "carts": carts, "used": sum(row[0] for row in _uses())}


def expected(model: Model) -> dict[str, Any]:
    """Return what the model says, in the same words."""
    orders = {}
    for order in model.orders:
        assert order.id is not None
        lines = [(i.goods.key, i.quantity, i.shipped, i.cancelled, i.returned) for i in order.lines]
        payments, refunds = _of(order.pay)
        orders[order.id.hex] = (
            order.status,
            order.payment,
            order.goods,
            order.total,
            order.refunded,
            lines,
            sorted(order.holds.items()),
            payments,
            refunds,
            [(back.status, back.amount) for back in order.returns],
        )
    carts = sorted(
        (not shopper.is_guest, key, units)
        for shopper in model.shoppers
        if shopper.cart
        for key, units in shopper.cart.units.items()
    )
    stock = [(one.key, one.on_hand, model.reserved(one.key)) for one in model.goods.values()]
    return {"stock": stock, "orders": orders, "carts": carts, "used": model.used}


def _of(pay: Pay | None) -> tuple[list[Any], list[Any]]:
    if pay is None:
        return [], []
    return [(pay.here, pay.captured, pay.pays)], sorted((back.amount, back.here) for back in pay.refunds)

"""What the goods of the model do: sent, delivered, cancelled, sent back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.machine.model import Parcel, Return, refuse_unless

if TYPE_CHECKING:
    from tests.machine.model import Model, Order

_RETURN_WINDOW = timedelta(days=14)


def settle(order: Order) -> None:
    """Say where the goods of an order are, and whether it is complete."""
    sent = sum(line.shipped for line in order.lines)
    if not sent:
        order.goods = "unfulfilled"
    elif sum(line.open for line in order.lines):
        order.goods = "partial"
    elif sum(line.returned for line in order.lines) == sent:
        order.goods = "returned"
    elif any(parcel.arrived is None for parcel in order.parcels):
        order.goods = "shipped"
    else:
        order.goods = "delivered"
    if order.status == "confirmed" and order.goods in ("delivered", "returned"):
        order.status = "completed"


def cancel(model: Model, order: Order) -> None:
    """Cancel an order of which nothing was sent."""
    can = order.status in ("pending", "confirmed") and order.goods == "unfulfilled"
    refuse_unless(can, "transition_not_allowed")
    order.status, order.holds = "cancelled", {}
    if order.was_sold:
        for line in order.lines:
            line.goods.on_hand += line.quantity - line.cancelled
    model.told.append(("cancelled", order, 0))


def cancel_lines(model: Model, order: Order, units: dict[int, int]) -> None:
    """Take units off an order; all of them are the order."""
    refuse_unless(order.status == "confirmed", "transition_not_allowed")
    lines = order.lines
    refuse_unless(all(n <= lines[at].open for at, n in units.items()), "validation_failed")
    if all(not line.shipped and line.open == units.get(at, 0) for at, line in enumerate(lines)):
        cancel(model, order)
        return
    amount = sum(lines[at].worth(n) for at, n in units.items())
    for at, n in units.items():
        lines[at].cancelled += n
        lines[at].goods.on_hand += n
    order.promised += amount
    model.told.append(("part", order, amount))
    settle(order)


def ship(order: Order, units: dict[int, int] | None) -> Parcel:
    """Send units, or all that is left."""
    secured = order.payment in ("paid", "partially_refunded")
    refuse_unless(order.status != "pending" and (secured or order.status != "confirmed"), "not_paid")
    left = {at: line.open for at, line in enumerate(order.lines) if line.open}
    refuse_unless(order.status == "confirmed" and left, "transition_not_allowed")
    units = left if units is None else units
    refuse_unless(all(n <= left.get(at, 0) for at, n in units.items()), "validation_failed")
    for at, n in units.items():
        order.lines[at].shipped += n
    parcel = Parcel(units)
    order.parcels.append(parcel)
    settle(order)
    return parcel


def deliver(model: Model, order: Order, parcel: Parcel | None) -> None:
    """Take note that a parcel has arrived, or all."""
    those = [one for one in order.parcels if one.arrived is None and parcel in (None, one)]
    refuse_unless(those, "transition_not_allowed")
    for one in those:
        one.arrived = model.now
    settle(order)


def ask_back(model: Model, order: Order, units: dict[int, int], *, by_staff: bool) -> Return:
    """Ask to send units back."""
    refuse_unless(any(line.shipped for line in order.lines), "transition_not_allowed")
    for at, n in units.items():
        coming = sum(
            back.units.get(at, 0) for back in order.returns if back.status in ("requested", "approved")
        )
        line = order.lines[at]
        refuse_unless(n <= line.shipped - line.returned - coming, "validation_failed")
    for at in () if by_staff else units:
        parcels = [parcel for parcel in order.parcels if at in parcel.units]
        times = [parcel.arrived for parcel in parcels if parcel.arrived]
        if len(times) == len(parcels):
            refuse_unless(max(times) + _RETURN_WINDOW >= model.now, "return_window_closed")
    back = Return(units)
    order.returns.append(back)
    return back


def decide(back: Return, *, approve: bool) -> None:
    """Approve or reject."""
    ways = {"requested": ("approved", "rejected"), "approved": ("rejected",)}.get(back.status, ())
    to = "approved" if approve else "rejected"
    refuse_unless(to in ways, "transition_not_allowed")
    back.status = to


def receive(order: Order, back: Return, units: dict[int, int], *, restock: bool) -> None:
    """Take in what came."""
    refuse_unless(back.status == "approved", "transition_not_allowed")
    refuse_unless(all(n <= back.units.get(at, 0) for at, n in units.items()), "validation_failed")
    for at, n in units.items():
        line = order.lines[at]
        back.value += line.worth(n)
        line.returned += n
        line.goods.on_hand += n if restock else 0
    back.status = "received"
    settle(order)


def pay_back(model: Model, order: Order, back: Return, amount: int | None) -> None:
    """Say how much money goes back for it."""
    refuse_unless(back.status == "received", "transition_not_allowed")
    amount = back.value if amount is None else amount
    refuse_unless(amount <= order.total - max(order.promised, order.refunded), "refund_too_large")
    back.status, back.amount = "refunded", amount
    order.promised += amount
    if amount:
        model.told.append(("part", order, amount))

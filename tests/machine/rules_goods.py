"""Rules of goods: parcels, lines that are taken off, returns."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orders import services
from orders.models import OrderLine
from orders.services import Parcel as SentParcel
from orders.services import Received, WantedBack
from tests.machine import expected_goods as goods
from tests.machine.model import Order, Return
from tests.machine.rules_shopping import ANY
from tests.machine.shop import Shop, pick

# Units of the first, second, third line.
UNITS = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1))


def some(units: tuple[int, ...], order: Order) -> dict[int, int]:
    """Return at least one unit of lines that there are, by their place."""
    found = {at: n for at, n in enumerate(units[: len(order.lines)]) if n}
    return found or {0: 1}


class GoodsAndReturns(Shop):
    """Parcels, cancelled lines and returns."""

    def by_line(self, order: Order, units: dict[int, int]) -> dict[UUID, int]:
        rows = OrderLine.objects.filter(order=order.id).order_by("position").values_list("pk", flat=True)
        keys = list(rows)
        return {keys[at]: n for at, n in units.items()}

    def bought(self) -> list[Order]:
        """Return orders that goods may move of, or else all."""
        return [order for order in self.model.orders if order.was_sold] or self.model.orders

    @precondition(lambda self: self.model.orders)
    @rule(order=ANY, units=st.none() | UNITS, any_order=st.booleans())
    def ship(self, order: int, units: tuple[int, ...] | None, any_order: bool) -> None:
        sent = pick(self.model.orders if any_order and units else self.bought(), order)
        named = None if units is None else some(units, sent)
        parcel = SentParcel(carrier="dhl", quantities=None if named is None else self.by_line(sent, named))
        pk = self.ask(
            "ship",
            lambda: goods.ship(sent, named),
            services.ship,
            order_id=sent.id,
            parcel=parcel,
            actor=self.clerk,
        )
        if pk is not None:
            sent.parcels[-1].id = pk

    @precondition(lambda self: self.model.orders)
    @rule(order=ANY, parcel=st.none() | ANY)
    def deliver(self, order: int, parcel: int | None) -> None:
        under_way = [o for o in self.model.orders if any(not one.arrived for one in o.parcels)]
        arrived = pick(under_way or self.model.orders, order)
        one = pick(arrived.parcels, parcel) if parcel is not None and arrived.parcels else None
        self.ask(
            "deliver",
            lambda: goods.deliver(self.model, arrived, one),
            services.deliver,
            order_id=arrived.id,
            shipment_id=one.id if one else None,
            actor=self.clerk,
        )

    @precondition(lambda self: self.model.orders)
    @rule(order=ANY, units=UNITS)
    def cancel_lines(self, order: int, units: tuple[int, ...]) -> None:
        less = pick(self.bought(), order)
        named = some(units, less)
        self.ask(
            "cancel lines",
            lambda: goods.cancel_lines(self.model, less, named),
            services.cancel_lines,
            order_id=less.id,
            quantities=self.by_line(less, named),
            actor=self.clerk,
        )

    @precondition(lambda self: self.model.orders)
    @rule(order=ANY, units=UNITS, by_staff=st.booleans())
    def ask_back(self, order: int, units: tuple[int, ...], by_staff: bool) -> None:
        sent = [o for o in self.model.orders if o.parcels] or self.model.orders
        of = pick(sent, order)
        self._ask_back(of, some(units, of), by_staff=by_staff)

    def _ask_back(self, of: Order, named: dict[int, int], *, by_staff: bool) -> None:
        wanted = {pk: WantedBack(quantity=n, reason="") for pk, n in self.by_line(of, named).items()}
        pk = self.ask(
            "ask back",
            lambda: goods.ask_back(self.model, of, named, by_staff=by_staff),
            services.request_return,
            order_id=of.id,
            wanted=wanted,
            actor=self.clerk if by_staff else self.shopper_of(of),
        )
        if pk is not None:
            of.returns[-1].id = pk

    @precondition(lambda self: any(o.parcels for o in self.model.orders))
    @rule(order=ANY, line=ANY, restock=st.booleans())
    def send_back(self, order: int, line: int, restock: bool) -> None:
        """Do in one step what most returns take: ask for a unit, have it approved, and send it."""
        of = pick([o for o in self.model.orders if o.parcels], order)
        named = {line % len(of.lines): 1}
        before = len(of.returns)
        self._ask_back(of, named, by_staff=True)
        if len(of.returns) > before:
            place = self.returns().index((of, of.returns[-1]))
            self.decide(place, approve=True)
            self._receive(of, of.returns[-1], named, restock=restock)

    def returns(self) -> list[tuple[Order, Return]]:
        return [(order, back) for order in self.model.orders for back in order.returns]

    def step(self, name: str, back: Return, model: Any, service: Any, **said: Any) -> None:
        self.ask(name, model, service, return_id=back.id, message="", actor=self.clerk, **said)

    @precondition(lambda self: self.returns())
    @rule(number=ANY, approve=st.sampled_from([True, True, False]))
    def decide(self, number: int, approve: bool) -> None:
        _, back = pick(self.returns(), number)
        self.step(
            "approve" if approve else "reject",
            back,
            lambda: goods.decide(back, approve=approve),
            services.decide_return,
            approve=approve,
        )

    @precondition(lambda self: self.returns())
    @rule(number=ANY, units=st.none() | UNITS, restock=st.booleans())
    def receive(self, number: int, units: tuple[int, ...] | None, restock: bool) -> None:
        approved = [one for one in self.returns() if one[1].status == "approved"]
        order, back = pick(approved or self.returns(), number)
        named = (
            back.units
            if units is None
            else {at: n for at, n in some(units, order).items() if at in back.units}
        )
        self._receive(order, back, named, restock=restock)

    def _receive(self, order: Order, back: Return, named: dict[int, int], *, restock: bool) -> None:
        received = None
        if named != back.units or not restock:
            lines = self.by_line(order, named)
            received = {pk: Received(quantity=n, restock=restock) for pk, n in lines.items()}
        self.step(
            "receive",
            back,
            lambda: goods.receive(order, back, named, restock=restock),
            services.receive_return,
            received=received,
        )

    @precondition(lambda self: self.returns())
    @rule(number=ANY, amount=st.sampled_from([None, None, 0, 500, 5000]))
    def pay_back(self, number: int, amount: int | None) -> None:
        received = [one for one in self.returns() if one[1].status == "received"]
        order, back = pick(received or self.returns(), number)
        self.step(
            "refund return",
            back,
            lambda: goods.pay_back(self.model, order, back, amount),
            services.refund_return,
            amount=amount,
        )

"""Rules of money: what shoppers do at Stripe, what Stripe tells, what the worker does by and by."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orders import services as orders
from payments import services
from payments.models import Payment, Refund
from payments.services.webhooks import _OF_INTENT, _OF_REFUND
from shop.core.transactions import use_case
from shop.events import registry
from shop.events.event import Event
from shop.events.models import OutboxEvent
from shop.events.registry import Received
from tests.machine import expected_money as money
from tests.machine.model import Back, Order
from tests.machine.rules_shopping import ANY
from tests.machine.shop import Shop, pick

_CARDS = {"pm_card_visa": "succeeded", "pm_card_chargeDeclined": "declined", "pm_sepa_debit": "processing"}
# What the model calls the events that coupons and payments hear.
_TOLD = {
    "orders.order_paid.v1": "paid",
    "orders.order_cancelled.v1": "cancelled",
    "orders.order_expired.v1": "expired",
    "orders.lines_cancelled.v1": "part",
    "orders.return_moved.v1": "part",
}


class Money(Shop):
    """Payments and refunds."""

    def with_payment(self, *there: str) -> list[Order]:
        return [order for order in self.model.orders if order.pay and (not there or order.pay.there in there)]

    @precondition(lambda self: self.model.orders)
    @rule(order=ANY)
    def start(self, order: int) -> None:
        paid = pick(self.model.orders, order)
        asked = {"order_id": paid.id}
        self.both(
            "start",
            lambda: money.start(self.model, paid),
            lambda: services.start_payment(**asked, now=self.now),
        )
        if paid.pay is not None and not paid.pay.pi:
            paid.pay.pi = Payment.objects.get(order=paid.id).pi_id

    @precondition(lambda self: self.with_payment("waiting", "declined"))
    @rule(order=ANY, card=st.sampled_from([*_CARDS, "pm_card_visa"]))
    def confirm(self, order: int, card: str) -> None:
        self._confirm(pick(self.with_payment("waiting", "declined"), order), card)

    def _confirm(self, paid: Order, card: str) -> None:
        pay = paid.pay
        assert pay is not None
        status = self.bank.confirm(pay.pi, card)
        assert status == (402 if card == "pm_card_chargeDeclined" else 200)
        pay.there, pay.is_debit = _CARDS[card], card == "pm_sepa_debit"
        self.world.seen[f"at Stripe: {pay.there}"] += 1

    @precondition(lambda self: any(o.status == "pending" and not o.pay for o in self.model.orders))
    @rule(order=ANY)
    def pay(self, order: int) -> None:
        """Do what most shoppers do, in one step."""
        asked = pick(self.model.orders, order)
        fresh = [o for o in self.model.orders if o.status == "pending" and not o.pay]
        paid = asked if asked in fresh else pick(fresh, order)
        self.start(self.model.orders.index(paid))
        if paid.pay is not None:
            self._confirm(paid, "pm_card_visa")
            self._look(paid)

    @precondition(lambda self: self.with_payment("processing"))
    @rule(order=ANY, succeeds=st.booleans())
    def clear(self, order: int, succeeds: bool) -> None:
        pay = pick(self.with_payment("processing"), order).pay
        self.bank.fake.settle(pay.pi, succeeds=succeeds)
        pay.there = "succeeded" if succeeds else "declined"
        self.world.seen[f"debit {pay.there}"] += 1

    @precondition(lambda self: self.with_payment())
    @rule(order=ANY)
    def look(self, order: int) -> None:
        self._look(pick(self.with_payment(), order))

    def _look(self, paid: Order) -> None:
        payment = Payment.objects.get(order=paid.id)
        before = paid.status
        self.both(
            "settle",
            lambda: money.settle(self.model, paid),
            lambda: services.settle_payment(payment_id=payment.pk, now=self.now),
        )
        if before != paid.status:
            self.world.seen[f"money for an order that was {before}"] += 1
        elif paid.pay and paid.pay.captured and not paid.pay.pays:
            self.world.seen[f"money not wanted by an order that is {paid.status}"] += 1

    @precondition(lambda self: self.bank.has_news)
    @rule(twice=st.booleans())
    def webhooks(self, twice: bool) -> None:
        by_intent = {order.pay.pi: order for order in self.model.orders if order.pay}
        for raw, signature in self.bank.webhooks(lambda: self.now):
            event = json.loads(raw)
            thing = event["data"]["object"]
            order = by_intent[
                thing["id"] if event["type"] in _OF_INTENT else thing.get("payment_intent") or thing["id"]
            ]

            def hear(order: Order = order, kind: str = event["type"]) -> None:
                if kind in _OF_REFUND or (kind in _OF_INTENT and order.pay and order.pay.is_open):
                    money.settle(self.model, order)

            def told(raw: bytes = raw, signature: str = signature) -> None:
                for _ in range(1 + twice):
                    services.record_webhook(raw=raw, signature=signature, now=self.now)

            self.both("webhook", hear, told)

    @precondition(lambda self: self.with_payment("succeeded"))
    @rule(order=ANY, amount=st.sampled_from([None, 1, 100, 990, 2500, 9000]))
    def refund(self, order: int, amount: int | None) -> None:
        paid = pick(self.with_payment("succeeded"), order)
        payment = Payment.objects.get(order=paid.id)
        said: Any = {"amount": amount, "reason": Refund.Reason.STAFF, "actor_id": self.world.staff.pk}
        self.ask(
            "refund",
            lambda: money.refund_by_staff(paid, amount),
            services.request_refund,
            payment_id=payment.pk,
            **said,
        )

    def _refunds(self, *there: str) -> list[tuple[Order, Back]]:
        return [
            (order, back)
            for order in self.with_payment()
            for back in (order.pay.refunds if order.pay else ())
            if back.there in there
        ]

    @precondition(lambda self: self._refunds(""))
    @rule()
    def send_refunds(self) -> None:
        waiting = self._refunds("")
        # The pause after a try is by the database's clock, which the machine doesn't move.
        Refund.objects.update(not_before=None)

        def send() -> None:
            for order, back in waiting:
                money.send(order, back)

        self.both("send refunds", send, lambda: services.send_refunds(now=self.now))
        for order, back in waiting:
            known = {one.id for one in order.pay.refunds} if order.pay else set()
            rows = Refund.objects.filter(payment__order=order.id, amount=back.amount, stripe_id__isnull=False)
            back.id = str(rows.exclude(stripe_id__in=known).values_list("stripe_id", flat=True)[0])

    @precondition(lambda self: self._refunds("pending", "succeeded"))
    @rule(number=ANY, succeeds=st.booleans())
    def end_refund(self, number: int, succeeds: bool) -> None:
        _, back = pick(self._refunds("pending", "succeeded"), number)
        if succeeds and back.there == "succeeded":
            return
        self.bank.fake.finish_refund(back.id, succeeds=succeeds)
        back.there = "succeeded" if succeeds else "failed"
        self.world.seen[f"refund {back.there} later"] += 1

    @precondition(lambda self: any(o.pay and o.pay.is_open and o.pay.wanted_gone for o in self.model.orders))
    @rule()
    def cancel_intents(self) -> None:
        Payment.objects.update(cancel_not_before=None)
        wanted = [o for o in self.model.orders if o.pay and o.pay.is_open and o.pay.wanted_gone]
        wanted.sort(key=lambda order: (order.pay and order.pay.wanted_gone) or self.now)

        def end() -> None:
            for order in wanted:
                money.end_intent(self.model, order)

        self.both("cancel intents", end, lambda: services.cancel_intents(now=self.now))

    @precondition(lambda self: any(o.status == "pending" for o in self.model.orders))
    @rule(later=st.booleans())
    def expire_unpaid(self, later: bool) -> None:
        if later:
            self.model.now += timedelta(minutes=31)
        before = [order for order in self.model.orders if order.status == "pending"]
        self.both(
            "expire unpaid",
            lambda: money.expire_overdue(self.model),
            lambda: services.expire_unpaid(now=self.now),
        )
        self.world.seen["expired"] += sum(order.status == "expired" for order in before)

    @precondition(lambda self: self.model.orders)
    @rule(order=ANY)
    def expire_at_once(self, order: int) -> None:
        """End an order as a lost race would: Stripe may still be paid for it."""
        ended = pick(self.model.orders, order)
        self.ask("expire", lambda: money.expire(self.model, ended), orders.expire, order_id=ended.id)

    @precondition(lambda self: self.model.told)
    @rule()
    def relay(self) -> None:
        """Let coupons and payments hear what orders have said since the last time."""
        rows = list(OutboxEvent.objects.order_by("pk")[self.heard :])
        self.heard += len(rows)
        told, self.model.told = self.model.told, []
        rows = [row for row in rows if self._is_news(row)]
        assert [_TOLD[row.type] for row in rows] == [kind for kind, _, _ in told]
        for row, (kind, order, amount) in zip(rows, told, strict=True):
            self.both(
                "hear",
                partial(money.hear, self.model, kind, order, amount),
                partial(self._hand_out, row),
            )

    def _is_news(self, row: OutboxEvent) -> bool:
        if row.type == "orders.return_moved.v1":
            return row.payload["status"] == "refunded" and bool(row.payload["amount"])
        return row.type in _TOLD

    def _hand_out(self, row: OutboxEvent) -> None:
        fact = Event.registry[row.type].parse(row.payload)
        event = Received(id=row.event_id, type=row.type, key=row.key, occurred_at=self.now, fact=fact)
        for group in ("cart", "payments"):
            for handler in registry.handlers[group].get(row.type, ()):
                use_case(handler, event, self.now)

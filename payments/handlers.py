"""What payments hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payments import services
from payments.models import Refund
from shop.events.registry import handles

if TYPE_CHECKING:
    from datetime import datetime

    from orders.events import LineUnits
    from payments.models.refund import RefundedLine
    from shop.events.registry import Received


@handles("orders.order_paid.v1", group="payments")
def on_order_paid(event: Received, now: datetime) -> None:
    """Give an order that cost nothing the payment that carries its receipt."""
    fact: Any = event.fact
    if fact.total == 0:
        services.record_free_payment(order_id=fact.order_id, now=now)


@handles("orders.order_cancelled.v1", group="payments")
def on_order_cancelled(event: Received, now: datetime) -> None:
    """Have its money sent back, or its intent cancelled."""
    fact: Any = event.fact
    services.give_back(order_id=fact.order_id, now=now)


@handles("orders.lines_cancelled.v1", group="payments")
def on_lines_cancelled(event: Received, now: datetime) -> None:
    """Have the money for what won't be sent go back, or never taken."""
    fact: Any = event.fact
    services.take_off(
        order_id=fact.order_id,
        amount=fact.amount,
        reason=Refund.Reason.LINES_CANCELLED,
        cancellation_id=fact.cancellation_id,
        lines=_units(fact.lines),
        now=now,
    )


@handles("orders.shipment_sent.v1", group="payments")
def on_shipment_sent(event: Received, now: datetime) -> None:
    """Have authorized money taken: the goods have left."""
    fact: Any = event.fact
    services.request_capture(order_id=fact.order_id, now=now)


@handles("orders.return_moved.v1", group="payments")
def on_return_moved(event: Received, now: datetime) -> None:
    """Have the money for what came back go back too, once staff have said how much."""
    fact: Any = event.fact
    if fact.status == "refunded" and fact.amount:
        services.refund_part(
            order_id=fact.order_id,
            amount=fact.amount,
            reason=Refund.Reason.RETURNED,
            lines=_units(fact.lines),
            now=now,
        )


def _units(lines: list[LineUnits]) -> list[RefundedLine]:
    return [{"line": str(line["line_id"]), "quantity": line["quantity"]} for line in lines]


@handles("payments.payment_succeeded.v1", group="payments")
def on_payment_succeeded(event: Received, now: datetime) -> None:
    """Issue the receipt, unless somebody has asked for it already, and a credit note for what was never taken."""
    fact: Any = event.fact
    services.issue_receipt(payment_id=fact.payment_id, now=now)
    services.issue_credit_notes(payment_id=fact.payment_id, now=now)


@handles("payments.refund_succeeded.v1", group="payments")
def on_refund_succeeded(event: Received, now: datetime) -> None:
    """Issue its credit note, unless somebody has asked for it already."""
    fact: Any = event.fact
    services.issue_credit_notes(payment_id=fact.payment_id, now=now)

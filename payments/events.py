"""What payments announce: ids and amounts in minor units, nothing of a card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shop.events.event import Event


@dataclass(frozen=True, kw_only=True)
class PaymentSucceeded(Event):
    """An order's money has arrived and is kept; a free order has such a payment of nothing."""

    type = "payments.payment_succeeded.v1"
    key = "payment_id"

    payment_id: UUID
    order_id: UUID
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class PaymentFailed(Event):
    """A try to pay was refused; the order is still payable. ``reason`` is the provider's code."""

    type = "payments.payment_failed.v1"
    key = "payment_id"

    payment_id: UUID
    order_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class RefundSucceeded(Event):
    """Money of a payment has gone back."""

    type = "payments.refund_succeeded.v1"
    key = "payment_id"

    payment_id: UUID
    refund_id: UUID
    order_id: UUID
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class PaymentExceptionOpened(Event):
    """Money doesn't match and somebody must look; ``payment_id`` is None where the intent is none of ours."""

    type = "payments.payment_exception_opened.v1"
    key = "exception_id"

    exception_id: UUID
    kind: str
    payment_id: UUID | None
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class DisputeOpened(Event):
    """A cardholder wants money back through the bank; ``reason`` is Stripe's word. An inquiry has cost nothing yet."""

    type = "payments.dispute_opened.v1"
    key = "dispute_id"

    dispute_id: UUID
    payment_id: UUID
    order_id: UUID
    amount: int
    currency: str
    reason: str
    is_inquiry: bool
    evidence_due_by: datetime | None


@dataclass(frozen=True, kw_only=True)
class DisputeClosed(Event):
    """A dispute is decided; ``outcome`` is won or lost."""

    type = "payments.dispute_closed.v1"
    key = "dispute_id"

    dispute_id: UUID
    payment_id: UUID
    order_id: UUID
    amount: int
    currency: str
    outcome: str

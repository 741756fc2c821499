"""Refunds that staff ask for: an amount, or what units of lines are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from orders import services as orders
from payments.models import Refund
from payments.services.locking import lock_payment
from payments.services.refunding import ask_for, left_of
from shop.core.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from payments.models import Payment


@dataclass(frozen=True, kw_only=True)
class WantedRefund:
    """
    What staff want to go back: an amount in minor units, what units of lines are worth, or all that is left.

    ``restock`` takes the units off the order, so that their stock is free again; it needs lines that weren't sent.
    """

    amount: int | None = None
    quantities: Mapping[UUID, int] | None = None
    restock: bool = False
    note: str = ""


@transaction.atomic
def refund_payment(*, payment_id: UUID, wanted: WantedRefund, actor: orders.Actor, now: datetime) -> UUID:
    """
    Ask for money of a payment to go back as staff want it, and return the refund's id; a sender sends it.

    Units whose money has gone back by their line, were cancelled or came back have nothing left to be refunded. When
    restocking takes all that an order had, the order is cancelled, and the rest of its money goes back too.

    Locks: order, payment, stock by variant. Emits: what ``orders.cancel_lines`` does.

    :raises NotFound: there is no such payment.
    :raises PaymentDisputed: the bank has the money until a dispute is decided.
    :raises RefundTooLarge: less than that is left.
    :raises ValidationFailed: the lines aren't the payment's order's, or fewer units are left.
    :raises TransitionNotAllowed: units can't be taken off the order any more. In each case nothing is written.
    """
    _, payment = lock_payment(payment_id)
    quantities = wanted.quantities
    amount = left_of(payment) if wanted.amount is None else wanted.amount
    cancellation_id = None
    if quantities is not None:
        amount = _worth(payment, quantities)
        if wanted.restock:
            cancellation_id = orders.cancel_lines(
                order_id=payment.order_id, quantities=quantities, actor=actor, now=now
            )
    return ask_for(
        Refund(
            payment=payment,
            amount=amount,
            reason=Refund.Reason.STAFF,
            lines=[{"line": str(pk), "quantity": units} for pk, units in (quantities or {}).items()],
            cancellation_id=cancellation_id,
            note=wanted.note,
            actor_id=actor.id,
            created_at=now,
        )
    )


def _worth(payment: Payment, quantities: Mapping[UUID, int]) -> int:
    if not payment.pays_order:
        raise ValidationFailed(FieldError("lines", "invalid", "This payment pays for no goods."))
    return orders.value_units(
        order_id=payment.order_id, quantities=quantities, given_back=_given_back(payment)
    )


def _given_back(payment: Payment) -> dict[UUID, int]:
    """Return the units by line whose money went back although they are neither cancelled nor returned."""
    units: dict[UUID, int] = {}
    for refund in payment.refunds.exclude(state=Refund.State.FAILED).filter(cancellation_id__isnull=True):
        for row in refund.lines:
            pk = UUID(row["line"])
            units[pk] = units.get(pk, 0) + row["quantity"]
    return units

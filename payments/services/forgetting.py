"""Taking a person out of the payments they made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from payments.models import Payment, Refund

if TYPE_CHECKING:
    from uuid import UUID


@transaction.atomic
def forget_customer(*, user_id: UUID) -> None:
    """
    Forget which cards a customer paid with, why one was refused, and what staff wrote of refunds.

    Amounts, Stripe's ids and issued receipts stay.

    Transaction: opens its own; its caller has locked the orders.
    """
    Payment.objects.filter(order__user=user_id).update(brand="", last4="", last_error="")
    Refund.objects.filter(payment__order__user=user_id).update(note="")

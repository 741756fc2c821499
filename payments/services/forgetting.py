"""Taking a person out of the payments they made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from payments.models import Payment, Refund
from payments.services.cards import forget_cards

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@transaction.atomic
def forget_customer(*, user_id: UUID, now: datetime) -> None:
    """
    Forget a customer's cards, why one was refused, who they are at Stripe, and what staff wrote of refunds.

    Stripe forgets them too. Amounts, its ids of payments and issued receipts stay.

    Transaction: opens its own; its caller has locked the orders.
    """
    Payment.objects.filter(order__user=user_id).update(brand="", last4="", last_error="", stripe_customer="")
    Refund.objects.filter(payment__order__user=user_id).update(note="")
    forget_cards(user_id=user_id, now=now)

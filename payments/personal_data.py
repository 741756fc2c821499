"""What payments hold on a person: for their export, and to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payments import selectors, services
from users import ports
from users.ports import Holding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

_PAYMENTS = (
    "The books must agree with those of the payment provider. Amount, time and the provider's ids stay; what is known "
    "of cards goes."
)
_CARDS = "The payment provider keeps them, and is asked to delete them."
_RECEIPTS = (
    "Tax law has the shop keep every receipt as it was issued, with the buyer's name and billing address, for years "
    "(in Germany eight: § 147 AO, § 14b UStG). They may be used for that alone (Art. 17(3)(b) GDPR)."
)


class PaymentsPersonalData(ports.PersonalData):
    """The part of payments in export and erasure."""

    def blockers(self, *, user_id: UUID) -> Sequence[str]:
        """Return what is still to be settled with the customer or the provider."""
        return selectors.unsettled(user_id)

    def preview(self, *, user_id: UUID) -> Sequence[Holding]:
        """Return how many payments and receipts stay."""
        return (
            Holding(
                name="saved_cards",
                count=int(services.customer_of(user_id) is not None),
                kept=False,
                reason=_CARDS,
            ),
            Holding(
                name="payments", count=selectors.payments_of(user_id).count(), kept=True, reason=_PAYMENTS
            ),
            Holding(name="receipts", count=selectors.count_receipts(user_id), kept=True, reason=_RECEIPTS),
        )

    def export(self, *, user_id: UUID) -> dict[str, Any]:
        """Return every payment with its refunds and its receipt, and who they are at the provider."""
        return {
            "payments": selectors.payments_held(user_id),
            "provider_customer": services.customer_of(user_id),
        }

    def erase(self, *, user_id: UUID, actor_id: UUID, now: datetime) -> None:
        """Forget the cards, here and at the provider; receipts and books stay."""
        services.forget_customer(user_id=user_id, now=now)


ports.personal_data.register("payments", PaymentsPersonalData())

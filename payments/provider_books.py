"""What stands in Stripe's books beside intents, as the shop reads it: pure, and without its SDK."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.provider import ProviderRefund, from_provider, refund_of


@dataclass(frozen=True, kw_only=True)
class ProviderDispute:
    """A dispute as Stripe has it now; ``status`` and ``reason`` are Stripe's words."""

    id: str
    pi_id: str
    status: str
    reason: str
    amount: int
    currency: str
    evidence_due_by: datetime | None
    created: datetime

    @property
    def is_inquiry(self) -> bool:
        """Whether the bank only asks, so that no money has been taken."""
        return self.status.startswith("warning")


@dataclass(frozen=True, kw_only=True)
class BookedCharge:
    """An attempt to take money that Stripe has written down."""

    id: str
    pi_id: str
    taken: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class BookedRefund:
    """A refund, and the intent whose money it gives back."""

    pi_id: str
    refund: ProviderRefund


def charge_of(values: dict[str, Any]) -> BookedCharge:
    """Return what Stripe says of a charge; one that failed or isn't captured has taken nothing."""
    currency = values["currency"].upper()
    has_taken = values["status"] == "succeeded" and values["captured"]
    return BookedCharge(
        id=values["id"],
        pi_id=values.get("payment_intent") or "",
        taken=from_provider(values["amount_captured"], currency) if has_taken else 0,
        currency=currency,
    )


def booked_refund_of(values: dict[str, Any]) -> BookedRefund:
    """Return what Stripe says of a refund."""
    return BookedRefund(pi_id=values.get("payment_intent") or "", refund=refund_of(values))


def dispute_of(values: dict[str, Any]) -> ProviderDispute:
    """Return what Stripe says of a dispute."""
    currency = values["currency"].upper()
    due_by = (values.get("evidence_details") or {}).get("due_by")
    return ProviderDispute(
        id=values["id"],
        pi_id=values.get("payment_intent") or "",
        status=values["status"],
        reason=str(values.get("reason") or "")[:50],
        amount=from_provider(values["amount"], currency),
        currency=currency,
        evidence_due_by=datetime.fromtimestamp(due_by, UTC) if due_by else None,
        created=datetime.fromtimestamp(values["created"], UTC),
    )

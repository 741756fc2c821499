"""Which event owes whom which message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifications import services
from notifications.services import To
from shop.events.registry import handles

if TYPE_CHECKING:
    from datetime import datetime

    from shop.events.registry import Received


@handles("users.user_registered.v1", group="notifications")
def on_user_registered(event: Received, now: datetime) -> None:
    """Welcome the owner of the address and ask them to confirm it."""
    _to_user("welcome", event, now)


@handles("users.registration_repeated.v1", group="notifications")
def on_registration_repeated(event: Received, now: datetime) -> None:
    """Tell the owner that their address was used to register again."""
    _to_user("already_registered", event, now)


@handles("users.password_reset_requested.v1", group="notifications")
def on_password_reset_requested(event: Received, now: datetime) -> None:
    """Send the link that sets a new password."""
    _to_user("password_reset", event, now)


@handles("users.email_verification_requested.v1", group="notifications")
def on_email_verification_requested(event: Received, now: datetime) -> None:
    """Send the link that confirms the address."""
    _to_user("verify_email", event, now)


@handles("orders.order_placed.v1", group="notifications")
def on_order_placed(event: Received, now: datetime) -> None:
    """Confirm what was ordered."""
    _about_order("order_placed", event, now)


@handles("payments.payment_succeeded.v1", group="notifications")
def on_payment_succeeded(event: Received, now: datetime) -> None:
    """Send the receipt; a free order has a payment too."""
    _about_order("order_paid", event, now)


@handles("orders.order_cancelled.v1", group="notifications")
def on_order_cancelled(event: Received, now: datetime) -> None:
    """Say that the order is off, and what becomes of the money."""
    _about_order("order_cancelled", event, now, "was_paid")


@handles("orders.order_expired.v1", group="notifications")
def on_order_expired(event: Received, now: datetime) -> None:
    """Say that the order wasn't paid in time."""
    _about_order("order_expired", event, now)


@handles("payments.refund_succeeded.v1", group="notifications")
def on_refund_succeeded(event: Received, now: datetime) -> None:
    """Say how much money goes back."""
    _about_order("order_refunded", event, now, "amount", "currency")


def _to_user(template: str, event: Received, now: datetime) -> None:
    fact: Any = event.fact
    services.enqueue(event_id=event.id, template=template, to=To.user(fact.user_id), now=now)


def _about_order(template: str, event: Received, now: datetime, *facts: str) -> None:
    fact: Any = event.fact
    services.enqueue(
        event_id=event.id,
        template=template,
        to=To.order(fact.order_id),
        now=now,
        order_id=fact.order_id,
        facts={name: getattr(fact, name) for name in facts},
    )

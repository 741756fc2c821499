"""Which event owes whom which message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from notifications import services
from notifications.cart_letters import left_cart
from notifications.errors import Undeliverable
from notifications.services import To, preferences
from notifications.unsubscribing import BACK_IN_STOCK
from shop.events.registry import handle_together, handles

if TYPE_CHECKING:
    from datetime import datetime

    from shop.events.registry import Received


# Whoever opens an account in a stranger's name could cause some messages over and over; five say it as well.
_MOST_A_DAY = 5

handle_together("notifications", inside=services.gathering)


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


@handles("users.email_change_requested.v1", group="notifications")
def on_email_change_requested(event: Received, now: datetime) -> None:
    """Send the new address the link that confirms it, and tell the old one."""
    _about_change("email_change_confirm", event, now)
    _about_change("email_change_asked", event, now)


@handles("users.email_changed.v1", group="notifications")
def on_email_changed(event: Received, now: datetime) -> None:
    """Tell the old address that the account has left it."""
    _about_change("email_changed", event, now)


@handles("users.refresh_token_reused.v1", group="notifications")
def on_refresh_token_reused(event: Received, now: datetime) -> None:
    """Tell the owner that a sign-in was ended because somebody may have a copy of it."""
    fact: Any = event.fact
    _sparingly_to_user("refresh_token_reused", event, now, {"session": str(fact.session_id)})


@handles("users.unfamiliar_sign_in.v1", group="notifications")
def on_unfamiliar_sign_in(event: Received, now: datetime) -> None:
    """Tell the owner of a sign-in from a device or a place that is new."""
    fact: Any = event.fact
    _sparingly_to_user("new_sign_in", event, now, {"session": str(fact.session_id)})


@handles("users.two_factor_changed.v1", group="notifications")
def on_two_factor_changed(event: Received, now: datetime) -> None:
    """Tell the owner that the second factor was switched on or off."""
    fact: Any = event.fact
    facts = {"enabled": fact.enabled, "by_staff": fact.by_staff, "at": event.occurred_at.isoformat()}
    _sparingly_to_user("two_factor_changed", event, now, facts)


@handles("users.user_erased.v1", group="notifications")
def on_user_erased(event: Received, now: datetime) -> None:
    """Forget again: a message may have been written or sent while the account was being erased."""
    fact: Any = event.fact
    services.forget_person(user_id=fact.user_id)


@handles("orders.order_placed.v1", group="notifications")
def on_order_placed(event: Received, now: datetime) -> None:
    """Confirm what was ordered."""
    _about_order("order_placed", event, now)


@handles("payments.payment_succeeded.v1", group="notifications")
def on_payment_succeeded(event: Received, now: datetime) -> None:
    """Send the receipt; a free order has a payment too."""
    _about_order("order_paid", event, now)


@handles("payments.payment_failed.v1", group="notifications")
def on_payment_failed(event: Received, now: datetime) -> None:
    """Say that a payment didn't go through, once a day."""
    fact: Any = event.fact
    services.enqueue_at_most(
        1,
        event_id=event.id,
        template="payment_failed",
        to=To.order(fact.order_id),
        now=now,
        order_id=fact.order_id,
    )


@handles("orders.order_cancelled.v1", group="notifications")
def on_order_cancelled(event: Received, now: datetime) -> None:
    """Say that the order is off, and what becomes of the money."""
    _about_order("order_cancelled", event, now, "was_paid")


@handles("orders.shipment_sent.v1", group="notifications")
def on_shipment_sent(event: Received, now: datetime) -> None:
    """Say what is on its way and how to follow it."""
    _about_order("order_shipped", event, now, "shipment_id", "last")


@handles("orders.shipment_delivered.v1", group="notifications")
def on_shipment_delivered(event: Received, now: datetime) -> None:
    """Say that a parcel has arrived: whoever hasn't got it should know."""
    _about_order("order_delivered", event, now, "shipment_id")


@handles("orders.lines_cancelled.v1", group="notifications")
def on_lines_cancelled(event: Received, now: datetime) -> None:
    """Say what won't be sent, and what goes back for it."""
    _about_order("order_lines_cancelled", event, now, "cancellation_id", "amount", "currency")


@handles("orders.return_moved.v1", group="notifications")
def on_return_moved(event: Received, now: datetime) -> None:
    """Tell each step of a return."""
    _about_order("order_return", event, now, "return_id", "status", "amount", "currency")


@handles("orders.note_added.v1", group="notifications")
def on_note_added(event: Received, now: datetime) -> None:
    """Send what staff have written about the order."""
    _about_order("order_note", event, now, "note_id")


@handles("orders.order_link_requested.v1", group="notifications")
def on_order_link_requested(event: Received, now: datetime) -> None:
    """Send the link to the address on the order, whoever asked for it."""
    _about_order("order_link", event, now)


@handles("orders.order_expired.v1", group="notifications")
def on_order_expired(event: Received, now: datetime) -> None:
    """Say that the order wasn't paid in time."""
    _about_order("order_expired", event, now)


@handles("payments.refund_succeeded.v1", group="notifications")
def on_refund_succeeded(event: Received, now: datetime) -> None:
    """Say how much money goes back."""
    _about_order("order_refunded", event, now, "amount", "currency")


@handles("payments.dispute_opened.v1", group="notifications")
def on_dispute_opened(event: Received, now: datetime) -> None:
    """Tell staff what is to be answered, and until when."""
    _to_staff("dispute_opened", event, now, "dispute_id")


@handles("payments.dispute_closed.v1", group="notifications")
def on_dispute_closed(event: Received, now: datetime) -> None:
    """Tell staff how it ended."""
    _to_staff("dispute_closed", event, now, "dispute_id", "outcome")


@handles("cart.cart_abandoned.v1", group="notifications")
def on_cart_abandoned(event: Received, now: datetime) -> None:
    """Remind a customer who agreed to such mail of what they left."""
    fact: Any = event.fact
    if fact.user_id is None:
        return
    try:
        left_cart(user_id=fact.user_id, cart_id=fact.cart_id, version=fact.version, now=now)
    except Undeliverable:
        # Nothing is owed, so nothing is written; it is looked at once more before it is sent.
        return
    services.enqueue(
        event_id=event.id,
        template="cart_abandoned",
        to=To.user(fact.user_id),
        now=now,
        facts={"cart": str(fact.cart_id), "version": fact.version},
    )


@handles("products.stock_alert_due.v1", group="notifications")
def on_stock_alert_due(event: Received, now: datetime) -> None:
    """Tell a customer who waited that it is back, unless they want no such mail any more."""
    fact: Any = event.fact
    if not preferences.wants(fact.user_id, BACK_IN_STOCK):
        return
    services.enqueue(
        event_id=event.id,
        template="back_in_stock",
        to=To.user(fact.user_id),
        now=now,
        facts={"variant": fact.variant_id},
    )


@handles("products.stock_low.v1", group="notifications")
def on_stock_low(event: Received, now: datetime) -> None:
    """Tell staff what runs low."""
    fact: Any = event.fact
    services.enqueue(
        event_id=event.id, template="stock_low", to=To.staff(), now=now, facts={"variants": fact.variants}
    )


def _to_user(template: str, event: Received, now: datetime) -> None:
    fact: Any = event.fact
    services.enqueue(event_id=event.id, template=template, to=To.user(fact.user_id), now=now)


def _sparingly_to_user(template: str, event: Received, now: datetime, facts: dict[str, Any]) -> None:
    fact: Any = event.fact
    services.enqueue_at_most(
        _MOST_A_DAY, event_id=event.id, template=template, to=To.user(fact.user_id), now=now, facts=facts
    )


def _about_change(template: str, event: Received, now: datetime) -> None:
    fact: Any = event.fact
    services.enqueue(
        event_id=event.id,
        template=template,
        to=To.address_row(fact.user_id),
        now=now,
        facts={"change": str(fact.change_id)},
    )


def _about_order(template: str, event: Received, now: datetime, *facts: str) -> None:
    fact: Any = event.fact
    services.enqueue(
        event_id=event.id,
        template=template,
        to=To.order(fact.order_id),
        now=now,
        order_id=fact.order_id,
        facts={name: _plain(getattr(fact, name)) for name in facts},
    )


def _to_staff(template: str, event: Received, now: datetime, *facts: str) -> None:
    said = {name: _plain(getattr(event.fact, name)) for name in facts}
    services.enqueue(event_id=event.id, template=template, to=To.staff(), now=now, facts=said)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value

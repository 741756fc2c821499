"""The timeline of an order: what happened to it, and what was said about it and arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import override, pgettext_lazy

from notifications.models import EmailMessage
from notifications.selectors import messages_for_order
from orders.selectors.timeline import steps_of

if TYPE_CHECKING:
    from orders.models import Order

_State = EmailMessage.State
_WORDS = {
    "order_placed": pgettext_lazy("timeline", "Confirmation of your order"),
    "order_paid": pgettext_lazy("timeline", "Receipt for your payment"),
    "payment_failed": pgettext_lazy("timeline", "A payment did not go through"),
    "order_cancelled": pgettext_lazy("timeline", "Your order was cancelled"),
    "order_expired": pgettext_lazy("timeline", "Your order was not paid in time"),
    "order_refunded": pgettext_lazy("timeline", "Your refund"),
    "order_shipped": pgettext_lazy("timeline", "A parcel is on its way"),
    "order_delivered": pgettext_lazy("timeline", "A parcel has arrived"),
    "order_lines_cancelled": pgettext_lazy("timeline", "Part of your order was cancelled"),
    "order_return": pgettext_lazy("timeline", "Your return"),
    "order_note": pgettext_lazy("timeline", "A message about your order"),
    "order_link": pgettext_lazy("timeline", "The link to your order"),
}


def timeline_of(order: Order) -> list[dict[str, Any]]:
    """Return every step of an order and every message about it, oldest first, in its language; five statements."""
    steps = [
        {
            "id": step.id,
            "kind": step.kind,
            "stage": step.stage,
            "message": step.message,
            "at": step.at,
            "delivery": None,
        }
        for step in steps_of(order)
    ]
    with override(order.language):
        said = [message_json(message) for message in messages_for_order(order.pk)]
    return sorted([*steps, *said], key=lambda entry: entry["at"])


def message_json(message: EmailMessage) -> dict[str, Any]:
    """Return a message as the timeline shows it; of the address only what is kept of it."""
    return {
        "id": str(message.pk),
        "kind": "message",
        "stage": None,
        "message": str(_WORDS.get(message.template, pgettext_lazy("timeline", "A message about your order"))),
        "at": message.created_at,
        "delivery": {
            "template": message.template,
            "state": message.state,
            "to": message.sent_to or None,
            "sent_at": message.sent_at,
            "attempts": message.attempts,
            "can_resend": message.state in (_State.SENT, _State.DEAD),
        },
    }

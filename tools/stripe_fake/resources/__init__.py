"""The resources of the API. Importing this package enters all their routes."""

from __future__ import annotations

from tools.stripe_fake.errors import Json
from tools.stripe_fake.resources import (
    account,
    charges,
    checkout,
    customers,
    disputes,
    events,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
    webhook_endpoints,
)

__all__ = [
    "account",
    "browser_view",
    "charges",
    "checkout",
    "customers",
    "disputes",
    "events",
    "payment_intents",
    "payment_methods",
    "refunds",
    "setup_intents",
    "webhook_endpoints",
]

_HIDDEN_FROM_BROWSERS = {
    "payment_intent": "metadata customer latest_charge amount_received amount_capturable statement_descriptor"
    " statement_descriptor_suffix transfer_group",
    "setup_intent": "metadata customer latest_attempt",
    "payment_method": "metadata customer",
}


def browser_view(thing: Json) -> Json:
    """Return what of an object a publishable key may see."""
    hidden = _HIDDEN_FROM_BROWSERS.get(thing.get("object", ""), "").split()
    return {name: value for name, value in thing.items() if name not in hidden}

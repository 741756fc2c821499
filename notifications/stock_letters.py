"""Letters about stock: to a customer that something is back, to staff that something runs low."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from notifications import links, unsubscribing
from notifications.account_letters import to_account
from notifications.errors import Undeliverable
from notifications.letter import Letter
from notifications.rendering import supported
from notifications.services import preferences
from notifications.unsubscribing import BACK_IN_STOCK, Subscription
from products import selectors as products

if TYPE_CHECKING:
    from datetime import datetime

    from notifications.models import EmailMessage


def back_in_stock(message: EmailMessage, now: datetime) -> Letter:
    """Tell a customer who waited that a variant can be had again."""
    user_id = UUID(message.recipient_ref)
    if not preferences.wants(user_id, BACK_IN_STOCK):
        raise Undeliverable("They don't want such mail any more.")
    letter = to_account(message, now)
    variant = message.fact("variant")
    facts = products.variant_facts([variant], language=letter.language).get(variant)
    if facts is None or not facts.for_sale:
        raise Undeliverable("It isn't sold any more.")
    token = unsubscribing.token_of(Subscription(user_id=user_id, purpose=BACK_IN_STOCK))
    unsubscribe_url = links.unsubscribe(token=token)
    about = {
        "product_name": facts.product_name,
        "variant_name": _named(facts.options),
        "product_url": links.product(slug=facts.slug),
        "unsubscribe_url": unsubscribe_url,
    }
    return replace(letter, context=letter.context | about, unsubscribe_url=unsubscribe_url)


def stock_low(message: EmailMessage, now: datetime) -> Letter:
    """Tell staff which variants of a product run low, and how many were left then."""
    if not settings.STAFF_EMAIL:
        raise Undeliverable("STAFF_EMAIL names nobody to tell.")
    said = {one["variant_id"]: one["available"] for one in message.fact("variants")}
    known = products.variant_facts(said)
    if not known:
        raise Undeliverable("The product is gone.")
    lines = [
        {"sku": facts.sku, "variant_name": _named(facts.options), "available": said[pk]}
        for pk, facts in known.items()
    ]
    first = next(iter(known.values()))
    return Letter(
        address=settings.STAFF_EMAIL,
        language=supported(settings.LANGUAGE_CODE),
        context={
            "product_name": first.product_name,
            "lines": lines,
            "admin_url": links.admin_product(product_id=first.product_id),
        },
    )


LETTERS: dict[str, Callable[[EmailMessage, datetime], Letter]] = {
    "back_in_stock": back_in_stock,
    "stock_low": stock_low,
}


def _named(options: Mapping[str, str]) -> str:
    return f" ({', '.join(options.values())})" if options else ""

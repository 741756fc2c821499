"""What mail templates need to write amounts, dates and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.utils.translation import get_language, pgettext

from shop.core import formats

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

register = template.Library()


def _writer() -> formats.Writer:
    return formats.Writer(get_language())


@register.filter
def money(amount: str, currency: str) -> str:
    """Write an amount of the API with its currency."""
    return _writer().amount(amount, currency)


@register.filter
def minor_money(minor: int, currency: str) -> str:
    """Write minor units, as events have them, with their currency."""
    return _writer().minor(minor, currency)


@register.filter
def times(quantity: int, unit_price: str) -> str:
    """Write how many at what price: ``2 × €9.95``; the price is formatted already."""
    return f"{_writer().number(quantity)} × {unit_price}"


@register.filter
def is_zero(amount: str) -> bool:
    """Tell whether an amount is nothing."""
    return formats.is_zero(amount)


@register.filter
def day(moment: str) -> str:
    """Write the date of an instant."""
    return _writer().day(moment)


@register.filter
def instant(moment: str | datetime) -> str:
    """Write date and time of an instant."""
    return _writer().instant(moment)


@register.filter
def rate(fraction: str) -> str:
    """Write a tax rate."""
    return _writer().rate(fraction)


@register.filter
def address_lines(address: Mapping[str, Any]) -> list[str]:
    """Return the lines of a postal address."""
    return _writer().address(address)


@register.filter
def pairs(options: Mapping[str, str] | str | None) -> list[tuple[str, str]]:
    """Return names with their values, if there are any; ``options.items`` would find an option called items."""
    return [] if not options or isinstance(options, str) else list(options.items())


@register.filter
def dispute_reason(words: str) -> str:
    """Write Stripe's reason of a dispute, ``product not received``, in the mail's language."""
    return pgettext("dispute", words) if words else ""


@register.filter
def one_line(text: object) -> str:
    """Write what a shopper typed without its line breaks."""
    return formats.one_line(text)

"""What a shopper has to agree to before a cart can become an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from products.selectors.offers import Offer

# An order keeps it.
LONGEST_VERSION = 50


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """The version of the terms, empty where the shop asks for none, and the age that its goods are sold from."""

    terms: str = ""
    minimum_age: int | None = None


def requirements_of(offers: Iterable[Offer]) -> Requirements:
    """Return what is asked of whoever buys these: the highest age counts for all."""
    ages = [offer.minimum_age for offer in offers if offer.minimum_age is not None]
    return Requirements(terms=settings.ORDER_TERMS_VERSION, minimum_age=max(ages, default=None))

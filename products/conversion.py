"""What an exchange rate makes of a price: pure, in whole minor units."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm

from shop.core.money import EXPONENTS, MAX_MINOR, payable_step, rounded

_MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    How prices in ``currency`` are made of those in ``base``.

    ``rate`` is in millionths: how many whole units of the currency one of the base is worth. ``round_to`` and
    ``minus`` are minor units of the currency: 100 and 1 make prices that end in .99.
    """

    base: str
    currency: str
    rate: int
    round_to: int = 1
    minus: int = 0

    def amount(self, base_amount: int) -> int | None:
        """
        Return what a price becomes, or None where that is beyond what a shop handles.

        It is rounded half away from zero to a multiple of ``round_to``, then lowered by ``minus``. What costs
        something never becomes free, what is free stays free, and a card can always be charged with it.
        """
        if base_amount == 0:
            return 0
        step = payable_step(self.currency)
        unit = lcm(self.round_to, step)
        places = EXPONENTS[self.currency] - EXPONENTS[self.base]
        numerator = base_amount * self.rate * 10 ** max(places, 0)
        whole = rounded(numerator, _MILLION * unit * 10 ** max(-places, 0)) * unit
        lowered = whole - self.minus
        found = max(lowered - lowered % step, step)
        return found if found <= MAX_MINOR else None

    def pair(self, amount: int, compare_at: int | None) -> tuple[int, int | None] | None:
        """
        Return what a price and its former price become, or None where the price can't be had.

        A former price that rounding leaves no higher than the price is dropped: it would be no sale.
        """
        price = self.amount(amount)
        if price is None:
            return None
        former = None if compare_at is None else self.amount(compare_at)
        return price, former if former is not None and former > price else None

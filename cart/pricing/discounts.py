"""Taking promotions off lines, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cart.pricing.considering import Considered, Reason
from cart.pricing.splitting import shares
from shop.core.money import rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from cart.pricing.lines import Line
    from cart.pricing.promotions import Customer, Promotion

MILLION = 1_000_000


class Discounting:
    """
    Lines, in the order of their ranks, while promotions are taken off them.

    ``net`` is what is left of each line by its key, minor units.
    """

    def __init__(self, lines: Sequence[Line], *, shipping: int | None, step: int) -> None:
        self.lines = sorted(lines, key=lambda line: line.rank)
        self.net = {line.key: line.total for line in lines}
        self.shipping = shipping or 0
        self.step = step
        self.considered: list[Considered] = []

    def consider(
        self, promotions: Iterable[Promotion], *, customer: Customer, currency: str, now: datetime
    ) -> None:
        """Take off what applies, each from what is left, and note what became of every one."""
        alone: Promotion | None = None
        applied: list[Promotion] = []
        for promotion in sorted(promotions, key=lambda one: one.turn):
            reasons = promotion.refusals(self.lines, customer=customer, currency=currency, now=now)
            rival = alone or (applied[0] if applied and not promotion.combines else None)
            if rival is not None and not reasons:
                reasons = (Reason(rule="not_combinable", needed=rival.code or rival.name),)
            if reasons:
                self.considered.append(Considered(promotion=promotion, applied=False, reasons=reasons))
                continue
            self.considered.append(self._apply(promotion))
            applied.append(promotion)
            alone = alone or (None if promotion.combines else promotion)

    def _apply(self, promotion: Promotion) -> Considered:
        if promotion.kind == "free_shipping":
            waived, self.shipping = self.shipping, 0
            return Considered(promotion=promotion, applied=True, shipping=waived)
        lines = [line for line in self.lines if promotion.is_for(line)]
        take = {"percent": self._percent, "fixed": self._fixed, "buy_x_get_y": self._units}[promotion.kind]
        off = take(promotion, lines)
        for key, amount in off.items():
            self.net[key] -= amount
        return Considered(promotion=promotion, applied=True, by_line=off)

    def _percent(self, promotion: Promotion, lines: Sequence[Line]) -> dict[str, int]:
        return {line.key: self._part(self.net[line.key], promotion.value) for line in lines}

    def _fixed(self, promotion: Promotion, lines: Sequence[Line]) -> dict[str, int]:
        nets = [self.net[line.key] // self.step for line in lines]
        # What is left is split: a leftover cent goes to the earlier line.
        left = shares(max(0, sum(nets) - promotion.value // self.step), nets)
        return {line.key: (net - part) * self.step for line, net, part in zip(lines, nets, left, strict=True)}

    def _units(self, promotion: Promotion, lines: Sequence[Line]) -> dict[str, int]:
        """Take a part off the cheapest units by their prices, as many as there are full sets, from what is left."""
        sets = sum(line.quantity for line in lines) // (promotion.buy + promotion.get)
        units = sets * promotion.get
        off = {}
        for line in sorted(lines, key=lambda line: (line.unit_price, line.rank)):
            cheap = min(units, line.quantity)
            units -= cheap
            off[line.key] = self._part(self.net[line.key], promotion.value * cheap, line.quantity)
        return off

    def _part(self, amount: int, millionths: int, of: int = 1) -> int:
        """Return a part of an amount, rounded half away from zero to what can be paid, and never more than it."""
        return min(amount, rounded(amount * millionths, MILLION * of * self.step) * self.step)

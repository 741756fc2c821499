"""What became of each promotion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cart.pricing.promotions import Promotion


@dataclass(frozen=True, kw_only=True)
class Reason:
    """
    Why a promotion doesn't apply: which rule, what it needs, and how much of that is missing.

    With ``money`` both numbers are minor units; ``scoped`` says that what is missing must be of what it is for.
    """

    rule: str
    needed: int | str | None = None
    missing: int | None = None
    money: bool = False
    scoped: bool = False

    @classmethod
    def lacking(
        cls, rule: str, *, needed: int, has: int, money: bool = False, scoped: bool = False
    ) -> Reason:
        """Return the reason that there is too little of something."""
        return cls(rule=rule, needed=needed, missing=needed - has, money=money, scoped=scoped)


@dataclass(frozen=True, kw_only=True)
class Considered:
    """
    A promotion that was looked at: applied, or why not.

    ``by_line`` is what it took off each line by its key, ``shipping`` what it took off the shipping; minor units.
    """

    promotion: Promotion
    applied: bool
    reasons: tuple[Reason, ...] = ()
    by_line: dict[str, int] = field(default_factory=dict)
    shipping: int = 0

    @property
    def amount(self) -> int:
        """What it took off altogether, minor units."""
        return sum(self.by_line.values()) + self.shipping

"""A promotion as the pricing function sees it, and whether it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cart.pricing.considering import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cart.pricing.lines import Line

# At equal priority: units first, then what is relative, then what is fixed, and the way there last.
KINDS = ("buy_x_get_y", "percent", "fixed", "free_shipping")


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Who buys, as far as promotions ask: a guest isn't known, is in no group, and has no first order."""

    known: bool = False
    groups: frozenset[str] = frozenset()
    has_bought: bool = False


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """
    What lowers a total, and when. The words are those of ``cart.models.Promotion``.

    ``code`` is empty where none is needed. ``used`` and ``max_uses`` are the tighter ones of promotion and code,
    ``used_by_customer`` counts for ``max_uses_each``. ``categories`` are paths: each is for its whole subtree.
    """

    key: str
    kind: str
    name: str = ""
    code: str = ""
    value: int = 0
    buy: int = 0
    get: int = 0
    currency: str = ""
    products: frozenset[int] = frozenset()
    categories: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    first_order: bool = False
    min_subtotal: int = 0
    min_quantity: int = 0
    priority: int = 100
    combines: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    max_uses: int | None = None
    used: int = 0
    max_uses_each: int | None = None
    used_by_customer: int = 0
    is_active: bool = True

    @property
    def turn(self) -> tuple[int, bool, int, int, int, str]:
        """
        When it is its turn: by priority, those that stand alone first, then by what it is.

        Of those that stand alone the higher value goes first, for only one applies. Where all apply the value must
        not decide: a fixed amount raised past another would go before it, and could take off less.
        """
        value = 0 if self.combines else self.value
        # Keys are numbers as text: the shorter one is the older promotion's.
        return (self.priority, self.combines, KINDS.index(self.kind), -value, len(self.key), self.key)

    def is_for(self, line: Line) -> bool:
        """Tell whether it is for a line."""
        if not self.products and not self.categories:
            return True
        return line.product in self.products or any(
            line.category.startswith(path) for path in self.categories
        )

    def refusals(
        self, lines: Sequence[Line], *, customer: Customer, currency: str, now: datetime
    ) -> tuple[Reason, ...]:
        """Return why it doesn't apply to these lines, whatever other promotions do; none when it does."""
        return (
            *self._refusals_of_time_and_use(now),
            *self._refusals_of_customer(customer),
            *self._refusals_of_lines([line for line in lines if self.is_for(line)], currency),
        )

    def _refusals_of_time_and_use(self, now: datetime) -> Iterator[Reason]:
        if not self.is_active:
            yield Reason(rule="inactive")
        if self.starts_at and now < self.starts_at:
            yield Reason(rule="not_yet")
        if self.ends_at and now >= self.ends_at:
            yield Reason(rule="ended")
        if self.max_uses is not None and self.used >= self.max_uses:
            yield Reason(rule="used_up")
        if self.max_uses_each is not None and self.used_by_customer >= self.max_uses_each:
            yield Reason(rule="used_by_you")

    def _refusals_of_customer(self, customer: Customer) -> Iterator[Reason]:
        if (self.groups or self.first_order) and not customer.known:
            yield Reason(rule="sign_in")
        elif self.groups and not self.groups & customer.groups:
            yield Reason(rule="customer_group")
        elif self.first_order and customer.has_bought:
            yield Reason(rule="first_order")

    def _refusals_of_lines(self, lines: Sequence[Line], currency: str) -> Iterator[Reason]:
        subtotal, units = sum(line.total for line in lines), sum(line.quantity for line in lines)
        scoped = bool(self.products or self.categories)
        # Its amounts say nothing in another currency.
        if self.currency != currency and (self.kind == "fixed" or self.min_subtotal):
            yield Reason(rule="currency", needed=self.currency)
        elif self.min_subtotal > subtotal:
            yield Reason.lacking(
                "min_subtotal", needed=self.min_subtotal, has=subtotal, money=True, scoped=scoped
            )
        least = max(self.min_quantity, self.buy + self.get if self.kind == "buy_x_get_y" else 0)
        if least > units:
            yield Reason.lacking("min_quantity", needed=least, has=units, scoped=scoped)
        elif not lines:
            yield Reason(rule="scope")

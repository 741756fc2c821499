"""
What properties try, read from bytes.

Hypothesis draws one text of bytes for a whole sale, and the sale is read off it as digits. Drawing its hundred numbers
one by one takes ten times as long as everything that is asked of the sale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SOME_AMOUNTS = (1, 5, 50, 999, 1000, 1999)
SOME_PARTS = (0, 25_000, 70_000, 88_750, 100_000, 190_000, 333_333, 500_000, 1_000_000)
# Room for some thirty choices, or for five of any size.
_PART = 16


class Digits:
    """What bytes say: a number whose last digit, to any base, is read off as often as is asked."""

    def __init__(self, raw: bytes) -> None:
        self.left = int.from_bytes(raw, "big")

    def __repr__(self) -> str:
        return f"Digits({self.left})"

    def up_to(self, most: int) -> int:
        """Return a number from 0 to ``most``."""
        self.left, found = divmod(self.left, most + 1)
        return found

    def one_of(self, options: Sequence[Any]) -> Any:
        """Return one of these."""
        return options[self.up_to(len(options) - 1)]

    def amount(self) -> int:
        """Return an amount: small ones bring halves and ties, round ones the splits that don't come out even."""
        kind = self.up_to(3)
        return self.one_of(SOME_AMOUNTS) if kind == 1 else self.up_to((40, 0, 10**4, 10**9)[kind])

    def quantity(self) -> int:
        """Return a number of units of a line."""
        return 1 + self.up_to(self.one_of((3, 998)))

    def part(self) -> int:
        """Return a part in millionths."""
        return self.one_of(SOME_PARTS) if self.up_to(1) else self.up_to(1_000_000)


@st.composite
def read_from(draw: st.DrawFn, parts: int, read: Callable[..., Any]) -> tuple[Any, Digits]:
    """Return whatever ``read`` makes of so many parts, and digits for what is asked of it; each part has its own."""
    size = (parts + 1) * _PART
    raw = draw(st.binary(min_size=size, max_size=size))
    extra, *rest = (Digits(raw[start : start + _PART]) for start in range(0, size, _PART))
    return read(*rest), extra

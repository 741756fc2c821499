"""What is to be priced."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Line:
    """
    One line to be priced: ``unit_price`` in minor units, ``quantity`` in whole units of at least 1.

    ``product`` and ``category``, the path of its category in the tree, say which promotions are for it.
    """

    key: str
    unit_price: int
    quantity: int
    tax_class: str = "standard"
    product: int = 0
    category: str = ""

    @property
    def total(self) -> int:
        """The line without discounts, minor units."""
        return self.unit_price * self.quantity

    @property
    def rank(self) -> tuple[str, int, str]:
        """
        A place among other lines that goes by what a line is: where it stands in the cart must decide nothing.

        Nor must how many units it has: a leftover cent that moved with them could make one more unit cheaper.
        """
        return (self.tax_class, self.unit_price, self.key)

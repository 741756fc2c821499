"""What shall be written of a batch: products as a file wants them, with what that changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from products.models import Attribute, Price, Product, ProductPrice, StockItem, Variant


@dataclass(kw_only=True)
class WantedPrice:
    """A price as it shall be, but for ``lowest_before``; ``former`` is the amount and former price that are stored."""

    price: Price
    # None of a new one.
    former: tuple[int, int | None] | None
    # A sale that goes on though its amount changes, because that is made by a rate and the rate has moved.
    same_sale: bool = False


@dataclass(kw_only=True)
class WantedVariant:
    """
    A variant as it shall be.

    ``stock`` has the policy that it shall have and the units that it has; ``delta`` is what those change by. ``before``
    is the stock with the policy that it has, where that changes.
    """

    variant: Variant
    stock: StockItem
    new: bool
    # Those that differ from what is stored.
    columns: set[str] = field(default_factory=set)
    policy: set[str] = field(default_factory=set)
    before: StockItem | None = None
    delta: int = 0
    price: WantedPrice | None = None

    @property
    def edited(self) -> bool:
        """Whether anything but the number of units changes."""
        return bool(self.new or self.columns or self.policy or self.price)


@dataclass(kw_only=True)
class WantedProduct:
    """A product as it shall be; ``variants`` are those that the file names."""

    product: Product
    new: bool
    columns: set[str] = field(default_factory=set)
    # All that it shall have, where they change.
    attributes: list[tuple[Attribute, str]] | None = None
    # Those to be put in and to be taken out of.
    collections_added: set[int] = field(default_factory=set)
    collections_left: set[int] = field(default_factory=set)
    variants: list[WantedVariant] = field(default_factory=list)
    # Of every variant that isn't archived, as they shall be.
    prices: list[Price] = field(default_factory=list)
    # As they are stored, by currency.
    lowest: dict[str, ProductPrice] = field(default_factory=dict)
    # It names something that has to be made first: a brand, say.
    incomplete: bool = False

    @property
    def edited(self) -> bool:
        """Whether anything but numbers of units changes."""
        return bool(
            self.new
            or self.incomplete
            or self.columns
            or self.collections_added
            or self.collections_left
            or any(one.edited for one in self.variants)
        )

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.edited or any(one.delta for one in self.variants)

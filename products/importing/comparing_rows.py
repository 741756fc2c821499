"""What one row of a file changes about a variant, or why it can't be taken; nothing is written."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from django.conf import settings

from products.importing.handles import made_sku
from products.importing.records import RowError
from products.models import Price, StockItem, Variant
from products.services.bulk.wanted import WantedPrice, WantedVariant
from products.services.options import key_of
from shop.core.money import MAX_MINOR

if TYPE_CHECKING:
    from products.importing.existing import Existing
    from products.importing.records import VariantRecord
    from products.importing.taken import Taken
    from products.models import Product

_MOST_UNITS = 10_000_000
# The greatest number of each; the least is 0.
_NUMBERS = {"backorder_limit": 1_000_000, "low_stock_threshold": 1_000_000, "weight_grams": 10_000_000}
_POLICY = ("tracked", "backorder_limit", "low_stock_threshold")
_SKU = 64
_REF = 100


class RowComparison:
    """One row beside the variant that it means; that one is copied, so a row that is refused leaves it as it is."""

    def __init__(self, said: VariantRecord, product: Product, known: Existing, taken: Taken) -> None:
        self.said = said
        self.product = product
        self.known = known
        self.taken = taken
        self.errors: list[RowError] = []

    def changed(self, variant: Variant, options: dict[str, str], names: list[str]) -> WantedVariant:
        """Return a variant that is there as it shall be; it keeps the options that are left out."""
        options = {name: said for name in names if (said := options.get(name) or variant.options.get(name))}
        one = WantedVariant(variant=copy(variant), stock=copy(self.known.stock[variant.pk]), new=False)
        if self.said.options and options != variant.options:
            self._set(one, "options", options)
            self._set(one, "option_key", key_of(options))
        return self._compared(one)

    def made(self, handle: str, options: dict[str, str], names: list[str]) -> WantedVariant:
        """Return a new variant."""
        sku = self.said.sku or made_sku(handle, self.said.options)
        if len(sku) > _SKU or not sku.strip():
            self.refuse("sku", f"A SKU has 1 to {_SKU} characters.")
        elif not self.said.sku and sku in self.known.skus:
            self.refuse("sku", f"It would get the SKU {sku}, which is taken: write another.")
        if missing := [name for name in names if name not in options]:
            self.refuse("option1_value", f"A new variant needs a value of {missing[0]}.")
        if self.said.price is None:
            self.refuse("price", "A new variant needs a price.")
        variant = Variant(product=self.product, sku=sku, options=options, option_key=key_of(options))
        return self._compared(WantedVariant(variant=variant, stock=StockItem(), new=True))

    def refuse(self, column: str, reason: str) -> None:
        """Say why the row can't be taken."""
        self.errors.append(RowError(line=self.said.line, column=column, reason=reason))

    def _set(self, one: WantedVariant, column: str, value: Any) -> None:
        setattr(one.variant, column, value)
        one.columns.add(column)

    def _compared(self, one: WantedVariant) -> WantedVariant:
        for column in ("weight_grams", "requires_shipping", "available_at"):
            self._plain(one, column)
        self._price(one)
        self._stock(one)
        self._names(one)
        return one

    def _plain(self, one: WantedVariant, column: str) -> None:
        value = getattr(self.said, column)
        if value is None or value == getattr(one.variant, column):
            return
        if not 0 <= (value if isinstance(value, int) else 0) <= _NUMBERS.get(column, 1):
            self.refuse(column, f"Write a number from 0 to {_NUMBERS[column]}.")
        self._set(one, column, value)

    def _price(self, one: WantedVariant) -> None:
        said, currency = self.said, self.said.currency or settings.BASE_CURRENCY
        if said.price is None:
            return
        stored = self.known.prices.get(one.variant.pk, {}).get(currency) if not one.new else None
        former = (stored.amount, stored.compare_at) if stored else None
        if former == (said.price, said.compare_at):
            return
        if currency not in settings.CURRENCIES:
            self.refuse("currency", f"The shop sells in {', '.join(settings.CURRENCIES)}.")
        if not 0 <= said.price <= MAX_MINOR or (said.compare_at or 0) > MAX_MINOR:
            self.refuse("price", "This is no amount that the shop can handle.")
        if said.compare_at is not None and said.compare_at <= said.price:
            self.refuse("compare_at_price", "This must be higher than the price.")
        price = copy(stored) if stored else Price(variant=one.variant, currency=currency)
        # What a file says is set by hand, and no rate changes it any more.
        price.amount, price.compare_at, price.by_rate = said.price, said.compare_at, False
        one.price = WantedPrice(price=price, former=former)

    def _stock(self, one: WantedVariant) -> None:
        for column in _POLICY:
            value = getattr(self.said, column)
            if value is None or value == getattr(one.stock, column):
                continue
            if column in _NUMBERS and not 0 <= value <= _NUMBERS[column]:
                self.refuse(column, f"Write a number from 0 to {_NUMBERS[column]}.")
            one.before = one.before or copy(one.stock)
            setattr(one.stock, column, value)
            one.policy.add(column)
        # Nobody counts what isn't tracked, so there is nothing to correct.
        if self.said.on_hand is not None and one.stock.tracked:
            one.delta = self.said.on_hand - one.stock.on_hand
        if one.delta or one.policy:
            self._stock_holds(
                one.stock, one.stock.on_hand + one.delta, "on_hand" if one.delta else "backorder_limit"
            )

    def _stock_holds(self, stock: StockItem, there: int, column: str) -> None:
        if not -_MOST_UNITS <= there <= _MOST_UNITS:
            self.refuse(column, f"Write a number up to {_MOST_UNITS}.")
        elif there + stock.backorder_limit < 0:
            self.refuse(column, f"Less than {-stock.backorder_limit} can't be on hand.")
        elif there + stock.backorder_limit < stock.reserved:
            less = f"{there} on hand and {stock.backorder_limit} on backorder is less."
            self.refuse(column, f"Orders hold {stock.reserved}; {less}")

    def _names(self, one: WantedVariant) -> None:
        """Take the SKU and the external id, last: of a row that is refused nothing should be taken."""
        ref = self.said.external_id
        if ref and ref != one.variant.external_id:
            if len(ref) > _REF:
                self.refuse("variant_external_id", f"{_REF} characters fit.")
            elif not self.taken.variant_ref(ref, one.variant, self.known):
                self.refuse("variant_external_id", "Another variant has this.")
            self._set(one, "external_id", ref)
        if not self.errors and not self.taken.sku(one.variant.sku):
            self.refuse("sku", "The file has this variant twice.")

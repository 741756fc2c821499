"""What differs between the variants of a file's product and those of the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from products.attributes import folded
from products.importing.handles import made_sku
from products.importing.records import RowError
from products.importing.wanted import WantedPrice, WantedVariant
from products.models import Price, StockItem, Variant
from products.services.options import key_of
from shop.core.money import MAX_MINOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from products.importing.existing import Existing
    from products.importing.records import ProductRecord, VariantRecord
    from products.importing.taken import Taken
    from products.importing.wanted import WantedProduct

_MOST_UNITS = 10_000_000
# The greatest number of each; the least is 0.
_NUMBERS = {"backorder_limit": 1_000_000, "low_stock_threshold": 1_000_000, "weight_grams": 10_000_000}
_POLICY = ("tracked", "backorder_limit", "low_stock_threshold")
_SKU = 64
_REF = 100
_OPTION_NAME = 50
_OPTION_VALUE = 100


def _says_nothing(said: VariantRecord) -> bool:
    numbers = (said.price, said.on_hand, said.weight_grams, said.backorder_limit, said.low_stock_threshold)
    return not (said.sku or said.options or said.external_id) and set(numbers) == {None}


def compare_variants(
    record: ProductRecord, change: WantedProduct, known: Existing, taken: Taken, errors: list[RowError]
) -> None:
    """Fill in the variants and prices of ``change``; what can't be saved is added to ``errors``."""
    _Variants(record, change, known, taken, errors).compare()


class _Variants:
    """The variants of one product."""

    def __init__(
        self,
        record: ProductRecord,
        change: WantedProduct,
        known: Existing,
        taken: Taken,
        errors: list[RowError],
    ) -> None:
        self.record = record
        self.change = change
        self.known = known
        self.taken = taken
        self.errors = errors
        self.present: list[Variant] = [] if change.new else known.variants.get(change.product.pk, [])
        self.names = self._option_names()
        # By their options as they are before this file.
        self.by_key = {variant.option_key: variant for variant in self.present}

    def compare(self) -> None:
        """Compare each variant that the file names, then all of them with each other."""
        self._names_hold()
        for said in self.record.variants:
            before = len(self.errors)
            options = self._options(said)
            variant = self._found(said, options) if len(self.errors) == before else None
            # A product may have no variant; its one row then is about the product alone.
            if len(self.errors) == before and not (variant is None and _says_nothing(said)):
                self._compare(said, options, variant)
        self._combinations_differ()
        if self.names != self.change.product.option_names:
            self.change.product.option_names = self.names
            self.change.columns.add("option_names")
        new = [one for one in self.change.variants if one.new]
        stored = (
            price for variant in self.present for price in self.known.prices.get(variant.pk, {}).values()
        )
        priced = (one.price.price for one in self.change.variants if one.price and one.price.former is None)
        self.change.prices = [*stored, *priced]
        if not self.change.new:
            self.change.lowest = self.known.lowest.get(self.change.product.pk, {})
        first = max((variant.position for variant in self.present), default=-1) + 1
        for place, one in enumerate(new, start=first):
            one.variant.position = place

    def _option_names(self) -> list[str]:
        stored: list[str] = self.change.product.option_names
        said = self.record.option_names
        if said is None:
            if stored:
                return stored
            return list(next((one.options for one in self.record.variants if one.options), {}))
        known = {folded(name): name for name in stored}
        if set(known) == {folded(name) for name in said} and len(said) == len(known):
            # Another order; how they are written stays, because variants that the file doesn't name have it too.
            return [known[folded(name)] for name in said]
        return list(said)

    def _names_hold(self) -> None:
        if self.names == self.change.product.option_names:
            return
        if len({folded(name) for name in self.names}) < len(self.names):
            self._refuse(self.record.line, "option1_name", "Name each option once.")
        if not all(name.strip() and len(name) <= _OPTION_NAME for name in self.names):
            self._refuse(
                self.record.line, "option1_name", f"The name of an option has 1 to {_OPTION_NAME} characters."
            )

    def _options(self, said: VariantRecord) -> dict[str, str]:
        """Return the options under the names that the product has, in their order."""
        known = {folded(name): name for name in self.names}
        given = {known.get(folded(name), ""): value for name, value in said.options.items() if value.strip()}
        if "" in given or len(given) < sum(1 for value in said.options.values() if value.strip()):
            listed = ", ".join(self.names)
            self._refuse(said.line, "option1_name", f"The options of this product are: {listed or 'none'}.")
        if any(len(value) > _OPTION_VALUE for value in given.values()):
            self._refuse(said.line, "option1_value", f"A value has {_OPTION_VALUE} characters at most.")
        return {name: given[name] for name in self.names if name in given}

    def _found(self, said: VariantRecord, options: Mapping[str, str]) -> Variant | None:
        """Return the variant that a row means, None for a new one."""
        if not said.sku:
            return self.by_key.get(key_of(options))
        owner = self.known.skus.get(said.sku)
        if owner is None:
            return None
        if owner.product_id != self.change.product.pk:
            self._refuse(said.line, "sku", f"This is the SKU of another product, {owner.slug}.")
        elif owner.archived:
            self._refuse(said.line, "sku", "The variant with this SKU is archived.")
        return next((variant for variant in self.present if variant.pk == owner.variant_id), None)

    def _compare(self, said: VariantRecord, options: dict[str, str], variant: Variant | None) -> None:
        if variant is None:
            one = self._new(said, options)
        else:
            one = WantedVariant(variant=variant, stock=self.known.stock[variant.pk], new=False)
            if said.options and options != variant.options:
                self._set(one, "options", options)
                self._set(one, "option_key", key_of(options))
        if not self.taken.sku(one.variant.sku):
            self._refuse(said.line, "sku", "The file has this variant twice.")
        for column in ("weight_grams", "requires_shipping", "available_at"):
            self._plain(one, said, column)
        ref = said.external_id
        if ref and ref != one.variant.external_id:
            if len(ref) > _REF:
                self._refuse(said.line, "variant_external_id", f"{_REF} characters fit.")
            elif not self.taken.variant_ref(ref, one.variant, self.known):
                self._refuse(said.line, "variant_external_id", "Another variant has this.")
            self._set(one, "external_id", ref)
        self._price(one, said)
        self._stock(one, said)
        self.change.variants.append(one)

    def _new(self, said: VariantRecord, options: dict[str, str]) -> WantedVariant:
        sku = said.sku or made_sku(self.record.handle, said.options)
        if len(sku) > _SKU or not sku.strip():
            self._refuse(said.line, "sku", f"A SKU has 1 to {_SKU} characters.")
        elif not said.sku and sku in self.known.skus:
            self._refuse(said.line, "sku", f"It would get the SKU {sku}, which is taken: write another.")
        if missing := [name for name in self.names if name not in options]:
            self._refuse(said.line, "option1_value", f"A new variant needs a value of {missing[0]}.")
        if said.price is None:
            self._refuse(said.line, "price", "A new variant needs a price.")
        made = Variant(product=self.change.product, sku=sku, options=options, option_key=key_of(options))
        return WantedVariant(variant=made, stock=StockItem(), new=True)

    def _plain(self, one: WantedVariant, said: VariantRecord, column: str) -> None:
        value = getattr(said, column)
        if value is None or value == getattr(one.variant, column):
            return
        if not 0 <= (value if isinstance(value, int) else 0) <= _NUMBERS.get(column, 1):
            self._refuse(said.line, column, f"Write a number from 0 to {_NUMBERS[column]}.")
        self._set(one, column, value)

    def _price(self, one: WantedVariant, said: VariantRecord) -> None:
        if said.price is None:
            return
        currency = said.currency or settings.BASE_CURRENCY
        stored = self.known.prices.get(one.variant.pk, {}).get(currency) if not one.new else None
        former = (stored.amount, stored.compare_at) if stored else None
        if former == (said.price, said.compare_at):
            return
        if currency not in settings.CURRENCIES:
            self._refuse(said.line, "currency", f"The shop sells in {', '.join(settings.CURRENCIES)}.")
        if not 0 <= said.price <= MAX_MINOR or (said.compare_at or 0) > MAX_MINOR:
            self._refuse(said.line, "price", "This is no amount that the shop can handle.")
        if said.compare_at is not None and said.compare_at <= said.price:
            self._refuse(said.line, "compare_at_price", "This must be higher than the price.")
        price = stored or Price(variant=one.variant, currency=currency)
        price.amount, price.compare_at = said.price, said.compare_at
        one.price = WantedPrice(price=price, former=former)

    def _stock(self, one: WantedVariant, said: VariantRecord) -> None:
        for column in _POLICY:
            value = getattr(said, column)
            if value is None or value == getattr(one.stock, column):
                continue
            if column in _NUMBERS and not 0 <= value <= _NUMBERS[column]:
                self._refuse(said.line, column, f"Write a number from 0 to {_NUMBERS[column]}.")
            setattr(one.stock, column, value)
            one.policy.add(column)
        # Nobody counts what isn't tracked, so there is nothing to correct.
        if said.on_hand is not None and one.stock.tracked:
            one.delta = said.on_hand - one.stock.on_hand
        if one.delta or one.policy:
            self._stock_holds(one, said)

    def _stock_holds(self, one: WantedVariant, said: VariantRecord) -> None:
        stock, column = one.stock, "on_hand" if one.delta else "backorder_limit"
        there = stock.on_hand + one.delta
        if not -_MOST_UNITS <= there <= _MOST_UNITS:
            self._refuse(said.line, column, f"Write a number up to {_MOST_UNITS}.")
        elif there + stock.backorder_limit < 0:
            self._refuse(said.line, column, f"Less than {-stock.backorder_limit} can't be on hand.")
        elif there + stock.backorder_limit < stock.reserved:
            reason = f"Orders hold {stock.reserved}; {there} on hand and {stock.backorder_limit} on backorder is less."
            self._refuse(said.line, column, reason)

    def _combinations_differ(self) -> None:
        """Refuse two variants with the same options, and options of variants that the product would no longer have."""
        if not any(one.new or "options" in one.columns for one in self.change.variants) and (
            self.names == self.change.product.option_names
        ):
            return
        seen: dict[str, Variant] = {}
        for variant in [*(one.variant for one in self.change.variants), *self.present]:
            if variant is not seen.setdefault(variant.option_key, variant):
                reason = f"{seen[variant.option_key].sku} and {variant.sku} have the same options."
                self._refuse(self.record.line, "option1_value", reason)
            if not set(variant.options) <= set(self.names):
                listed = ", ".join(variant.options)
                reason = f"{variant.sku} has other options, and the file doesn't change them: {listed}."
                self._refuse(self.record.line, "option1_name", reason)

    def _set(self, one: WantedVariant, column: str, value: Any) -> None:
        setattr(one.variant, column, value)
        one.columns.add(column)

    def _refuse(self, line: int, column: str, reason: str) -> None:
        self.errors.append(RowError(line=line, column=column, reason=reason))

"""What differs between the variants of a file's product and those of the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from products.attributes import folded
from products.importing.comparing_rows import RowComparison
from products.importing.records import RowError
from products.services.options import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from products.importing.existing import Existing
    from products.importing.records import ProductRecord, VariantRecord
    from products.importing.taken import Taken
    from products.models import Variant
    from products.services.bulk.wanted import WantedProduct, WantedVariant

_OPTION_NAME = 50
_OPTION_VALUE = 100


class VariantsComparison:
    """
    The variants of one product.

    ``row_errors`` keep single rows out, and ``errors`` the product with all of them.
    """

    def __init__(self, record: ProductRecord, change: WantedProduct, known: Existing, taken: Taken) -> None:
        self.record = record
        self.change = change
        self.known = known
        self.taken = taken
        self.errors: list[RowError] = []
        self.row_errors: list[RowError] = []
        self.present: list[Variant] = [] if change.new else known.variants.get(change.product.pk, [])
        self.names = self._option_names()
        # By their options as they are before this file.
        self.by_key = {variant.option_key: variant for variant in self.present}
        self.rows: list[tuple[VariantRecord, WantedVariant]] = []

    def compare(self) -> None:
        """Fill in the variants and prices of the change."""
        self._names_hold()
        for said in self.record.variants:
            self._row(said)
        while (twin := self._twin()) is not None:
            self.rows.remove(twin)
        self._others_hold()
        if self.names != self.change.product.option_names:
            self.change.product.option_names = self.names
            self.change.columns.add("option_names")
        self._fill()

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
            self._refuse("Name each option once.")
        if not all(name.strip() and len(name) <= _OPTION_NAME for name in self.names):
            self._refuse(f"The name of an option has 1 to {_OPTION_NAME} characters.")

    def _refuse(self, reason: str) -> None:
        self.errors.append(RowError(line=self.record.line, column="option1_name", reason=reason))

    def _row(self, said: VariantRecord) -> None:
        row = RowComparison(said, self.change.product, self.known, self.taken)
        options = self._options(row)
        variant = self._found(row, options)
        if row.errors:
            self.row_errors += row.errors
            return
        if variant is None and _says_nothing(said):
            # A product may have no variant; its one row then is about the product alone.
            return
        one = (
            row.made(self.record.handle, options, self.names)
            if variant is None
            else row.changed(variant, options, self.names)
        )
        self.row_errors += row.errors
        if not row.errors:
            self.rows.append((said, one))

    def _options(self, row: RowComparison) -> dict[str, str]:
        """Return the options under the names that the product has, in their order."""
        known = {folded(name): name for name in self.names}
        said = {name: value for name, value in row.said.options.items() if value.strip()}
        given = {known.get(folded(name), ""): value for name, value in said.items()}
        if "" in given or len(given) < len(said):
            row.refuse("option1_name", f"The options of this product are: {', '.join(self.names) or 'none'}.")
        if any(len(value) > _OPTION_VALUE for value in given.values()):
            row.refuse("option1_value", f"A value has {_OPTION_VALUE} characters at most.")
        return {name: given[name] for name in self.names if name in given}

    def _found(self, row: RowComparison, options: Mapping[str, str]) -> Variant | None:
        """Return the variant that a row means, None for a new one."""
        if not row.said.sku:
            return self.by_key.get(key_of(options))
        owner = self.known.skus.get(row.said.sku)
        if owner is None:
            return None
        if owner.product_id != self.change.product.pk:
            row.refuse("sku", f"This is the SKU of another product, {owner.slug}.")
        elif owner.archived:
            row.refuse("sku", "The variant with this SKU is archived.")
        return next((variant for variant in self.present if variant.pk == owner.variant_id), None)

    def _all(self) -> list[Variant]:
        """Return every variant as it shall be, those that the file leaves alone first."""
        named = [one.variant for _, one in self.rows]
        pks = {variant.pk for variant in named}
        return [*(variant for variant in self.present if variant.pk not in pks), *named]

    def _twin(self) -> tuple[VariantRecord, WantedVariant] | None:
        """Return a row whose options another variant will have, and say so; None if there is none."""
        others: dict[str, Variant] = {}
        for variant in self._all():
            first = others.setdefault(variant.option_key, variant)
            if first is variant:
                continue
            for said, one in reversed(self.rows):
                if one.variant in (first, variant) and (one.new or "option_key" in one.columns):
                    other = first if one.variant is variant else variant
                    reason = f"{other.sku} has the same options."
                    self.row_errors.append(RowError(line=said.line, column="option1_value", reason=reason))
                    return said, one
        return None

    def _others_hold(self) -> None:
        """Refuse to take a name of an option away that a variant has a value of."""
        if self.names == self.change.product.option_names:
            return
        for variant in self._all():
            if not set(variant.options) <= set(self.names):
                listed = ", ".join(variant.options)
                self._refuse(f"{variant.sku} has other options, and the file doesn't change them: {listed}.")

    def _fill(self) -> None:
        change = self.change
        change.variants = [one for _, one in self.rows]
        changed = {
            (one.variant.pk, one.price.price.currency): one.price.price
            for one in change.variants
            if one.price and not one.new
        }
        stored = {
            (variant.pk, currency): price
            for variant in self.present
            for currency, price in self.known.prices.get(variant.pk, {}).items()
        }
        made = [one.price.price for one in change.variants if one.price and one.new]
        change.prices = [*(stored | changed).values(), *made]
        if not change.new:
            change.lowest = self.known.lowest.get(change.product.pk, {})
        first = max((variant.position for variant in self.present), default=-1) + 1
        for place, one in enumerate((one for one in change.variants if one.new), start=first):
            one.variant.position = place


def _says_nothing(said: VariantRecord) -> bool:
    numbers = (said.price, said.on_hand, said.weight_grams, said.backorder_limit, said.low_stock_threshold)
    return not (said.sku or said.options or said.external_id) and set(numbers) == {None}

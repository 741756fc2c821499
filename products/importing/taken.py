"""What products of one batch take from each other: names that only one may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from products.importing.existing import Existing
    from products.models import Product, Variant


class Taken:
    """What has been taken so far; what a product took that can't be saved is let go."""

    def __init__(self) -> None:
        self._kept: set[tuple[str, object]] = set()
        self._begun: set[tuple[str, object]] = set()

    def begin(self) -> None:
        """Go on with another product."""
        self._begun = set()

    def keep(self) -> None:
        """Keep what the product has taken: it will be saved."""
        self._kept |= self._begun

    def product(self, product: Product) -> bool:
        """Take a product; return whether it was free."""
        return self._take("product", product.pk or product.slug)

    def sku(self, sku: str) -> bool:
        """Take a SKU; return whether it was free."""
        return self._take("sku", sku)

    def product_ref(self, ref: str, product: Product, known: Existing) -> bool:
        """Take the external id of a product; return whether it was free."""
        return known.product_refs.get(ref) in (None, product.pk) and self._take("product_ref", ref)

    def variant_ref(self, ref: str, variant: Variant, known: Existing) -> bool:
        """Take the external id of a variant; return whether it was free."""
        return known.variant_refs.get(ref) in (None, variant.pk) and self._take("variant_ref", ref)

    def _take(self, kind: str, value: object) -> bool:
        claim = (kind, value)
        if claim in self._kept or claim in self._begun:
            return False
        self._begun.add(claim)
        return True

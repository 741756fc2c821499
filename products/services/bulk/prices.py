"""Many prices at once: what variants cost, what they did, and what lists show of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import OuterRef, Q, Subquery

from products.models import Price, PriceChange, ProductPrice
from products.services.bulk.rows import update
from products.services.prices import LOOK_BACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from products.services.bulk.wanted import WantedPrice, WantedProduct

_KEPT = ("lowest", "compare_at", "lowest_before")


@dataclass(frozen=True, kw_only=True)
class ListedPrices:
    """
    What lists show of a product is kept from these, in the currencies that they are about.

    ``prices`` are those of all its variants that aren't archived, as they shall be; ``lowest`` are the rows that are
    stored, by currency.
    """

    product_id: int
    prices: Sequence[Price]
    lowest: Mapping[str, ProductPrice]


def write_prices(wanted: Sequence[WantedProduct], *, now: datetime) -> None:
    """Write the prices that change, with their history and the products' lowest ones; the variants are locked."""
    prices = []
    for one in (one for product in wanted for one in product.variants):
        if one.price:
            one.price.price.variant_id = one.variant.pk
            prices.append(one.price)
    write_each(prices, now=now)
    write_lowest(
        ListedPrices(product_id=product.product.pk, prices=product.prices, lowest=product.lowest)
        for product in wanted
        if any(one.price or one.new for one in product.variants)
    )


def write_each(prices: Iterable[WantedPrice], *, now: datetime) -> None:
    """Write prices with their history; their variants are locked, and what lists show is the caller's to write."""
    prices = sorted(prices, key=lambda one: (one.price.variant_id, one.price.currency))
    _remember_lowest(prices, now=now)
    Price.objects.bulk_create(one.price for one in prices if one.former is None)
    if stored := [one.price for one in prices if one.former is not None]:
        update(Price, stored, {"amount", "compare_at", "lowest_before", "by_rate"})
    PriceChange.objects.bulk_create(
        PriceChange(
            variant_id=one.price.variant_id, currency=one.price.currency, amount=one.price.amount, at=now
        )
        for one in prices
        if one.former is None or one.former[0] != one.price.amount
    )


def _remember_lowest(prices: Sequence[WantedPrice], *, now: datetime) -> None:
    """Set what each sale is compared with, as ``prices.set_price`` does."""
    begun = [one.price for one in prices if one.price.compare_at is not None and not _goes_on(one)]
    asked = _lowest_asked({price.variant_id for price in begun}, now=now)
    for price in begun:
        price.lowest_before = asked.get((price.variant_id, price.currency))
    for one in prices:
        if one.price.compare_at is None:
            one.price.lowest_before = None


def _goes_on(one: WantedPrice) -> bool:
    """Tell whether it is the same sale: announced against another price, or in a currency whose rate has moved."""
    return one.same_sale or (
        one.former is not None and one.former[0] == one.price.amount and one.former[1] is not None
    )


def _lowest_asked(variants: set[int], *, now: datetime) -> dict[tuple[int, str], int]:
    """Return the lowest amount of the 30 days before, by variant and currency; one statement."""
    since = now - LOOK_BACK
    history = PriceChange.objects.filter(variant__in=variants)
    # What was asked when the 30 days began counts as well.
    first = PriceChange.objects.filter(
        variant=OuterRef("variant"), currency=OuterRef("currency"), at__lte=since
    ).order_by("-at", "-pk")
    found: dict[tuple[int, str], int] = {}
    rows = history.filter(Q(at__gt=since) | Q(pk=Subquery(first.values("pk")[:1])))
    for variant, currency, amount in rows.values_list("variant", "currency", "amount"):
        found[variant, currency] = min(amount, found.get((variant, currency), amount))
    return found


def write_lowest(listed: Iterable[ListedPrices]) -> None:
    """Keep the lowest price of products in each currency, as ``availability.refresh_lowest_prices`` does for one."""
    made, changed, gone = [], [], []
    for product in listed:
        lowest = _lowest(product.prices)
        gone += [row.pk for currency, row in product.lowest.items() if currency not in lowest]
        for currency, price in sorted(lowest.items()):
            values = (price.amount, price.compare_at, price.lowest_before)
            row = product.lowest.get(currency)
            if row is None:
                row = ProductPrice(product_id=product.product_id, currency=currency)
                made.append(row)
            elif tuple(getattr(row, name) for name in _KEPT) != values:
                changed.append(row)
            row.lowest, row.compare_at, row.lowest_before = values
    if gone:
        ProductPrice.objects.filter(pk__in=gone).delete()
    ProductPrice.objects.bulk_create(made)
    if changed:
        update(ProductPrice, sorted(changed, key=lambda row: row.pk), set(_KEPT))


def _lowest(prices: Iterable[Price]) -> dict[str, Price]:
    """Return the lowest price in each currency; of equal ones, the one with the higher former price."""
    lowest: dict[str, Price] = {}
    for price in sorted(prices, key=lambda one: (one.amount, -(one.compare_at or -1))):
        lowest.setdefault(price.currency, price)
    return lowest

"""Prices that exchange rates make, some hundred variants at once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max

from products.models import ExchangeRate, Price, PriceChange, Product, ProductPrice, Variant
from products.services.bulk.prices import ListedPrices, write_each, write_lowest
from products.services.bulk.wanted import WantedPrice
from products.services.exchange import LOCK, rules_of
from shop.core.transactions import lock_by_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from products.conversion import Rule


class RuleChanged(Exception):
    """Raised when a rate isn't what it was when the run began; nothing is written."""


class Asked(Protocol):
    """What a variant costs in a currency, minor units."""

    @property
    def amount(self) -> int:
        """The price."""

    @property
    def compare_at(self) -> int | None:
        """The former price of a sale."""

    @property
    def by_rate(self) -> bool:
        """Whether a rate has made it."""


def made_of(base: Asked | None, rule: Rule | None) -> tuple[int, int | None] | None:
    """Return the price and the former price that a rule makes, or None where it makes none."""
    return None if base is None or rule is None else rule.pair(base.amount, base.compare_at)


def is_as_made(own: Asked | None, made: tuple[int, int | None] | None) -> bool:
    """Tell whether there is nothing to write: the price is set by hand, or is what the rule makes."""
    if own is not None and not own.by_rate:
        return True
    return made == (None if own is None else (own.amount, own.compare_at))


@transaction.atomic
def write_made_prices(variant_ids: Sequence[int], rules: Mapping[str, Rule | None], *, now: datetime) -> int:
    """
    Make the prices of these variants what the rules say, with their history, and return how many that changes.

    As many statements for one variant as for hundreds. Prices set by hand stay, those of a moment ago too: what is
    compared is read under the locks that setting a price takes. The caller says that the catalogue has changed.
    Locks: the making of prices, then the products, then the variants.

    :param rules: by currency; None where the prices that a rate has made shall go.
    :raises RuleChanged: one of them isn't the shop's any more; nothing is written.
    """
    lock_by_name(LOCK)
    current = rules_of(ExchangeRate.objects.all())
    if any(current.get(currency) != rule for currency, rule in rules.items()):
        raise RuleChanged
    products = _locked(variant_ids)
    known = _prices_of(variant_ids, [settings.BASE_CURRENCY, *rules])
    wanted, gone = _compared(variant_ids, rules, known)
    if not wanted and not gone:
        return 0
    if gone:
        Price.objects.filter(pk__in=[price.pk for price in gone]).delete()
    _tell_sales_that_go_on(wanted)
    write_each(wanted, now=now)
    touched = {products[price.variant_id] for price in (*gone, *(one.price for one in wanted))}
    write_lowest(_listed(touched, list(rules)))
    return len(wanted) + len(gone)


def _locked(variant_ids: Sequence[int]) -> dict[int, int]:
    """Lock the products and then the variants, each in order, and return the products' ids by variant."""
    # Which product it belongs to never changes.
    products = dict(Variant.objects.filter(pk__in=variant_ids).values_list("pk", "product_id"))
    for model, ids in ((Product, set(products.values())), (Variant, set(products))):
        rows = model._default_manager.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
        list(rows.values_list("pk", flat=True))
    return products


def _prices_of(variant_ids: Sequence[int], currencies: list[str]) -> dict[tuple[int, str], Price]:
    rows = Price.objects.filter(variant__in=variant_ids, currency__in=currencies)
    return {(price.variant_id, price.currency): price for price in rows}


def _compared(
    variant_ids: Sequence[int], rules: Mapping[str, Rule | None], known: Mapping[tuple[int, str], Price]
) -> tuple[list[WantedPrice], list[Price]]:
    """Return the prices to be written and those to be taken away."""
    wanted, gone = [], []
    for variant_id in variant_ids:
        base = known.get((variant_id, settings.BASE_CURRENCY))
        for currency, rule in rules.items():
            own, made = known.get((variant_id, currency)), made_of(base, rule)
            if is_as_made(own, made):
                continue
            if made is None:
                gone += [own] if own else []
                continue
            former = (own.amount, own.compare_at) if own else None
            price = own or Price(variant_id=variant_id, currency=currency, by_rate=True)
            price.amount, price.compare_at = made
            wanted.append(WantedPrice(price=price, former=former))
    return wanted, gone


def _tell_sales_that_go_on(wanted: Iterable[WantedPrice]) -> None:
    """
    Mark the sales whose amount changes only because the rate has moved.

    They began when they began in the base currency: compared anew, a sale would be measured by its own price of
    yesterday.
    """
    on_sale = [one for one in wanted if one.former and None not in (one.former[1], one.price.compare_at)]
    if not on_sale:
        return
    base = settings.BASE_CURRENCY
    history = PriceChange.objects.filter(
        variant__in={one.price.variant_id for one in on_sale},
        currency__in={base, *(one.price.currency for one in on_sale)},
    )
    rows = history.values("variant", "currency").annotate(last=Max("at"))
    last = {(row["variant"], row["currency"]): row["last"] for row in rows}
    for one in on_sale:
        in_base, in_own = (last.get((one.price.variant_id, code)) for code in (base, one.price.currency))
        one.same_sale = bool(in_own and (in_base is None or in_base <= in_own))


def _listed(product_ids: set[int], currencies: list[str]) -> list[ListedPrices]:
    """Return what lists show of these products, as the prices are now and as it is stored."""
    prices: dict[int, list[Price]] = defaultdict(list)
    lowest: dict[int, dict[str, ProductPrice]] = defaultdict(dict)
    rows = Price.objects.filter(
        variant__product__in=product_ids, variant__archived_at=None, currency__in=currencies
    )
    for price in rows.annotate(product=F("variant__product")):
        prices[price.product].append(price)
    for row in ProductPrice.objects.filter(product__in=product_ids, currency__in=currencies):
        lowest[row.product_id][row.currency] = row
    return [ListedPrices(product_id=pk, prices=prices[pk], lowest=lowest[pk]) for pk in sorted(product_ids)]

"""Filling in prices in other currencies: a walk through the catalogue that writes only what differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db.models import Subquery

from products.memory import catalogue_version
from products.models import CatalogueState, ExchangeRate, Price, Variant
from products.services.bulk.exchange import RuleChanged, is_as_made, made_of, write_made_prices
from products.services.changes import catalogue_changed
from products.services.exchange import Count, mark_filled, rules_of
from shop.core.errors import Unavailable
from shop.core.money import EXPONENTS
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from products.conversion import Rule

# What is read, and where it differs written, at once.
CHUNK = 500
# A process that dies between an edit and the new version of the catalogue leaves an edit that no version tells of.
_FILLED_ANYWAY = timedelta(days=1)


class _Asked(NamedTuple):
    amount: int
    compare_at: int | None
    by_rate: bool


@dataclass(kw_only=True)
class _Run:
    now: datetime
    on_progress: Callable[[int], object]
    written: int = 0
    # False once something had to be left out.
    complete: bool = True
    by_rate: dict[str, int] = field(default_factory=dict)
    by_hand: dict[str, int] = field(default_factory=dict)

    def write(self, variants: list[int], rules: Mapping[str, Rule | None]) -> None:
        """Write what differs of these variants, or leave them to the next run when somebody holds them for long."""
        try:
            self.written += use_case(write_made_prices, variants, rules, now=self.now)
        except Unavailable:
            self.complete = False


def variants_to_fill() -> int:
    """Return how many variants a run looks at; one statement."""
    return Variant.objects.filter(archived_at=None).count()


def fill_prices(*, now: datetime, on_progress: Callable[[int], object] = lambda done: None) -> int:
    """
    Make prices in other currencies what the exchange rates say, and return how many that changes.

    Rates that have made their prices of the catalogue as it is are left alone: two statements when that is all of
    them. Else every variant is looked at, some hundred at once, and what differs is written in a transaction a time,
    so it may be stopped and started again. Prices set by hand stay. Prices that a rate has made go with the rate, and
    with the price that they were made of. Call it outside of a transaction.

    :param on_progress: called with how many variants have been looked at.
    """
    rows: list[Any] = list(
        ExchangeRate.objects.annotate(version=Subquery(CatalogueState.objects.values("version")[:1]))
    )
    rules = rules_of(rows)
    version = (rows[0].version or 0) if rows else 0
    due = {row.currency for row in rows if row.currency in rules and _is_due(row, version, now)}
    gone = [currency for currency in EXPONENTS if currency not in rules]
    run = _Run(now=now, on_progress=on_progress)
    filling = {currency: rule for currency, rule in rules.items() if currency in due}
    try:
        _clear(run, gone)
        if filling:
            _walk(run, filling)
    except RuleChanged:
        # Whoever changed the rule has said so, and the next run goes by the new one.
        run.complete = False
    finally:
        if run.written:
            use_case(catalogue_changed)
    if filling and run.complete:
        counts = {
            currency: Count(by_rate=run.by_rate[currency], by_hand=run.by_hand[currency])
            for currency in filling
        }
        use_case(mark_filled, filling, counts, version=_version_after(run, version), now=now)
    return run.written


def _is_due(row: ExchangeRate, version: int, now: datetime) -> bool:
    return row.filled_version != version or row.filled_at is None or now - row.filled_at > _FILLED_ANYWAY


def _clear(run: _Run, currencies: list[str]) -> None:
    """Take away what rates have made that are there no more."""
    left = Price.objects.filter(by_rate=True, currency__in=currencies).order_by("currency", "variant")
    while run.complete and (found := list(left.values_list("variant", "currency")[:CHUNK])):
        run.write(sorted({variant for variant, _ in found}), {currency: None for _, currency in found})


def _walk(run: _Run, rules: Mapping[str, Rule | None]) -> None:
    run.by_rate = dict.fromkeys(rules, 0)
    run.by_hand = dict.fromkeys(rules, 0)
    done = 0
    for variants, prices in _chunks([settings.BASE_CURRENCY, *rules]):
        if differing := [pk for pk in variants if not _is_filled(run, pk, rules, prices)]:
            run.write(differing, rules)
        done += len(variants)
        run.on_progress(done)


def _chunks(currencies: list[str]) -> Iterator[tuple[list[int], dict[tuple[int, str], _Asked]]]:
    """Yield variants with their prices, without locks; each time in two statements."""
    variants = Variant.objects.filter(archived_at=None).order_by("pk").values_list("pk", flat=True)
    last = 0
    while ids := list(variants.filter(pk__gt=last)[:CHUNK]):
        rows = Price.objects.filter(variant__gte=ids[0], variant__lte=ids[-1], currency__in=currencies)
        asked = rows.values_list("variant", "currency", "amount", "compare_at", "by_rate")
        yield ids, {(row[0], row[1]): _Asked(row[2], row[3], row[4]) for row in asked}
        last = ids[-1]


def _is_filled(
    run: _Run, variant: int, rules: Mapping[str, Rule | None], prices: Mapping[tuple[int, str], _Asked]
) -> bool:
    """Tell whether a variant costs what the rules say, and count what made its prices."""
    base = prices.get((variant, settings.BASE_CURRENCY))
    filled = True
    for currency, rule in rules.items():
        own, made = prices.get((variant, currency)), made_of(base, rule)
        filled = filled and is_as_made(own, made)
        if own is not None and not own.by_rate:
            run.by_hand[currency] += 1
        elif made is not None:
            run.by_rate[currency] += 1
    return filled


def _version_after(run: _Run, version: int) -> int:
    """Return the version that the prices were made of: the one that this run has raised, if nobody else has any."""
    return version + 1 if run.written and catalogue_version() == version + 1 else version

"""Exchange rates, and the prices that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.db import transaction

from products.conversion import Rule
from products.models import ExchangeRate
from shop.audit import services as audit
from shop.core.errors import FieldError, NotFound, ValidationFailed
from shop.core.money import MAX_RATE, payable_step
from shop.core.transactions import lock_by_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

# Prices are written under it, so that none is made by a rate that has just been changed.
LOCK = "products.exchange_rates"
# What fits the columns, and is far beyond any rounding of prices.
_LARGEST = 10**9


@dataclass(frozen=True, kw_only=True)
class RateData:
    """
    How prices in a currency are made: ``rate`` in millionths, ``round_to`` and ``minus`` in minor units of it.

    Without ``round_to`` they are rounded to the least that can be paid.
    """

    rate: int
    round_to: int | None = None
    minus: int = 0
    is_active: bool = True


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many prices in a currency a rate has made, and how many were set by hand."""

    by_rate: int = 0
    by_hand: int = 0


class Row(Protocol):
    """A rate as it is stored."""

    currency: str
    rate: int
    round_to: int
    minus: int
    is_active: bool


@transaction.atomic
def set_exchange_rate(*, currency: str, data: RateData, actor_id: UUID | None, now: datetime) -> ExchangeRate:
    """
    Have prices in a currency made from those in the base currency, within minutes; prices set by hand stay.

    One that isn't active makes none, and those that it has made go. Locks: the making of prices.

    :raises ValidationFailed: the shop doesn't sell in the currency, it is the base currency, or the rule makes no
        sense; nothing is written.
    """
    step = payable_step(currency) if currency in settings.CURRENCIES else 1
    round_to = step if data.round_to is None else data.round_to
    _require_rule(currency, data, round_to=round_to, step=step)
    lock_by_name(LOCK)
    values = {"rate": data.rate, "round_to": round_to, "minus": data.minus, "is_active": data.is_active}
    row, made = ExchangeRate.objects.select_for_update().get_or_create(currency=currency, defaults=values)
    changed = [name for name, value in values.items() if made or getattr(row, name) != value]
    if not changed:
        return row
    for name, value in values.items():
        setattr(row, name, value)
    row.filled_version = None
    row.save(update_fields=[*values, "filled_version"])
    audit.record(
        actor_id=actor_id,
        action="products.exchange_rate_set",
        target=row,
        now=now,
        currency=currency,
        **values,
    )
    return row


@transaction.atomic
def remove_exchange_rate(*, currency: str, actor_id: UUID | None, now: datetime) -> None:
    """
    Have no prices made in a currency any more; those that were made go within minutes, those set by hand stay.

    Locks: the making of prices.

    :raises NotFound: there is no such rate.
    """
    lock_by_name(LOCK)
    row = ExchangeRate.objects.select_for_update().filter(currency=currency).first()
    if row is None:
        raise NotFound
    audit.record(
        actor_id=actor_id, action="products.exchange_rate_removed", target=row, now=now, currency=currency
    )
    row.delete()


def rules_of(rows: Iterable[Row]) -> dict[str, Rule]:
    """Return the rules that make prices now, by currency: of active rates, in currencies that the shop sells in."""
    base = settings.BASE_CURRENCY
    return {
        row.currency: Rule(
            base=base, currency=row.currency, rate=row.rate, round_to=row.round_to, minus=row.minus
        )
        for row in rows
        if row.is_active and row.currency in settings.CURRENCIES and row.currency != base
    }


@transaction.atomic
def mark_filled(
    rules: Mapping[str, Rule], counts: Mapping[str, Count], *, version: int, now: datetime
) -> None:
    """
    Write down that these rules have made their prices of a version of the catalogue.

    One that was changed meanwhile isn't marked, so it is filled again. Locks: the making of prices.
    """
    lock_by_name(LOCK)
    for currency, rule in rules.items():
        made = ExchangeRate.objects.filter(
            currency=currency, rate=rule.rate, round_to=rule.round_to, minus=rule.minus, is_active=True
        )
        made.update(
            filled_version=version,
            filled_at=now,
            prices_by_rate=counts[currency].by_rate,
            prices_by_hand=counts[currency].by_hand,
        )


def _require_rule(currency: str, data: RateData, *, round_to: int, step: int) -> None:
    others = [code for code in settings.CURRENCIES if code != settings.BASE_CURRENCY]
    errors = []
    if currency not in others:
        listed = ", ".join(others) or "none, see CURRENCIES"
        errors.append(
            FieldError("currency", "invalid_choice", f"Beside its own the shop sells in: {listed}.")
        )
    if not 1 <= data.rate <= MAX_RATE:
        errors.append(FieldError("rate", "invalid", "Write a rate above 0, up to a million."))
    if not 1 <= round_to <= _LARGEST or round_to % step:
        errors.append(FieldError("round_to", "invalid", _payable(currency, step)))
    if not 0 <= data.minus < max(round_to, 1):
        errors.append(FieldError("minus", "invalid", "Write less than what is rounded to."))
    elif data.minus % step:
        errors.append(FieldError("minus", "invalid", _payable(currency, step)))
    if errors:
        raise ValidationFailed(*errors)


def _payable(currency: str, step: int) -> str:
    return (
        "Write an amount above 0."
        if step == 1
        else f"The last decimal place of {currency} must be 0: cards can't be charged otherwise."
    )

"""What a promotion must be to make sense."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from shop.core.errors import FieldError
from shop.core.money import MAX_MINOR, payable_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cart.services.promotions import PromotionData

MAX_PRODUCTS = 500
_WHOLE = 1_000_000
_LARGEST_COUNT = 2**31 - 1
_LARGEST_SMALL = 2**15 - 1
_PERCENTAGES = ("percent", "buy_x_get_y")


def refusals(data: PromotionData) -> Iterator[FieldError]:
    """Return what makes no sense in a promotion, by its fields."""
    yield from _of_names(data)
    yield from _of_value(data)
    yield from _of_units(data)
    yield from _of_conditions(data)
    yield from _of_limits(data)


def _of_names(data: PromotionData) -> Iterator[FieldError]:
    if not data.name.strip():
        yield FieldError("name", "required", "Shoppers read it: write one.")
    if data.currency not in settings.CURRENCIES:
        listed = ", ".join(settings.CURRENCIES)
        yield FieldError("currency", "invalid_choice", f"The shop sells in: {listed}.")
    if len(data.products) > MAX_PRODUCTS:
        detail = f"A promotion names at most {MAX_PRODUCTS} products: use a category."
        yield FieldError("products", "max_length", detail)


def _of_value(data: PromotionData) -> Iterator[FieldError]:
    if data.kind not in (*_PERCENTAGES, "fixed", "free_shipping"):
        yield FieldError("kind", "invalid_choice", "There is no such kind.")
    elif data.kind in _PERCENTAGES and not 0 < data.value <= _WHOLE:
        yield FieldError("value", "invalid", "Write a percentage above 0, up to 100.")
    elif data.kind == "fixed" and not 0 < data.value <= MAX_MINOR:
        yield FieldError("value", "invalid", "Write an amount above 0.")
    elif data.kind == "fixed" and not _is_payable(data.value, data.currency):
        yield FieldError("value", "invalid", _unpayable(data.currency))
    elif data.kind == "free_shipping" and data.value:
        yield FieldError("value", "invalid", "Free shipping takes off the shipping: leave this empty.")


def _of_units(data: PromotionData) -> Iterator[FieldError]:
    for name in ("buy_quantity", "get_quantity"):
        units = getattr(data, name)
        if data.kind == "buy_x_get_y" and not 1 <= units <= _LARGEST_SMALL:
            yield FieldError(name, "invalid", "Write 1 or more.")
        elif data.kind != "buy_x_get_y" and units:
            yield FieldError(name, "invalid", "Only buy X get Y has it: leave this empty.")


def _of_conditions(data: PromotionData) -> Iterator[FieldError]:
    if not 0 <= data.min_subtotal <= MAX_MINOR:
        yield FieldError("min_subtotal", "invalid", "Write an amount.")
    elif not _is_payable(data.min_subtotal, data.currency):
        yield FieldError("min_subtotal", "invalid", _unpayable(data.currency))
    if not 0 <= data.min_quantity <= _LARGEST_COUNT:
        yield FieldError("min_quantity", "invalid", "Write 0 or more.")
    if not 0 <= data.priority <= _LARGEST_SMALL:
        yield FieldError("priority", "invalid", f"Write a number from 0 to {_LARGEST_SMALL}.")
    if data.starts_at and data.ends_at and data.ends_at <= data.starts_at:
        yield FieldError("ends_at", "invalid", "It would end before it begins.")


def _of_limits(data: PromotionData) -> Iterator[FieldError]:
    for name in ("max_uses", "max_uses_each"):
        limit = getattr(data, name)
        if limit is not None and not 1 <= limit <= _LARGEST_COUNT:
            yield FieldError(name, "min_value", "Write 1 or more, or leave it empty.")
    if data.first_order and data.max_uses_each not in (None, 1):
        yield FieldError("max_uses_each", "invalid", "Nobody has more than one first order.")


def _is_payable(minor: int, currency: str) -> bool:
    return currency not in settings.CURRENCIES or minor % payable_step(currency) == 0


def _unpayable(currency: str) -> str:
    return f"The last decimal place of {currency} must be 0: cards can't be charged otherwise."

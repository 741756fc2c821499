"""Money in whole minor units, and the one place where decimals exist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Decimal places of the currencies a shop may switch on (ISO 4217, list one).
EXPONENTS: dict[str, int] = {
    "AED": 2, "AUD": 2, "BGN": 2, "BHD": 3, "BRL": 2, "CAD": 2, "CHF": 2, "CLP": 0, "CNY": 2, "CZK": 2,
    "DKK": 2, "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2, "ISK": 0, "JOD": 3,
    "JPY": 0, "KRW": 0, "KWD": 3, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "OMR": 3, "PHP": 2, "PLN": 2,
    "RON": 2, "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2, "TND": 3, "TRY": 2, "TWD": 2, "UAH": 2, "USD": 2,
    "VND": 0, "ZAR": 2,
}  # fmt: skip

# The largest amount a shop handles: a full cart (100 lines of 999 units) and its tax still fit a BigInteger.
MAX_MINOR = 10**13

# The largest exchange rate, in millionths: 1 of the one currency is a million of the other.
MAX_RATE = 10**12

# Cards take amounts in these currencies only when the last of their three places is 0.
# https://docs.stripe.com/currencies#three-decimal
_THREE_PLACES_STEP = 10

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")


@dataclass(frozen=True, order=True)
class Money:
    """An amount in whole minor units of a currency: ``Money(1990, "EUR")`` is nineteen euro ninety."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise ValueError(f"{self.currency!r} is not a currency of this shop.")

    def __str__(self) -> str:
        return to_text(self.minor, self.currency)


def is_currency(code: str) -> bool:
    """Tell whether a shop may switch this currency on."""
    return code in EXPONENTS


def payable_step(currency: str) -> int:
    """Return what a payable amount is a multiple of, in minor units: 1, or 10 in currencies of three places."""
    return _THREE_PLACES_STEP if EXPONENTS[currency] == 3 else 1


def to_text(minor: int, currency: str) -> str:
    """Return minor units as the API writes them: ``to_text(1990, "EUR") == "19.90"``."""
    exponent = EXPONENTS[currency]
    if exponent == 0:
        return str(minor)
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(minor), 10**exponent)
    return f"{sign}{whole}.{part:0{exponent}d}"


def from_text(text: str, currency: str) -> int:
    """
    Return the minor units that a plain decimal such as ``19.90`` means.

    :raises ValueError: it isn't a plain non-negative number, has more places than the currency, or is
        beyond what a shop handles.
    """
    if not _AMOUNT.fullmatch(text):
        raise ValueError("Write an amount like 19.90.")
    scaled = Decimal(text).scaleb(EXPONENTS[currency])
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{currency} has {EXPONENTS[currency]} decimal places.")
    if scaled > MAX_MINOR:
        raise ValueError("The amount is too large.")
    return int(scaled)


def price_from_text(text: str, currency: str) -> int:
    """
    Return the minor units of an amount that somebody may be charged.

    :raises ValueError: as ``from_text`` does; or it isn't a multiple of ``payable_step``.
    """
    minor = from_text(text, currency)
    require_payable(minor, currency)
    return minor


def require_payable(minor: int, currency: str) -> None:
    """
    Refuse an amount that no card can be charged, though the currency has coins for it.

    :raises ValueError: its last place isn't 0 where it must be.
    """
    if minor % payable_step(currency):
        raise ValueError(f"The last decimal place of {currency} must be 0: cards can't be charged otherwise.")


def to_decimal(minor: int, currency: str) -> Decimal:
    """Return minor units as a Decimal, for forms and number formatting only."""
    return Decimal(minor).scaleb(-EXPONENTS[currency])


def rounded(numerator: int, denominator: int) -> int:
    """Return the quotient rounded half away from zero, the commercial way; the denominator is positive."""
    # Integers are exact whatever their size; a Decimal's 28 digits aren't.
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -whole if numerator < 0 else whole


def rate_text(millionths: int) -> str:
    """Return a rate as the API writes it: ``rate_text(190000) == "0.19"``."""
    whole, part = divmod(millionths, 1_000_000)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".")


def from_rate(text: str) -> int:
    """
    Return the millionths that a rate such as ``1.0835`` means.

    :raises ValueError: it isn't a plain number above 0 with at most six places, or is beyond a million.
    """
    scaled = Decimal(text).scaleb(6) if _AMOUNT.fullmatch(text) else Decimal(0)
    if not 1 <= scaled <= MAX_RATE or scaled != scaled.to_integral_value():
        raise ValueError("Write a rate like 1.0835.")
    return int(scaled)


def percent_text(millionths: int) -> str:
    """Return a rate in per cent, for forms: ``percent_text(88750) == "8.875"``."""
    return rate_text(millionths * 100)


def from_percent(text: str) -> int:
    """
    Return the millionths that a percentage such as ``8.875`` means.

    :raises ValueError: it isn't a plain number from 0 to 100 with at most four places.
    """
    scaled = Decimal(text).scaleb(4) if _AMOUNT.fullmatch(text) else Decimal(-1)
    if not 0 <= scaled <= 1_000_000 or scaled != scaled.to_integral_value():
        raise ValueError("Write a percentage like 19 or 8.875.")
    return int(scaled)


def rate_to_decimal(fraction: str) -> Decimal:
    """Return a rate of the API, ``0.19``, as a Decimal, for number formatting only."""
    return Decimal(fraction)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """
    Split ``total`` over non-negative weights so that the parts sum to it exactly.

    Each part is rounded down; what remains goes, one minor unit each, to the largest remainders
    (the largest remainder method), ties to the earlier one. Without any weight the first part takes all.

    :param total: minor units, not negative.
    """
    whole = sum(weights)
    if not weights:
        return []
    if whole == 0:
        return [total] + [0] * (len(weights) - 1)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts

"""Amounts, rates, dates and places as people of a language write them; Babel knows how, the shop says which."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent
from django.utils import timezone

from shop.core import money

if TYPE_CHECKING:
    from collections.abc import Mapping

_REGION_ON_THE_CITY_LINE = frozenset({"US", "CA", "AU"})


class Writer:
    """Writes for readers of one language, ``de`` or ``de-AT``; English where Babel knows no such language."""

    def __init__(self, language: str | None) -> None:
        try:
            self.locale = Locale.parse((language or "en").replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            self.locale = Locale("en")

    def amount(self, text: str | None, currency: str) -> str:
        """Return an amount of the API, ``19.90``, with its currency: ``€19.90`` or ``19,90 €``."""
        negative = (text or "").startswith("-")
        minor = money.from_text((text or "0").removeprefix("-"), currency)
        return self.minor(-minor if negative else minor, currency)

    def minor(self, minor: int, currency: str) -> str:
        """Return minor units with their currency."""
        # Babel's own number of decimals differs from the shop's for some currencies.
        places = money.EXPONENTS[currency]
        pattern = str(self.locale.currency_formats["standard"].pattern)
        pattern = pattern.replace("0.00", f"0.{'0' * places}" if places else "0")
        value = money.to_decimal(minor, currency)
        written = format_currency(value, currency, format=pattern, locale=self.locale, currency_digits=False)
        # A currency without a sign of its own is written by its code, which needs a space: CHF 5.00.
        return re.sub(r"(?<=[A-Za-z])(?=\d)", "\N{NO-BREAK SPACE}", written)

    def rate(self, fraction: str | None) -> str:
        """Return a tax rate of the API, ``0.19``, as a percentage: ``19%`` or ``19 %``."""
        if not fraction:
            return ""
        pattern = str(self.locale.percent_formats[None].pattern).replace("#,##0", "#,##0.####")
        return format_percent(money.rate_to_decimal(fraction), format=pattern, locale=self.locale)

    def number(self, whole: int) -> str:
        """Return a whole number with its thousands apart."""
        return format_decimal(whole, locale=self.locale)

    def day(self, moment: str | datetime | None) -> str:
        """Return the date of an instant in the shop's time zone: ``November 23, 2026``."""
        return format_date(_local(moment), format="long", locale=self.locale) if moment else ""

    def instant(self, moment: str | datetime | None) -> str:
        """Return date, time and zone of an instant in the shop's time zone."""
        if not moment:
            return ""
        local = _local(moment)
        return f"{self.day(local)}, {format_time(local, format='short', locale=self.locale)} {local.tzname()}"

    def country(self, code: str | None) -> str:
        """Return a country's name."""
        return str(self.locale.territories.get(code or "", code or ""))

    def address(self, address: Mapping[str, Any] | None) -> list[str]:
        """Return a postal address line by line, as the post of its country likes to read it."""
        if not address:
            return []

        def part(name: str) -> str:
            return str(address.get(name) or "")

        code = part("country")
        if code in _REGION_ON_THE_CITY_LINE:
            place = [f"{part('city')}, {part('region')} {part('postal_code')}".strip(" ,")]
        elif code == "GB":
            place = [part("city"), part("region"), part("postal_code")]
        else:
            place = [f"{part('postal_code')} {part('city')}", part("region")]
        lines = [part("full_name"), part("company"), part("line1"), part("line2"), *place, self.country(code)]
        return [line for line in map(one_line, lines) if line]


def one_line(text: object) -> str:
    """Return text without line breaks or control characters: nothing a shopper wrote can forge a line of ours."""
    spaced = "".join(" " if char.isspace() else char for char in str(text or ""))
    return " ".join("".join(filter(str.isprintable, spaced)).split())


def is_zero(text: str | None) -> bool:
    """Tell whether an amount of the API is nothing or missing."""
    return not (text or "").strip("0.-")


def _local(moment: str | datetime) -> datetime:
    return timezone.localtime(datetime.fromisoformat(moment) if isinstance(moment, str) else moment)

"""How amounts, rates, dates and addresses are written for people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shop.core.formats import Writer, is_zero, one_line

ADDRESS = {
    "full_name": "Sam Doe",
    "company": "",
    "line1": "1 Main St",
    "city": "Austin",
    "region": "TX",
    "postal_code": "78701",
    "country": "US",
}


@pytest.mark.parametrize(
    ("text", "currency", "written"),
    [
        ("19.90", "EUR", "€19.90"),
        ("1234567.89", "USD", "$1,234,567.89"),
        ("500", "JPY", "¥500"),
        ("1.234", "BHD", "BHD\xa01.234"),
        ("-3.00", "GBP", "-£3.00"),
        ("990", "ISK", "ISK\xa0990"),
        (None, "EUR", "€0.00"),
    ],
)
def test_an_amount_has_the_currencys_own_places(text: str | None, currency: str, written: str) -> None:
    assert Writer("en").amount(text, currency) == written


def test_german_writes_the_sign_behind() -> None:
    assert Writer("de").amount("1234.50", "EUR") == "1.234,50\xa0€"


@pytest.mark.parametrize(
    ("fraction", "english", "german"),
    [
        ("0.19", "19%", "19\xa0%"),
        ("0.08875", "8.875%", "8,875\xa0%"),
        ("0", "0%", "0\xa0%"),
        ("1", "100%", "100\xa0%"),
        (None, "", ""),
    ],
)
def test_a_rate_is_a_percentage(fraction: str | None, english: str, german: str) -> None:
    assert (Writer("en").rate(fraction), Writer("de").rate(fraction)) == (english, german)


def test_dates_are_long() -> None:
    moment = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)

    assert Writer("en").day(moment) == "November 23, 2026"
    assert Writer("de").day("2026-11-23T09:05:00Z") == "23. November 2026"
    assert Writer("en").instant(moment) == "November 23, 2026, 9:05\u202fAM UTC"
    assert Writer("en").day(None) == Writer("en").instant(None) == ""


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, ["Sam Doe", "1 Main St", "Austin, TX 78701", "United States"]),
        ({"country": "GB", "city": "Leeds", "region": "", "postal_code": "LS1 1AA"},
         ["Sam Doe", "1 Main St", "Leeds", "LS1 1AA", "United Kingdom"]),
        ({"country": "DE", "city": "Berlin", "region": "", "postal_code": "10115"},
         ["Sam Doe", "1 Main St", "10115 Berlin", "Germany"]),
    ],
)  # fmt: skip
def test_addresses_follow_their_country(changes: dict[str, str], lines: list[str]) -> None:
    assert Writer("en").address(ADDRESS | changes) == lines


def test_no_address_has_no_lines() -> None:
    assert Writer("en").address(None) == []


def test_an_unknown_language_is_read_in_english() -> None:
    assert Writer("tlh").day(datetime(2026, 1, 2, tzinfo=UTC)) == "January 2, 2026"


def test_one_line_takes_line_breaks_and_control_characters_out() -> None:
    assert one_line(" a\r\nBcc: b\x00\tc ") == "a Bcc: b c"


@pytest.mark.parametrize(("text", "nothing"), [("0.00", True), ("0", True), (None, True), ("0.01", False)])
def test_is_zero(text: str | None, nothing: bool) -> None:
    assert is_zero(text) is nothing

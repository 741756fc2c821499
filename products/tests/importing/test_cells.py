"""What stands in a cell."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products.importing import cells
from products.importing.handles import handle_from, handle_of, made_sku

pytestmark = pytest.mark.once

_TEXTS = st.text(alphabet=st.sampled_from("ab '=+-@\t\r\n,\"|>\\é"), max_size=12)


class TestLists:
    @given(st.lists(_TEXTS.map(str.strip).filter(bool)), st.sampled_from(["|", " > ", ", "]))
    def test_what_is_joined_is_split(self, parts: list[str], separator: str):
        assert cells.split(cells.joined(parts, separator), separator) == tuple(parts)

    def test_reads_what_people_write(self):
        assert cells.split(" Lamps>Table lamps ", ">") == ("Lamps", "Table lamps")
        assert cells.split("Salt \\> Pepper > C:\\mills", ">") == ("Salt > Pepper", "C:\\mills")
        assert cells.split("  ", ">") == ()


class TestAmounts:
    @pytest.mark.parametrize(
        ("cell", "minor"),
        [("19.90", 1990), (" 19 ", 1900), ("19.9000", 1990), ("1,234.50", 123450), ("0", 0), ("", None)],
    )
    def test_reads(self, cell: str, minor: int | None):
        assert cells.amount(cell, "EUR") == minor

    @pytest.mark.parametrize(
        "cell", ["19,90", "1,234", "1.234,50", "12,34.50", "€ 19.90", "-1", "1e3", "19.999", "٣"]
    )
    def test_refuses(self, cell: str):
        with pytest.raises(ValueError, match=r"Write|places"):
            cells.amount(cell, "EUR")

    def test_takes_a_comma_where_it_can_only_be_decimal(self):
        assert cells.amount("19,90", "EUR", decimal_comma=True) == 1990
        with pytest.raises(ValueError, match="point"):
            cells.amount("1.234,50", "EUR", decimal_comma=True)


class TestOthers:
    @pytest.mark.parametrize(
        ("unit", "cell", "weight"),
        [("g", "850.0", 850), ("kg", "0,15", 150), ("lbs", "1", 454), ("oz", "1.5", 43), ("g", "", None)],
    )
    def test_weights(self, unit: str, cell: str, weight: int | None):
        assert cells.grams(cell, unit) == weight

    def test_truths_and_numbers(self):
        assert [cells.truth(cell) for cell in ("TRUE", "no", "1", " ")] == [True, False, True, None]
        assert [cells.whole(cell, least=-9) for cell in ("5", "-9", "5.0", "")] == [5, -9, 5, None]
        for read, cell in (
            (cells.truth, "maybe"),
            (cells.whole, "5.5"),
            (cells.whole, "-1"),
            (cells.whole, "1" * 13),
        ):
            with pytest.raises(ValueError, match="Write"):
                read(cell)

    def test_days_and_instants(self):
        assert cells.day("2026-03-02") == date(2026, 3, 2)
        assert cells.instant("2026-03-02T13:00:00+01:00") == datetime(2026, 3, 2, 12, tzinfo=UTC)
        assert cells.instant("2026-03-02") == datetime(2026, 3, 2, tzinfo=UTC)
        for cell in ("2026-02-30", "02.03.2026", "0001-01-01"):
            with pytest.raises(ValueError, match="Write"):
                cells.day(cell)
            with pytest.raises(ValueError, match="Write"):
                cells.instant(cell)

    def test_lines(self):
        assert cells.line(" two\r\nlines ", 20) == "two lines"
        for cell in ("bell\a", "x" * 21):
            with pytest.raises(ValueError, match=r"Control|fit"):
                cells.line(cell, 20)
        assert cells.cut("bell\a " + "x" * 99, 8) == "bell xxx"


class TestNames:
    def test_a_slug_is_its_own_handle(self):
        assert [handle_of(text) for text in ("green-tea", "Old_Slug", "")] == ["green-tea", "Old_Slug", ""]

    def test_others_become_one_that_is_theirs_alone(self):
        assert handle_of("Café crème") == "cafe-creme"
        assert handle_from("Sencha") == "sencha"
        assert handle_of("2024") == "item-2024"
        # An address of the API.
        assert handle_of("facets") == handle_from("Facets") == "facets-7246efb6"
        assert handle_of("茶碗") == "item-a3194435"
        assert handle_of("茶") != handle_of("茶碗")
        assert len(handle_of("long " * 99)) <= 200
        assert handle_of("long " * 99) != handle_of("long " * 98)

    def test_skus_are_short_and_differ(self):
        assert made_sku("tea", {}) == "tea"
        assert made_sku("tea", {"Size": "S/M"}) == "tea-sm-b911dc7c"
        assert made_sku("tea", {"Size": "S-M"}) != made_sku("tea", {"Size": "S M"})
        assert (
            made_sku("tea", {"size": "s/m", "A": "b"})[-8:] == made_sku("tea", {"A": "B", "Size": "S/M"})[-8:]
        )
        assert len(made_sku("x" * 200, {"Size": "y" * 100})) == 64

"""Opening files: what can be read, what can't, and how much of it is in memory."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from products.importing import run as importing
from products.importing.reading import Row, Table, Unreadable
from products.importing.saving import Saved
from products.tests.factories import NOW

pytestmark = pytest.mark.once


def table(content: bytes | str) -> Table:
    return Table(io.BytesIO(content.encode() if isinstance(content, str) else content))


def rows(content: bytes | str) -> list[Any]:
    """Return each row as its line and its cells, or as its line, column and reason."""
    return [
        (row.line, *row.cells.values()) if isinstance(row, Row) else (row.line, row.column, row.reason)
        for row in table(content).rows()
    ]


class TestRows:
    @pytest.mark.parametrize(
        "content",
        [
            'a,b\n1,"x, ""y"""\n',
            'a;b\n1;"x, ""y"""\n',
            'sep=;\r\na;b\r\n1;"x, ""y"""',
            "\ufeffa\tb\r1\tx, \"y\"\r",
            '\n\n"a", b ,,\n1,"x, ""y""",\n,,,\n',
        ],
    )  # fmt: skip
    def test_reads_what_spreadsheets_write(self, content: str):
        found = table(content)
        assert [name for name in found.columns if name] == ["a", "b"]
        assert [list(row.cells.values()) for row in found.rows() if isinstance(row, Row)] == [["1", 'x, "y"']]

    def test_counts_lines_as_an_editor_does(self):
        content = 'a,b\n1,"two\nlines"\n\n2,"three\r\nand\r\nmore"\n3\n'
        assert rows(content) == [(2, "1", "two\nlines"), (5, "2", "three\r\nand\r\nmore"), (8, "3", "")]

    def test_a_bad_row_spoils_no_other(self):
        content = (
            b'a,b\n1,2,3\n"x"y,1\n'
            + b"\n" * 600
            + b'latin,\xfc\nnul,\x00\nlong,"'
            + b"x" * 200_001
            + b'"\nlast,\xc3\xbc\nopen,"...\n'
        )
        utf8 = "This isn't text in UTF-8. Save the file as CSV in UTF-8."
        assert rows(content) == [
            (2, "", "This row has 3 cells and the headings are 2: is a quote missing?"),
            (3, "", 'A quote stands inside of a cell: write it twice, "".'),
            (604, "b", utf8),
            (605, "b", utf8),
            (606, "", "This is too long: is a quote missing?"),
            (607, "last", "ü"),
            (608, "", "A quote is opened here and never closed."),
        ]

    def test_says_how_far_a_missing_quote_reaches(self):
        content = 'a,b\n1,"open\n' + "x,y\n" * 60_000 + "2,3\n"
        found = rows(content)
        assert found[0] == (2, "", "This is too long: is a quote missing? It goes on to line 50001.")
        assert found[-1] == (60_003, "2", "3")

    def test_takes_the_apostrophe_off(self):
        assert rows("a,b\n'=1+1,''-x\n") == [(2, "=1+1", "'-x")]


class TestUnreadable:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "The file is empty: there are no headings of columns."),
            (b"\n , ,\n", "The file is empty: there are no headings of columns."),
            ("handle,name".encode("utf-16"), "This is UTF-16. Save the file as CSV in UTF-8."),
            ("handle,name".encode("utf-16-le"), "This isn't text. Save the file as CSV in UTF-8."),
            (b"PK\x03\x04....", "This is a spreadsheet or an archive. Save it as CSV in UTF-8."),
            (b"handle,gr\xf6\xdfe\n", "This isn't text in UTF-8. Save the file as CSV in UTF-8."),
            (b"handle,name,handle\n", "Two columns are called 'handle'."),
            (b"x" * 2_000_001, "The first line is too long for headings of columns."),
            (b"a," * 1001, "The file has 1002 columns; 1000 can be read."),
            (b'"handle,name\n', "The first line can't be read as headings of columns."),
            (b"first name,e-mail\n", "The headings are of no file of products: 'first name', 'e-mail'."),
        ],
    )
    def test_says_why(self, content: bytes, reason: str):
        with pytest.raises(Unreadable) as refusal:
            importing.run_import(io.BytesIO(content), actor_id=None, now=NOW)
        assert str(refusal.value) == reason

    @pytest.mark.parametrize(
        ("headings", "asked", "looks"),
        [
            ("Handle,Title,Variant Price", "shop", "Shopify: name the format shopify."),
            ("ID,Type,SKU,Name,Regular price", "shopify", "WooCommerce: name the format woocommerce."),
            ("handle,name,price", "woocommerce", "the shop's own format: name the format shop."),
        ],
    )
    def test_says_which_format_it_looks_like(self, headings: str, asked: str, looks: str):
        with pytest.raises(Unreadable) as refusal:
            importing.run_import(io.BytesIO(headings.encode()), format=asked, actor_id=None, now=NOW)
        assert str(refusal.value) == f"This looks like a file of {looks}"


class Endless:
    """A file that is made while it is read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._left = b""

    def read(self, size: int = -1, /) -> bytes:
        while len(self._left) < size and (line := next(self._lines, b"")):
            self._left += line
        piece, self._left = self._left[:size], self._left[size:]
        return piece


class TestMemory:
    @pytest.mark.parametrize("kind", ["shop", "woocommerce"])
    def test_is_that_of_a_batch(self, kind: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(importing, "save_products", lambda records, **doer: Saved(created=len(records)))

        peaks = [self._peak(kind, products) for products in (2000, 8000)]

        # Four times the products cost the handles of theirs.
        assert peaks[1] - peaks[0] < 2_500_000

    def _peak(self, kind: str, products: int) -> int:
        tracemalloc.start()
        report = importing.run_import(Endless(self._lines(kind, products)), actor_id=None, now=NOW)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (report.created, report.errors) == (products, [])
        return peak

    def _lines(self, kind: str, products: int) -> Iterator[bytes]:
        if kind == "shop":
            yield b"handle,name,category,description,option1_name,option1_value,price\n"
        else:
            yield b"Type,SKU,Name,Parent,Categories,Description,Regular price\n"
        for number in range(products):
            if kind == "shop":
                yield b"lamp-%d,Lamp,Lamps,%s,Size,S,1\nlamp-%d,,,,,M,2\n" % (number, b"x" * 2000, number)
            else:
                yield b"simple,s%d,Lamp %d,,Lamps,%s,1\n" % (number, number, b"x" * 2000)

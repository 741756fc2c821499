"""Opening a file of products: text in UTF-8, a heading for each column, and no more of it in memory than a row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from products.importing.records import RowError
from shop.core.cells import unguarded

_CELL = 200_000
_ROW = 2_000_000
_COLUMNS = 1000
_BUFFER = 64 * 1024
# Further on, a zero byte spoils its row and not the file.
_LOOKED_AT = 512
_SEPARATORS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?\s*')
# What a byte that isn't UTF-8 has become.
_UNDECODED = re.compile("[\udc80-\udcff]")
_FOREIGN = {
    b"\xff\xfe": "This is UTF-16. Save the file as CSV in UTF-8.",
    b"\xfe\xff": "This is UTF-16. Save the file as CSV in UTF-8.",
    b"PK\x03\x04": "This is a spreadsheet or an archive. Save it as CSV in UTF-8.",
    b"\xd0\xcf\x11\xe0": "This is a spreadsheet. Save it as CSV in UTF-8.",
    b"\x1f\x8b": "This is compressed. Unpack it first.",
}

# The reader's own limit is one for the whole process; nothing else here reads CSV.
csv.field_size_limit(_CELL)


class Unreadable(Exception):
    """Raised when a file can't be read at all; the text says why and what would help."""


class ByteSource(Protocol):
    """A file that is read once, from its beginning."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to so many bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Row:
    """
    A row by the headings of its columns.

    ``line`` is its first one as an editor counts; ``at`` is how many bytes of the file had been read.
    """

    line: int
    at: int
    cells: dict[str, str]


class Table:
    """A file of products: its headings, and its rows once."""

    def __init__(self, file: ByteSource) -> None:
        """
        Read the headings.

        :raises Unreadable: it isn't text in UTF-8, or has no headings.
        """
        self._raw = _Counted(file)
        buffered = io.BufferedReader(self._raw, _BUFFER)
        _require_text(buffered.peek(1))
        # A byte that can't be read spoils its row and not the file.
        text = io.TextIOWrapper(buffered, encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._lines = _Lines(text)
        self._reader = self._opened()
        self.columns = self._headings()

    @property
    def at(self) -> int:
        """How many bytes have been read."""
        return self._raw.count

    def rows(self) -> Iterator[Row | RowError]:
        """Yield what stands below the headings; empty rows are left out, and bad ones don't end it."""
        while True:
            line = self._lines.begin_row()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except (csv.Error, _TooLong) as error:
                yield RowError(line=line, column="", reason=self._what(error, line))
                continue
            if not any(cells):
                continue
            yield self._bad(line, cells) or self._row(line, cells)

    def _row(self, line: int, cells: Sequence[str]) -> Row:
        # A spreadsheet may leave out empty cells at the end.
        full = [*cells, *[""] * (len(self.columns) - len(cells))]
        named = dict(zip(self.columns, full, strict=False))
        named.pop("", None)
        for column, cell in named.items():
            if cell[:1] == "'":
                named[column] = unguarded(cell)
        return Row(line=line, at=self.at, cells=named)

    def _bad(self, line: int, cells: Sequence[str]) -> RowError | None:
        if any(cells[len(self.columns) :]):
            said = f"This row has {len(cells)} cells and the headings are {len(self.columns)}: is a quote missing?"
            return RowError(line=line, column="", reason=said)
        if self._lines.spoilt:
            for column, cell in zip(self.columns, cells, strict=False):
                if "\0" in cell or _UNDECODED.search(cell):
                    said = "This isn't text in UTF-8. Save the file as CSV in UTF-8."
                    return RowError(line=line, column=column, reason=said)
        return None

    def _what(self, error: Exception, line: int) -> str:
        said, last = str(error), self._lines.count
        if "end of data" in said:
            return "A quote is opened here and never closed."
        if "expected after" in said:
            return 'A quote stands inside of a cell: write it twice, "".'
        swallowed = f" It goes on to line {last}." if last > line else ""
        return f"This is too long: is a quote missing?{swallowed}"

    def _opened(self) -> Iterator[list[str]]:
        try:
            first = next(self._lines, "")
            if (said := _SEPARATOR_LINE.fullmatch(first)) is not None:
                separator, lines = said[1], _Again("", self._lines)
            else:
                separator, lines = _separator(first), _Again(first, self._lines)
        except _TooLong as error:
            raise Unreadable("The first line is too long for headings of columns.") from error
        return csv.reader(lines, delimiter=separator, strict=True)

    def _headings(self) -> tuple[str, ...]:
        try:
            cells = next((cells for cells in self._reader if any(cells)), [])
        except (csv.Error, _TooLong) as error:
            raise Unreadable("The first line can't be read as headings of columns.") from error
        names = tuple(unguarded(" ".join(cell.split())) for cell in cells)
        known = [name for name in names if name]
        if not known:
            raise Unreadable("The file is empty: there are no headings of columns.")
        if len(names) > _COLUMNS:
            raise Unreadable(f"The file has {len(names)} columns; {_COLUMNS} can be read.")
        if self._lines.spoilt:
            raise Unreadable("This isn't text in UTF-8. Save the file as CSV in UTF-8.")
        if twice := sorted({name for name in known if known.count(name) > 1}):
            raise Unreadable(f"Two columns are called {twice[0]!r}.")
        return names


class _TooLong(Exception):
    """Raised when a row has more characters than are kept in memory."""


class _Counted(io.RawIOBase):
    """A file that counts what is read of it."""

    def __init__(self, file: ByteSource) -> None:
        self._file = file
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        self.count += len(piece)
        return len(piece)


class _Lines:
    """The lines of a text, counted and bounded; ``spoilt`` tells of a character in this row that isn't text."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._taken = 0
        self.count = 0
        self.spoilt = False

    def begin_row(self) -> int:
        """Return the line on which the next row begins."""
        self._taken = 0
        self.spoilt = False
        return self.count + 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_ROW)
        if not line:
            raise StopIteration
        self.count += 1
        self._taken += len(line)
        if self._taken >= _ROW:
            self._skip(line)
            raise _TooLong
        if "\0" in line or (not line.isascii() and _UNDECODED.search(line)):
            self.spoilt = True
        return line

    def _skip(self, piece: str) -> None:
        while piece and not piece.endswith(("\n", "\r")):
            piece = self._text.readline(_ROW)


class _Again:
    """Lines, with the first one put back before them."""

    def __init__(self, first: str, others: _Lines) -> None:
        self._first = first
        self._others = others

    def __iter__(self) -> _Again:
        return self

    def __next__(self) -> str:
        if self._first:
            first, self._first = self._first, ""
            return first
        return next(self._others)


def _require_text(head: bytes) -> None:
    for sign, reason in _FOREIGN.items():
        if head.startswith(sign):
            raise Unreadable(reason)
    if b"\0" in head[:_LOOKED_AT]:
        raise Unreadable("This isn't text. Save the file as CSV in UTF-8.")


def _separator(line: str) -> str:
    outside = re.sub(r'"[^"]*"', "", line)
    return max(_SEPARATORS, key=outside.count)

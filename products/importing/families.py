"""Rows put in order on disk: each that has others below it, followed by them, wherever in the file they stand."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from products.importing.reading import Row

_TABLE = """
CREATE TABLE member (
    place INTEGER PRIMARY KEY, parent TEXT, line INTEGER, at INTEGER, cells TEXT, taken INTEGER DEFAULT 0
)
"""


class Families:
    """Rows and what stands below them; they are kept in a file of its own that goes with it."""

    def __init__(self, store: sqlite3.Connection) -> None:
        self._store = store
        store.execute(_TABLE)

    def add(self, row: Row, *, parent: str = "") -> None:
        """Take a row in; with a parent it stands below the row that has this name."""
        values = (parent, row.line, row.at, json.dumps(row.cells))
        self._store.execute("INSERT INTO member (parent, line, at, cells) VALUES (?, ?, ?, ?)", values)

    def complete(self) -> None:
        """Say that all rows are in; from now on they can be read."""
        self._store.execute("CREATE INDEX by_parent ON member (parent, place)")

    def heads(self) -> Iterator[Row]:
        """Yield the rows that stand below no other, in the file's order."""
        return self._rows("SELECT line, at, cells FROM member WHERE parent = '' ORDER BY place", ())

    def below(self, names: Sequence[str], *, most: int) -> list[Row]:
        """Return the first rows below a row that has these names, in the file's order; each is given out once."""
        marks = ", ".join("?" for _ in names)
        # Only placeholders are put in.
        where = f"parent IN ({marks}) AND taken = 0"
        select = f"SELECT line, at, cells FROM member WHERE {where} ORDER BY place LIMIT ?"  # noqa: S608
        found = list(self._rows(select, (*names, most)))
        last = found[-1].line if found else 0
        self._store.execute(f"UPDATE member SET taken = 1 WHERE {where} AND line <= ?", (*names, last))  # noqa: S608
        return found

    def orphans(self) -> Iterator[Row]:
        """Yield the rows below a name that no row had."""
        return self._rows(
            "SELECT line, at, cells FROM member WHERE parent <> '' AND taken = 0 ORDER BY place", ()
        )

    def _rows(self, select: str, values: Sequence[object]) -> Iterator[Row]:
        for line, at, cells in self._store.execute(select, values):
            yield Row(line=line, at=at, cells=json.loads(cells))


@contextmanager
def families() -> Iterator[Families]:
    """Open an empty store; however much is put in, little of it is in memory."""
    # Without a name SQLite keeps the database in a file of its own that it deletes.
    with closing(sqlite3.connect("", isolation_level=None)) as store:
        store.execute("PRAGMA journal_mode = OFF")
        store.execute("PRAGMA synchronous = OFF")
        store.execute("PRAGMA cache_size = -8000")
        yield Families(store)

"""The search for secrets in what a shop of processes of its own has left: tables, logs and mails."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2

from tests.leaks import ALLOWED_IN_MAIL, kinds_in, texts_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from email.message import EmailMessage
    from pathlib import Path

_TABLES = {
    # Not what an index of words keeps for itself, in which any number may stand.
    "sqlite": "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'",
    "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


def secrets_left(folder: Path, *, database: str, mails: Iterable[EmailMessage]) -> list[str]:
    """
    Return which kinds of secrets stand where, each place once.

    :param folder: with the log of each process, at any depth.
    :param database: the URL of a PostgreSQL, or nothing for the SQLite file of the folder.
    """
    found = [(kind, file.name) for file in folder.rglob("*.log") for kind in kinds_in(file.read_text())]
    for mail in mails:
        said = "\n".join([str(mail["Subject"]), *_pages(mail)])
        found += [(kind, "a mail") for kind in kinds_in(said) if kind not in ALLOWED_IN_MAIL]
    for table, row in _rows_of(folder, database):
        found += [(kind, table) for kind in kinds_in("\n".join(texts_in(row)))]
    return list(dict.fromkeys(f"{kind} in {place}" for kind, place in found))


def _pages(mail: EmailMessage) -> Iterator[str]:
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            yield part.get_content()


def _rows_of(folder: Path, database: str) -> Iterator[tuple[str, Any]]:
    """Yield every row of every table, with the table's name."""
    connection: Any = psycopg2.connect(database) if database else sqlite3.connect(folder / "shop.sqlite3")
    with closing(connection), closing(connection.cursor()) as cursor:
        cursor.execute(_TABLES["postgres" if database else "sqlite"])
        for (table,) in cursor.fetchall():
            # The names are the database's own.
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                yield table, row

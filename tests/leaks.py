"""What must stay secret, how it looks, and the search for it in everything that a test run writes."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any, Final

from shop.api.logs import LineFormatter
from shop.core.card_numbers import holds_card_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from django.core.mail import EmailMessage

CARD: Final = "card number"
RESET_TOKEN: Final = "reset token"
PATTERNS: Final = {
    "API key": re.compile(r"[rs]k_(?:test|live)_\w{3,}"),
    "webhook secret": re.compile(r"whsec_\w{3,}"),
    "client secret": re.compile(r"\b(?:pi|seti|cs)_\w+_secret_\w+"),
    "JWT": re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+"),
    # Of a reset or a confirmation by mail, as Django writes it.
    RESET_TOKEN: re.compile(r"\b[a-z0-9]{6}-[0-9a-f]{32}\b"),
}
KINDS: Final = (*PATTERNS, CARD)
# Mails alone carry links with such a token: that is what they are for.
ALLOWED_IN_MAIL: Final = frozenset({RESET_TOKEN})

# Looking at most texts ends here: each of the above has one of these in it.
_MARKS: Final = ("k_test_", "k_live_", "whsec_", "_secret_", "eyJ")
_DIGITS: Final = re.compile(r"(?:\d[ +-]?){13}")
_TOKEN: Final = re.compile(r"-[0-9a-f]{32}(?![0-9a-f])")
_SHORTEST: Final = 9


def kinds_in(text: str) -> list[str]:
    """Return which kinds of secrets stand in a text."""
    if len(text) < _SHORTEST:
        return []
    marked = any(mark in text for mark in _MARKS)
    if not marked and not _TOKEN.search(text):
        return [CARD] if _DIGITS.search(text) and holds_card_number(text) else []
    found = [kind for kind, pattern in PATTERNS.items() if pattern.search(text)]
    return found + ([CARD] if holds_card_number(text) else [])


class Watch:
    """Looks at what is written to the database, logged and mailed, and keeps which secrets stood where."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def look(self, text: str, place: str) -> None:
        """Note each kind of secret in a text with the place it was to stand in."""
        self.found += [(kind, place) for kind in kinds_in(text)]

    def statement(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        """Look at the values of a statement that writes. An execute wrapper of a database connection."""
        if params and sql.startswith(("INSERT", "UPDATE")):
            text = "\n".join(texts_in(params))
            if len(text) >= _SHORTEST and (kinds := kinds_in(text)):
                self.found += [(kind, _table(sql)) for kind in kinds]
        return execute(sql, params, many, context)

    def mails(self, outbox: Iterable[EmailMessage]) -> None:
        """Look at mails that were sent, without their envelopes: boundaries in those are long numbers by chance."""
        for mail in outbox:
            pages = [str(page[0]) for page in getattr(mail, "alternatives", [])]
            text = "\n".join([str(mail.subject), str(mail.body), *pages])
            self.found += [(kind, "mail") for kind in kinds_in(text) if kind not in ALLOWED_IN_MAIL]

    def take(self) -> list[tuple[str, str]]:
        """Return what was found since the last time, each once."""
        found, self.found = list(dict.fromkeys(self.found)), []
        return found


class LogWatch(logging.Handler):
    """Looks at each record as operators read it."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch
        self.setFormatter(LineFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one line."""
        self.watch.look(self.format(record), f"log of {record.name}")


def texts_in(values: Any) -> Iterator[str]:
    """Yield every text among a statement's values, at any depth; whole numbers that are long enough for a card too."""
    for value in values.values() if isinstance(values, dict) else values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | tuple | dict):
            yield from texts_in(value)
        elif isinstance(value, int):
            if value >= 10**12:
                yield str(value)
        elif isinstance(value, bytes | memoryview):
            yield bytes(value).decode("utf-8", "replace")
        elif hasattr(value, "adapted"):
            # JSON on its way to PostgreSQL.
            yield json.dumps(value.adapted, default=str)


def _table(sql: str) -> str:
    return sql.split('"', 2)[1] if '"' in sql else sql[:40]

"""One line a log record: JSON, so that nothing a visitor sends can forge a second one."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

from shop.api.middleware import request_id
from shop.core.card_numbers import without_card_numbers

# What must never be read in a log, whatever it stood in.
_SECRETS = re.compile(
    r"([rs]k_(?:test|live)_|whsec_|(?:pi|seti|cs|cuss)_[A-Za-z0-9_]+_secret_|eyJ[A-Za-z0-9_-]{8,}\.)[A-Za-z0-9._-]+"
    # The token in a mailed link, which stands in the path of a page that fails.
    r"|\b[a-z0-9]{6}-[0-9a-f]{32}\b"
    r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
)


def redact(text: str) -> str:
    """Return the text with keys, tokens, card numbers and e-mail addresses made unreadable."""
    return without_card_numbers(_SECRETS.sub("[redacted]", text))


class LineFormatter(logging.Formatter):
    """Write a record as one line of JSON with the request's id."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            # A visitor may send one, and anything in it.
            "request_id": redact(request_id.get()),
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=True)

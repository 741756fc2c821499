"""The seam between the relay and what carries events: send these rows, tell what became of each."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shop.events.envelope import Envelope, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shop.events.models import OutboxEvent


class Fate(enum.Enum):
    """What became of a row."""

    ACKED = "acked"
    # This row failed and may succeed later; its key waits, others flow.
    RETRY = "retry"
    # This row can't be sent, now or ever.
    NEVER = "never"
    # Nobody answered, so nothing is known about this row and it isn't to blame. It may have arrived.
    AWAY = "away"


@dataclass(frozen=True)
class Sent:
    """The fate of one row, with the reason unless it arrived."""

    fate: Fate
    error: str = ""


class Backend(Protocol):
    """What carries events."""

    def send(self, rows: Sequence[OutboxEvent]) -> list[Sent]:
        """
        Send rows and wait until each is acknowledged or has failed.

        Returns one fate a row, in the order of the rows. Must not run inside a transaction.

        :param rows: at most one of a key, so that none can overtake another.
        """
        ...

    def close(self) -> None:
        """Let go of connections; ``send`` makes new ones."""
        ...


def message_of(row: OutboxEvent) -> bytes:
    """
    Return the message that a row travels as.

    :raises Unsendable: the payload isn't JSON.
    """
    return encode(
        Envelope(
            id=row.event_id,
            type=row.type,
            key=row.key,
            version=row.version,
            time=row.occurred_at,
            data=row.payload,
        )
    )

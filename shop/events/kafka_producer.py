"""From the relay to Kafka: a producer that is given up after any failure."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from shop.core.failpoints import failpoint
from shop.core.transactions import forbid_transaction
from shop.events import kafka
from shop.events.backends import Fate, Sent, message_of
from shop.events.envelope import CONTENT_TYPE, Unsendable
from shop.events.failures import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shop.events.models import OutboxEvent

# One send is given up before the wait for it is, so that every future has an answer.
_DELIVERY_MS, _ANSWER_SECONDS = 9_000, 10.0
_METADATA_MS = 3_000
# How the client says that it takes no such record: a topic's name that can't be one, a key that is no text. Let
# through, one row would stop the relay for every key.
_REFUSED = (Unsendable, ValueError, TypeError, AssertionError)


class KafkaBackend:
    """
    Carries events by a producer that is made when it is needed.

    After any failure the producer is given up: some of its futures may never resolve, and after an error that
    can't be retried it stays broken. What it still had may yet arrive: a duplicate, never an overtaking, since a
    key's next row is sent only once the one before it was acknowledged.
    """

    def __init__(self) -> None:
        self._producer: Any = None

    def send(self, rows: Sequence[OutboxEvent]) -> list[Sent]:
        """Send rows and wait for the broker's acknowledgements; see ``Backend.send``."""
        forbid_transaction("Sending to Kafka")
        fates = self._send_together(rows)
        for index, sent in enumerate(fates):
            # The broker refuses a whole batch; alone, an innocent row goes through.
            if sent.fate is Fate.NEVER and len(rows) > 1:
                self.close()
                fates[index] = self._send_together([rows[index]])[0]
        if any(sent.fate is not Fate.ACKED for sent in fates):
            self.close()
            fates = _blame(fates)
        return fates

    def close(self) -> None:
        """Give the producer up, without waiting for what it still has."""
        producer, self._producer = self._producer, None
        if producer is not None:
            threading.Thread(target=_dispose, args=(producer,), name="kafka-dispose", daemon=True).start()

    def _send_together(self, rows: Sequence[OutboxEvent]) -> list[Sent]:
        try:
            self._producer = self._producer or new_producer()
        except kafka.errors().KafkaError as error:
            return [Sent(Fate.AWAY, describe(error))] * len(rows)
        silent: dict[str, Sent] = {}
        handed = [silent.get(row.topic) or self._hand_over(row, silent) for row in rows]
        failpoint("relay.sent_before_ack")
        until = time.monotonic() + _ANSWER_SECONDS
        fates = []
        for future in handed:
            fates.append(future if isinstance(future, Sent) else _answer(future, until))
            if len(fates) == len(rows) // 2:
                failpoint("relay.partial_batch")
        return fates

    def _hand_over(self, row: OutboxEvent, silent: dict[str, Sent]) -> Any:
        """Return the future of a row, or its fate when it doesn't get that far."""
        try:
            headers = [("content-type", CONTENT_TYPE.encode())]
            return self._producer.send(
                row.topic, value=message_of(row), key=row.key.encode(), headers=headers
            )
        except (*_REFUSED, kafka.errors().MessageSizeTooLargeError) as error:
            return Sent(Fate.NEVER, describe(error))
        except kafka.errors().KafkaTimeoutError as error:
            # Each further row of the topic would wait as long.
            silent[row.topic] = Sent(Fate.AWAY, f"{row.topic}: {describe(error)}")
            return silent[row.topic]
        except kafka.errors().KafkaError as error:
            return Sent(Fate.RETRY, describe(error))


def new_producer() -> Any:
    """Return a producer that tells of every record whether it is kept."""
    return kafka.connected(
        "KafkaProducer",
        # Explicit: a conflicting option would otherwise switch it off with only a warning.
        enable_idempotence=True,
        acks="all",
        request_timeout_ms=kafka.REQUEST_MS,
        delivery_timeout_ms=_DELIVERY_MS,
        max_block_ms=_METADATA_MS,
    )


def _answer(future: Any, until: float) -> Sent:
    errors = kafka.errors()
    try:
        future.get(timeout=max(until - time.monotonic(), 0.01))
    except (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError) as error:
        return Sent(Fate.NEVER, describe(error))
    except errors.RetriableError as error:
        # Timeouts and lost connections among them: no answer.
        return Sent(Fate.AWAY, describe(error))
    except errors.KafkaError as error:
        return Sent(Fate.RETRY, describe(error))
    return Sent(Fate.ACKED)


def _blame(fates: list[Sent]) -> list[Sent]:
    """Return the fates, with the rows to blame that got no answer while the broker answers others."""
    if all(sent.fate is not Fate.AWAY for sent in fates):
        return fates
    if any(sent.fate is Fate.ACKED for sent in fates) or kafka.answers():
        return [Sent(Fate.RETRY, sent.error) if sent.fate is Fate.AWAY else sent for sent in fates]
    return fates


def _dispose(producer: Any) -> None:
    try:
        producer.close(timeout=2)
    except Exception:  # noqa: BLE001  (closing a broken producer fails in many ways)
        # close() waits for what was sent and raises before it stops the thread that sends.
        with contextlib.suppress(Exception):
            producer._sender.force_close()

"""Events without a broker: the relay hands each row to every group, in the worker's process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import Error
from django.utils import timezone

from shop.core.failpoints import failpoint
from shop.core.transactions import forbid_transaction
from shop.events import registry
from shop.events.backends import Fate, Sent, message_of
from shop.events.consumer import receive
from shop.events.envelope import Unsendable
from shop.events.failures import describe, is_outage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shop.events.models import OutboxEvent


class LocalBackend:
    """Carries events by calling the groups' consumer; what fails there is parked there."""

    def send(self, rows: Sequence[OutboxEvent]) -> list[Sent]:
        """Hand each row to every group that exists; see ``Backend.send``."""
        forbid_transaction("Handing out events")
        sent: list[Sent] = []
        for row in rows:
            if sent and sent[-1].fate is Fate.AWAY:
                sent.append(sent[-1])
                continue
            sent.append(_hand_out(row))
            if len(sent) == len(rows) // 2:
                failpoint("relay.partial_batch")
        failpoint("relay.sent_before_ack")
        return sent

    def close(self) -> None:
        """Do nothing: there is no connection."""


def _hand_out(row: OutboxEvent) -> Sent:
    try:
        message = message_of(row)
    except Unsendable as error:
        return Sent(Fate.NEVER, describe(error))
    try:
        for group in list(registry.handlers):
            receive(group=group, message=message, position=None, now=timezone.now())
    except Error as error:
        if is_outage(error):
            return Sent(Fate.AWAY, describe(error))
        raise
    return Sent(Fate.ACKED)

"""Faults that a shop of ours must not make, made on purpose: the verdict has to find each."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from shop.core.ids import new_id
from shop.events.backends import message_of
from shop.events.kafka_producer import new_producer
from shop.events.models import OutboxEvent
from shop.events.outbox import publish
from tools.chaos.things import ThingChanged
from tools.services.base import wait_until

if TYPE_CHECKING:
    from tools.chaos.mailbox import Mailbox


def plant(fault: str, committed: dict[str, int], mailbox: Mailbox) -> None:
    """Make one fault: an event ``lost``, a ``phantom``, two in ``disorder``, or a ``mail`` sent twice."""
    if fault == "mail":
        _send_again(mailbox)
        return
    thing = new_id()
    if fault == "phantom":
        # Sent before the commit, which then doesn't come.
        with transaction.atomic():
            _send(_announced(thing, 1))
            transaction.set_rollback(True)
        return
    with transaction.atomic():
        first = _announced(thing, 1)
        if fault == "lost":
            # Marked before the acknowledgement.
            OutboxEvent.objects.filter(pk=first.pk).update(published_at=Now())
        else:
            _send(_announced(thing, 2))
    committed[str(thing)] = 1 if fault == "lost" else 2


def _announced(thing: object, version: int) -> OutboxEvent:
    publish(ThingChanged(thing_id=thing, version=version), now=timezone.now())  # type: ignore[arg-type]
    return OutboxEvent.objects.get(key=str(thing), version=version)


def _send(row: OutboxEvent) -> None:
    producer = new_producer()
    producer.send(row.topic, value=message_of(row), key=row.key.encode()).get(timeout=10)
    producer.close(timeout=2)


def _send_again(mailbox: Mailbox) -> None:
    wait_until(lambda: bool(mailbox.taken), seconds=30)
    (name, *_) = mailbox.taken
    host, _, port = mailbox.url.removeprefix("smtp://").partition(":")
    mailbox.faults = False
    # More often than a kill or a cut may repeat one.
    with smtplib.SMTP(host, int(port)) as server:
        for _ in range(100):
            server.sendmail("a@example.com", ["b@example.com"], f"Message-ID: {name}\n\n")

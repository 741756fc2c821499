"""Reading what the outbox, the topic, the consumers and the mail server have in their books."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import F

from notifications.models import EmailMessage
from shop.audit.models import AuditEntry
from shop.events import kafka
from shop.events.models import DeadLetter, InboxEvent, OutboxEvent, ParkedEvent
from tools.chaos.things import GROUP, SEEN, TOPIC, ThingChanged
from tools.chaos.verdict import Verdict, compare, scattered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tools.chaos.mailbox import Mailbox
    from tools.chaos.rig import Rig


def handled() -> int:
    """Return how many events the group is done with."""
    return InboxEvent.objects.filter(group=GROUP).count()


def waiting() -> dict[str, int]:
    """Return what is still on its way."""
    return {
        "unpublished": OutboxEvent.objects.filter(published_at=None).count(),
        "unhandled": OutboxEvent.objects.count() - handled(),
        "parked": ParkedEvent.objects.count(),
        "dead letters": DeadLetter.objects.count(),
        "mails unsent": EmailMessage.objects.exclude(state=EmailMessage.State.SENT).count(),
    }


def judge(committed: Mapping[str, int], mailbox: Mailbox, rig: Rig) -> Verdict:
    """Compare all books with each other."""
    announced: dict[str, list[str]] = defaultdict(list)
    known: list[tuple[str, str]] = []
    for key, event, version in OutboxEvent.objects.order_by("pk").values_list("key", "event_id", "version"):
        announced[key].append(str(event))
        known.append((key, f"{key}@{version}"))
    promised = {key: [f"{key}@{n}" for n in range(1, last + 1)] for key, last in committed.items()}
    records = list(_records())
    seen = AuditEntry.objects.filter(action=SEEN).order_by("pk").values_list("object_id", "facts")
    return Verdict(
        outbox=compare(promised, known),
        topic=compare(announced, [(key, event) for key, event, _ in records]),
        handled=compare(announced, [(key, facts["event"]) for key, facts in seen]),
        # In whatever order.
        mails=compare(
            {name: [name] for name in _owed()}, [(name, name) for name in mailbox.taken.elements()]
        ),
        windows=mailbox.windows,
        scattered=scattered((key, partition) for key, _, partition in records),
        left=waiting(),
        strays=rig.strays,
    )


def _owed() -> list[str]:
    """Return the Message-IDs that the events owe, with the event where no mail was written for it."""
    rows = dict(EmailMessage.objects.order_by("created_at").values_list("event_id", "message_id"))
    owing = OutboxEvent.objects.exclude(payload__user_id=None).filter(type=ThingChanged.type)
    return [rows.get(event, f"no mail for {event}") for event in owing.values_list(F("event_id"), flat=True)]


def _records() -> Iterator[tuple[str, str, int]]:
    """Yield key, event and partition of everything on the topic, in order per partition."""
    client = kafka.client()
    consumer = client.KafkaConsumer(
        **kafka.connection_options(),
        group_id=None,
        enable_auto_commit=False,
        max_partition_fetch_bytes=4_000_000,
    )
    try:
        parts = [client.TopicPartition(TOPIC, number) for number in consumer.partitions_for_topic(TOPIC)]
        consumer.assign(parts)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(parts)
        while any(consumer.position(one) < ends[one] for one in parts):
            for polled in consumer.poll(1000, max_records=5000).values():
                for record in polled:
                    yield record.key.decode(), json.loads(record.value)["id"], record.partition
    finally:
        consumer.close()

"""How the topics that exist differ from what the shop relies on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shop.core.transactions import forbid_transaction
from shop.events import kafka

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEEK = str(int(kafka.RETENTION.total_seconds() * 1000))
_KEPT, _CLEANED = "retention.ms", "cleanup.policy"
_ALTER = "kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {setting}"


def differences(*, partitions: int = kafka.PARTITIONS) -> list[str]:
    """
    Return a sentence for each way in which a topic that exists isn't as it should be, with how to mend it.

    Topics that are missing are none of it: ``create_topics`` makes them.

    :param partitions: how many each should have.
    :raises BrokerAway: no broker answers.
    """
    forbid_transaction("Looking at topics")
    with kafka.reachable():
        admin = kafka.connected("KafkaAdminClient", request_timeout_ms=kafka.REQUEST_MS)
        try:
            # All of them: a broker may make a topic that is asked for by its name.
            there = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
            ours = [topic for topic in kafka.topics() if topic in there]
            settings = _settings(admin, ours)
        finally:
            admin.close()
    return [
        sentence
        for topic in ours
        for sentence in (
            *_of_partitions(topic, there[topic], partitions),
            *_of_settings(topic, settings.get(topic, {})),
        )
    ]


def _settings(admin: Any, topics: list[str]) -> dict[str, dict[str, str]]:
    if not topics:
        return {}
    known = kafka.client().admin
    resources = [
        known.ConfigResource(known.ConfigResourceType.TOPIC, topic, [_KEPT, _CLEANED]) for topic in topics
    ]
    said = admin.describe_configs(resources, config_filter="all").get("topic", {})
    return {topic: {name: one["value"] for name, one in found.items()} for topic, found in said.items()}


def _of_partitions(topic: str, found: int, wanted: int) -> Iterator[str]:
    if found < wanted:
        yield (
            f"{topic} has {found} partitions instead of {wanted}. Stop the relay, wait until manage.py consumer_lag "
            f"says that nobody is behind, then kafka-topics.sh --alter --topic {topic} --partitions {wanted}; "
            "sooner, events of a key could overtake each other."
        )
    elif found > wanted:
        yield (
            f"{topic} has {found} partitions instead of {wanted}. None can be taken away: say --partitions {found} "
            "if that is meant, or delete the topic once nobody is behind and make it anew."
        )


def _of_settings(topic: str, found: dict[str, str]) -> Iterator[str]:
    if not found:
        yield f"{topic}: its settings can't be read. Allow DescribeConfigs on it."
        return
    kept, cleaned = found[_KEPT], found[_CLEANED]
    if kept != _WEEK:
        mend = _ALTER.format(topic=topic, setting=f"{_KEPT}={_WEEK}")
        yield (
            f"{topic} has {_KEPT} {kept} instead of {_WEEK}. What goes sooner is lost to a group that stands still, "
            f"what stays longer outlives its row in the outbox: {mend}."
        )
    if cleaned != "delete":
        mend = _ALTER.format(topic=topic, setting=f"{_CLEANED}=delete")
        yield (
            f"{topic} has {_CLEANED} {cleaned} instead of delete. Compaction throws away all events of a key but "
            f"its last: {mend}."
        )

"""Make the shop's topics."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.events import kafka
from shop.events.failures import describe
from shop.events.kafka_topics import differences
from shop.events.management.broker import broker_needed

# Beyond it Kafka's controller refuses.
_MOST = 10_000


class Command(BaseCommand):
    help = (
        "Make the topics that are missing, and name those that aren't as they should be. In production run this "
        "before the first worker starts."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what a cluster's operator decides."""
        parser.add_argument("--partitions", type=int, default=kafka.PARTITIONS, help="can't be changed later")
        parser.add_argument("--replicas", type=int, default=-1, help="-1: as the cluster does by default")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make the topics."""
        partitions, replicas = options["partitions"], options["replicas"]
        if not settings.KAFKA_BOOTSTRAP_SERVERS:
            raise CommandError(
                "KAFKA_BOOTSTRAP_SERVERS is not set: there is no broker to set up.", returncode=2
            )
        if partitions not in range(1, _MOST + 1):
            raise CommandError(f"--partitions is {partitions}; say 1 to {_MOST}.", returncode=2)
        if replicas != -1 and replicas not in range(1, _MOST + 1):
            raise CommandError(
                f"--replicas is {replicas}; say how many brokers keep each record, or -1.", returncode=2
            )
        with broker_needed():
            # Before: what is made now is as it should be, and may not be seen at once.
            found = differences(partitions=partitions)
            made = self._make(partitions, replicas)
        if made:
            self.stdout.write(f"Made: {', '.join(made)}.")
        if found:
            raise CommandError("\n".join(found))
        if not made:
            self.stdout.write("Every topic is there.")

    def _make(self, partitions: int, replicas: int) -> list[str]:
        try:
            return kafka.create_topics(partitions=partitions, replicas=replicas)
        except kafka.errors().InvalidReplicationFactorError as error:
            raise CommandError(
                "There are fewer brokers than copies to keep: say --replicas with no more than there are "
                f"({describe(error)})."
            ) from error

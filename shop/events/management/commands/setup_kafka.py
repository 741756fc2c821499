"""Make the shop's topics."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.events.kafka import PARTITIONS, create_topics


class Command(BaseCommand):
    help = "Make the topics that are missing. In production run this before the first worker starts."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what a cluster's operator decides."""
        parser.add_argument("--partitions", type=int, default=PARTITIONS, help="can't be changed later")
        parser.add_argument("--replicas", type=int, default=-1, help="-1: as the cluster does by default")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make the topics."""
        if not settings.KAFKA_BOOTSTRAP_SERVERS:
            raise CommandError(
                "KAFKA_BOOTSTRAP_SERVERS is not set: there is no broker to set up.", returncode=2
            )
        made = create_topics(partitions=options["partitions"], replicas=options["replicas"])
        self.stdout.write(f"Made: {', '.join(made)}." if made else "Every topic is there.")

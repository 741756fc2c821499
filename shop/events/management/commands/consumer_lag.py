"""Say how far the groups are behind their topics."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.events import registry
from shop.events.kafka_lag import Lag, lags
from shop.events.management.broker import broker_needed


class Command(BaseCommand):
    help = (
        "Say for each group and partition what is committed, where it ends, and how many events are behind."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the group."""
        parser.add_argument("--group", help="only this one")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write a line for each partition and a total for each group."""
        group = options["group"]
        if settings.EVENTS_BACKEND == "local":
            self.stdout.write(
                "Events are local (EVENTS_BACKEND): the relay hands them to every group itself, so nobody lags."
            )
            return
        if group is not None and group not in registry.handlers:
            known = ", ".join(sorted(registry.handlers))
            raise CommandError(f"There is no group {group!r}; choose from {known}.", returncode=2)
        groups = [group] if group else sorted(registry.handlers)
        with broker_needed():
            found, missing = lags(groups)
        by_group = {name: list(theirs) for name, theirs in groupby(found, lambda lag: lag.group)}
        for name in groups:
            theirs = by_group.get(name, [])
            for lag in theirs:
                self.stdout.write(_line(lag))
            self.stdout.write(f"{name}: {sum(lag.behind for lag in theirs)} behind.")
        for topic in missing:
            self.stderr.write(f"{topic} doesn't exist: manage.py setup_kafka makes it.")


def _line(lag: Lag) -> str:
    committed = "none" if lag.committed is None else lag.committed
    return (
        f"{lag.group}  {lag.topic}  partition {lag.partition}  committed {committed}  end {lag.end}  "
        f"behind {lag.behind}"
    )

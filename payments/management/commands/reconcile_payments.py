"""Compare Stripe's books with our rows, by hand."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from payments import services
from payments.errors import GatewayUnavailable
from payments.services import Findings

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Command(BaseCommand):
    help = "Compare payments, refunds and disputes at Stripe with ours; exits 1 when something is left open."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take since when, whether to repair, and how to say it."""
        parser.add_argument("--since", default="7d", help="how far back: 12h, 7d (the default), 4w")
        parser.add_argument("--fix", action="store_true", help="repair what differs, as a webhook would")
        parser.add_argument("--json", action="store_true", help="write one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compare, say what was found, and fail when somebody must look."""
        now = timezone.now()
        try:
            findings = services.reconcile(since=now - _age(options["since"]), fix=options["fix"], now=now)
        except GatewayUnavailable as error:
            raise CommandError(str(error), returncode=1) from error
        if options["json"]:
            self.stdout.write(json.dumps(findings.as_json(), indent=2))
        else:
            self._tell(findings)
        if findings.left_open:
            sys.exit(1)

    def _tell(self, findings: Findings) -> None:
        for word, rows in (("open", findings.left_open), ("repaired", findings.repaired)):
            for one in rows:
                self.stdout.write(
                    f"{word}: {one.thing} {one.id} of {one.pi_id}: {one.kind}, {one.here} here, {one.there} at Stripe"
                )
        looked_at = ", ".join(f"{count} {kind}" for kind, count in findings.looked_at.items())
        self.stdout.write(
            f"{looked_at} since {findings.since:%Y-%m-%d %H:%M}: {len(findings.repaired)} repaired, "
            f"{len(findings.left_open)} open"
        )


def _age(text: str) -> timedelta:
    match = re.fullmatch(r"([1-9][0-9]{0,3})([hdw])", text)
    if match is None:
        raise CommandError(f"--since {text!r}: write 12h, 7d or 4w.", returncode=2)
    return int(match[1]) * _UNITS[match[2]]

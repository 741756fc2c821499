"""Look at dead letters, retry them, drop them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shop.core.errors import DomainError
from shop.core.transactions import use_case
from shop.events import services
from shop.events.models import DeadLetter
from shop.events.selectors import status


class Command(BaseCommand):
    help = "List, show, retry or drop events that a group gave up on."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do, and with which."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="one line each, the oldest first")
        listing.add_argument("--group", help="only this group's")
        verbs.add_parser("show", help="everything about one").add_argument("id", type=int)
        for verb, text in (("retry", "handle them now"), ("drop", "give them up for good")):
            chosen = verbs.add_parser(verb, help=text)
            chosen.add_argument("id", type=int, nargs="*")
            chosen.add_argument("--all", action="store_true", help="every one, or every one of --group")
            chosen.add_argument("--group")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it."""
        if options["verb"] == "list":
            self._list(options["group"])
        elif options["verb"] == "show":
            self._show(options["id"])
        else:
            self._each(options)

    def _list(self, group: str | None) -> None:
        for letter in _letters(group):
            reason = letter.error.splitlines()[0] if letter.error else ""
            at = f"{letter.died_at:%Y-%m-%d %H:%M:%S}"
            self.stdout.write(
                f"{letter.pk}  {at}  {letter.group}  {letter.type or '?'}  {letter.key or '?'}  {reason}"
            )
        found = status(now=timezone.now())
        self.stdout.write(
            f"Dead letters: {found.dead_letters}, parked: {found.parked}, unsendable: {found.stuck}."
        )

    def _show(self, number: int) -> None:
        letter = DeadLetter.objects.filter(pk=number).first()
        if letter is None:
            raise CommandError(f"There is no dead letter {number}.")
        for name in (
            "group",
            "type",
            "key",
            "event_id",
            "topic",
            "partition",
            "offset",
            "attempts",
            "died_at",
        ):
            self.stdout.write(f"{name}: {getattr(letter, name)}")
        self.stdout.write(f"error: {letter.error}\n\n{letter.message}")

    def _each(self, options: dict[str, Any]) -> None:
        if options["all"] == bool(options["id"]):
            raise CommandError("Name dead letters by their numbers, or say --all.")
        numbers = [letter.pk for letter in _letters(options["group"])] if options["all"] else options["id"]
        failed = 0
        for number in numbers:
            try:
                self._one(options["verb"], number)
            except DomainError as error:
                self.stderr.write(str(error))
                failed += 1
        if failed:
            raise CommandError(f"{failed} of {len(numbers)} didn't go through.")

    def _one(self, verb: str, number: int) -> None:
        now = timezone.now()
        if verb == "retry":
            services.retry_dead_letter(letter_id=number, actor_id=None, now=now)
            self.stdout.write(f"{number}: handled.")
        else:
            use_case(services.drop_dead_letter, letter_id=number, actor_id=None, now=now)
            self.stdout.write(f"{number}: dropped.")


def _letters(group: str | None) -> list[DeadLetter]:
    letters = DeadLetter.objects.order_by("pk")
    return list(letters.filter(group=group) if group else letters)

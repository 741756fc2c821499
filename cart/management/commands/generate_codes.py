"""Make codes in bulk, each for one use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cart import selectors, services
from shop.core.errors import DomainError, NotFound, ValidationFailed
from shop.core.transactions import use_case


class Command(BaseCommand):
    help = "Make codes for a promotion that can each be used once, and write them to a file or to standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "promotion",
            type=int,
            metavar="ID",
            help="the number of the promotion, as its address in the admin says",
        )
        parser.add_argument("count", type=int, help="how many, at most 100000")
        parser.add_argument("--prefix", default="", help="what each of them begins with")
        parser.add_argument("--batch", default="", help="a name for all of them together; empty: the time")
        parser.add_argument(
            "--output", default="-", metavar="FILE", help="where to, or - for standard output (%(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        promotion_id, file = options["promotion"], options["output"]
        batch = _generate(options)
        lines = selectors.codes_csv(promotion_id=promotion_id, batch=batch)
        if file == "-":
            # Django's wrapper would end each piece with a line feed.
            for text in lines:
                getattr(self.stdout, "_out", self.stdout).write(text)
            return
        try:
            with Path(file).open("w", encoding="utf-8", newline="") as stream:
                stream.writelines(lines)
        except OSError as error:
            raise CommandError(
                f"{file}: {error.strerror or error}. The codes are made: download batch {batch} in the admin."
            ) from error
        self.stdout.write(f"{options['count']} codes, batch {batch}")


def _generate(options: dict[str, Any]) -> str:
    try:
        return use_case(
            services.generate_codes,
            promotion_id=options["promotion"],
            count=options["count"],
            prefix=options["prefix"],
            batch=options["batch"],
            actor_id=None,
            now=timezone.now(),
        )
    except NotFound:
        raise CommandError(f"There is no promotion {options['promotion']}.") from None
    except ValidationFailed as refusal:
        raise CommandError(" ".join(f"{error.field}: {error.detail}" for error in refusal.errors)) from None
    except DomainError as refusal:
        raise CommandError(str(refusal)) from None

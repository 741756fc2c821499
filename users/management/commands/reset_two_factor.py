"""Take the second factor off an account: for when the last superuser has lost theirs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shop.core.errors import NotFound
from shop.core.transactions import use_case
from users import services
from users.models import User


class Command(BaseCommand):
    help = "Take the second factor off an account whose owner has lost it; its sessions end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the account's address")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.with_email(options["email"]).first()
        if user is None:
            raise CommandError(f"No account has the address {options['email']!r}.")
        try:
            use_case(services.reset_two_factor, actor_id=None, user_id=user.pk, now=timezone.now())
        except NotFound:
            raise CommandError(f"{user} has no second factor.") from None
        self.stdout.write(f"{user} signs in with the password alone now, and sets up another second factor.")

"""In the place of Django's command of this name: it leaves a record, and every session ends."""

from __future__ import annotations

from getpass import getpass
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shop.core.errors import ValidationFailed
from users import services
from users.models import User

if TYPE_CHECKING:
    from uuid import UUID

_TRIES = 3


class Command(BaseCommand):
    help = "Set the password of an account; its sessions end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the account's address")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.living().with_email(options["email"]).first()
        if user is None:
            raise CommandError(f"No active account has the address {options['email']!r}.")
        self.stdout.write(f"Setting the password of {user}.")
        for _ in range(_TRIES):
            if self._set(user.pk):
                self.stdout.write("The password is set, and the account is signed out everywhere.")
                return
        raise CommandError(f"Nothing was changed after {_TRIES} tries.")

    def _set(self, user_id: UUID) -> bool:
        password = getpass("Password: ")
        if password != getpass("The same again: "):
            self.stderr.write("These two are different.")
            return False
        try:
            services.set_password(user_id=user_id, new_password=password, now=timezone.now())
        except ValidationFailed as error:
            self.stderr.write("\n".join(found.detail for found in error.errors))
            return False
        return True

"""Passwords: hashing and checking, which take long on purpose and so never run inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from shop.core.errors import FieldError, ValidationFailed
from shop.core.transactions import forbid_transaction

if TYPE_CHECKING:
    from users.models import User

# Long enough for any passphrase; a hash over more is work for nothing.
MAX_LENGTH = 128


@dataclass(frozen=True)
class Checked:
    """The outcome of a check; ``rehashed`` is set when the stored hash is weaker than today's."""

    correct: bool
    rehashed: str | None = None


def hashed(password: str) -> str:
    """
    Return the hash to store.

    :raises TransactionForbidden: a transaction is open; on SQLite every other writer would wait.
    """
    forbid_transaction("Hashing a password")
    return make_password(password)


def checked(password: str, stored: str | None) -> Checked:
    """
    Tell whether a password is the stored one, in the same time for an account that doesn't exist.

    :param stored: the stored hash; None for no account: Django then hashes something for nothing.
    :raises TransactionForbidden: a transaction is open.
    """
    forbid_transaction("Checking a password")
    found: list[str] = []

    def upgrade(raw: str) -> None:
        found.append(make_password(raw))

    # The unusable hash makes Django spend the time of a real one.
    correct = check_password(password, stored or make_password(None), setter=upgrade)
    return Checked(correct, found[0] if found else None)


def require_good(password: str, *, user: User, field: str) -> None:
    """
    Refuse a password that is too short, too long, common, or like the rest of the account.

    :param field: the field of the request that is named in the refusal.
    :raises ValidationFailed: one entry a rule it breaks.
    """
    if len(password) > MAX_LENGTH:
        raise ValidationFailed(
            FieldError(field, "max_length", f"Ensure this field has no more than {MAX_LENGTH} characters.")
        )
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationFailed(
            *(
                FieldError(field, str(one.code or "invalid"), " ".join(one.messages))
                for one in error.error_list
            )
        ) from error

"""Authenticator apps for tests, and what signing in with them is like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shop.audit.models import AuditEntry
from shop.events.models import OutboxEvent
from users import second_factor, services
from users.errors import OtpRequired
from users.models import RecoveryCode, Session, TwoFactor, User
from users.tests.factories import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENT = services.Client(address="203.0.113.9")

# In the middle of a step, so that a second more or less changes nothing.
NOON = datetime(2026, 11, 23, 12, 0, 15, tzinfo=UTC)
STEP = timedelta(seconds=30)


@dataclass(frozen=True)
class App:
    """Somebody's app, and the recovery codes they were given."""

    secret: str
    recovery_codes: list[str]

    def code(self, now: datetime) -> str:
        """Return what it shows."""
        return second_factor.app_code(self.secret, now=now)


def app_of(user: User, *, now: datetime = NOON - 10 * STEP) -> App:
    """Switch the second factor of a user on, without asking for the password."""
    secret = services.begin_two_factor(user_id=user.pk, password=None, now=now).secret
    code = second_factor.app_code(secret, now=now)
    return App(secret, services.confirm_two_factor(user_id=user.pk, otp=code, keep=None, now=now))


def step_of(user: User) -> int:
    """Return the last step that was used."""
    return TwoFactor.objects.get(pk=user.pk).last_step


def sign_in(user: User, otp: str = "", password: str = PASSWORD, now: datetime = NOON) -> services.SignIn:
    """Sign in at a time that doesn't depend on the clock."""
    return services.sign_in(
        email=user.email, password=password, otp=otp, client=CLIENT, cart_token=None, now=now
    )


def rows() -> tuple[list[dict[str, Any]], ...]:
    """Return what a refusal leaves alone."""
    return tuple(
        list(table._default_manager.order_by("pk").values())
        for table in (User, TwoFactor, RecoveryCode, Session, OutboxEvent, AuditEntry)
    )


def audited() -> list[tuple[Any, ...]]:
    """Return the record: who, what, on whom, with which facts."""
    return list(AuditEntry.objects.order_by("pk").values_list("actor_id", "action", "object_id", "facts"))


def announced() -> list[tuple[Any, ...]]:
    """Return what was announced of second factors."""
    return [
        (event.type, event.payload["enabled"], event.payload["by_staff"])
        for event in OutboxEvent.objects.order_by("version")
    ]


def refused_with(reason: str, call: Callable[..., object], **arguments: Any) -> None:
    """Show that a call is refused for want of a code, and changes nothing."""
    before = rows()
    with pytest.raises(OtpRequired) as refusal:
        call(**arguments)
    assert refusal.value.facts == {"reason": reason}
    assert rows() == before

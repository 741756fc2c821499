"""The five kinds of account that nobody from outside can tell from each other, and what an answer shows of one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from users.models import User
from users.tests.factories import UserFactory

# All of one length, so that not even the length of an answer that repeats the address differs.
KINDS = ("active", "absent", "closed", "barred", "erased")
ADDRESSES = {kind: f"{kind:x<6}@example.com" for kind in KINDS}
# Different at each request, whoever asks.
_ALWAYS_DIFFERENT = {"X-Request-Id", "Date"}


def make_accounts() -> dict[str, User]:
    """Make one of each kind but the absent: active, closed, without a usable password, and erased."""
    users = {
        kind: UserFactory(email=ADDRESSES[kind], email_verified_at=timezone.now())
        for kind in KINDS
        if kind != "absent"
    }
    User.objects.filter(pk=users["closed"].pk).update(is_active=False)
    User.objects.filter(pk=users["barred"].pk).update(password=make_password(None))
    # As erasing leaves it: the address it had is free.
    User.objects.filter(pk=users["erased"].pk).update(
        is_active=False, erased_at=timezone.now(), email=f"erased-{users['erased'].pk}@erased.invalid"
    )
    return users


def seen(answer: Any, email: str = "") -> tuple[object, ...]:
    """Return everything that an answer shows, but for the address that was sent and what is always different."""
    body = answer.content.decode().replace(answer.headers["X-Request-Id"], "-")
    headers = {name: value for name, value in answer.headers.items() if name not in _ALWAYS_DIFFERENT}
    return (
        answer.status_code,
        body.replace(email, "-") if email else body,
        len(answer.content),
        sorted(headers.items()),
        sorted(answer.cookies),
    )

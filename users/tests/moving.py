"""Asking for another address and confirming it, for tests."""

from __future__ import annotations

from datetime import UTC, datetime

from shop.audit.models import AuditEntry
from shop.events.models import OutboxEvent
from users import selectors, services
from users.models import EmailChange, User
from users.tests.factories import PASSWORD

NEW = "new@example.com"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLIENT = services.Client(address="203.0.113.9")


def ask(
    user: User, email: str = NEW, *, password: str = PASSWORD, now: datetime = NOW, otp: str = ""
) -> None:
    services.request_email_change(user_id=user.pk, email=email, password=password, otp=otp, now=now)


def asked(user: User, email: str = NEW, *, now: datetime = NOW) -> selectors.LinkParts:
    """Ask for an address and return what the mail to it carries."""
    ask(user, email, now=now)
    change = EmailChange.objects.get(user=user, withdrawn_at=None, confirmed_at=None)
    return link_of(change)


def link_of(change: EmailChange) -> selectors.LinkParts:
    facts = selectors.email_change(change.pk, now=change.requested_at)
    assert facts is not None
    return selectors.email_change_parts(facts)


def confirm(link: selectors.LinkParts, *, now: datetime = NOW) -> None:
    services.confirm_email_change(uid=link.uid, token=link.token, client=CLIENT, now=now)


def events() -> list[tuple[str, int]]:
    return list(OutboxEvent.objects.order_by("version", "id").values_list("type", "version"))


def everything() -> tuple[object, ...]:
    """Return all that a refusal must leave as it is."""
    return (
        list(User.objects.order_by("pk").values()),
        list(EmailChange.objects.order_by("pk").values()),
        list(OutboxEvent.objects.order_by("pk").values_list("pk", flat=True)),
        list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True)),
    )

"""What accounts themselves hold on a person: counted for the preview of an erasure, and written out for an export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session as BrowserSession

from shop.audit import selectors as audit
from users.models import (
    Address,
    Consent,
    EmailChange,
    GroupMembership,
    PasswordResetRequest,
    RecoveryCode,
    Session,
    TwoFactor,
    User,
)
from users.ports import Holding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.db.models import Model, QuerySet

_ADDRESS = (
    "kind", "full_name", "company", "line1", "line2", "city", "region", "postal_code", "country", "phone",
    "is_default", "created_at",
)  # fmt: skip
_SESSION = ("device", "address", "created_at", "last_seen_at", "expires_at", "ended_at", "end_reason")
_CHANGE = ("old_email", "new_email", "requested_at", "confirmed_at", "withdrawn_at")
_CONSENT = ("purpose", "granted", "version", "source", "address", "at")


def log_about(user_id: UUID) -> QuerySet[LogEntry]:
    """Return what the admin site's own log says of changes to an account; its text repeats the address."""
    return LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user_id)
    )


def browser_sessions_of(user_id: UUID) -> list[str]:
    """Return the keys of somebody's sessions in the admin site: only reading each tells whose it is."""
    # Customers have none, so there are as many as there are browsers of staff.
    return [
        row.session_key
        for row in BrowserSession.objects.iterator()
        if row.get_decoded().get(SESSION_KEY) == str(user_id)
    ]


def holdings(user_id: UUID) -> Sequence[Holding]:
    """Return what goes with an account and what stays of it, and why."""
    goes = (
        ("profile", 1, "Nothing of it is needed any more. An empty row stays, because orders refer to it."),
        ("addresses", _count(Address, user_id), "Orders have copies of their own."),
        ("sessions", _count(Session, user_id), "They end at once; device and network go."),
        ("password_resets", _count(PasswordResetRequest, user_id), "Links that were mailed die."),
        ("email_changes", _count(EmailChange, user_id), "Links that were mailed die."),
        ("second_factor", _count(TwoFactor, user_id), "The app's secret and the recovery codes open nothing more."),
        ("customer_groups", _count(GroupMembership, user_id), "There is nobody to give better prices to."),
        (
            "consents", _count(Consent, user_id),
            "A record of what somebody agreed to proves nothing once it isn't known who; an export has it.",
        ),
        ("admin_log", log_about(user_id).count(), "That something was changed stays; the address in it goes."),
        ("admin_sessions", len(browser_sessions_of(user_id)), "They end at once."),
    )  # fmt: skip
    reason = "Who did what must be traceable, the erasure included. Entries hold ids alone."
    return (
        *(Holding(name=name, count=count, kept=False, reason=why) for name, count, why in goes),
        Holding(name="audit", count=audit.entries_about(User(pk=user_id)).count(), kept=True, reason=reason),
    )


def blockers(user: User) -> Sequence[str]:
    """Return why an account can't be erased for what it is."""
    if user.is_staff or user.is_superuser:
        return ("This account belongs to the staff: an administrator has to take its rights first.",)
    return ()


def export(user: User) -> dict[str, Any]:
    """Return everything that accounts hold on a person, but no secret."""
    return {
        "profile": _profile(user),
        "addresses": _rows(Address, user.pk, _ADDRESS),
        "sessions": _rows(Session, user.pk, _SESSION),
        "password_resets": _rows(PasswordResetRequest, user.pk, ("requested_at",)),
        "email_changes": _rows(EmailChange, user.pk, _CHANGE),
        "second_factor": _second_factor(user.pk),
        "customer_groups": [
            {"code": row.group.code, "name": row.group.name, "since": row.added_at}
            for row in GroupMembership.objects.filter(user=user).select_related("group").order_by("pk")
        ],
        "consents": _rows(Consent, user.pk, _CONSENT),
        "admin_log": [
            {"at": entry.action_time, "what": entry.object_repr, "change": entry.get_change_message()}
            for entry in log_about(user.pk).order_by("pk")
        ],
        "admin_sessions": len(browser_sessions_of(user.pk)),
        "audit": [
            {"at": entry.at, "action": entry.action, "by_oneself": entry.actor_id == user.pk}
            for entry in audit.entries_about(user)
        ],
    }


def _profile(user: User) -> dict[str, Any]:
    names = (
        "id", "email", "first_name", "last_name", "language", "is_active", "is_staff", "email_verified_at",
        "date_joined", "last_login", "external_id", "metadata",
    )  # fmt: skip
    groups = sorted(user.groups.values_list("name", flat=True))
    return {**{name: getattr(user, name) for name in names}, "staff_groups": groups}


def _second_factor(user_id: UUID) -> dict[str, Any] | None:
    row = TwoFactor.objects.filter(user_id=user_id).first()
    if row is None:
        return None
    left = _count(RecoveryCode, user_id)
    return {"begun_at": row.created_at, "confirmed_at": row.confirmed_at, "recovery_codes_left": left}


def _count(model: type[Model], user_id: UUID) -> int:
    return model._default_manager.filter(user=user_id).count()


def _rows(model: type[Model], user_id: UUID, names: tuple[str, ...]) -> list[dict[str, Any]]:
    return list(model._default_manager.filter(user=user_id).order_by("pk").values(*names))

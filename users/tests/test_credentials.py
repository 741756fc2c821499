"""Changing passwords, by the old one or by a mailed link."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shop.audit.models import AuditEntry
from shop.core.errors import RateLimited, ValidationFailed
from shop.events.models import OutboxEvent
from users import selectors, services
from users.errors import TokenExpired
from users.management.commands import changepassword
from users.models import PasswordResetRequest, RecoveryCode, Session, TwoFactor, User
from users.tests.apps import app_of
from users.tests.clients import sign_in_as
from users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEW = "violet kettle on a roof"
CLIENT = services.Client(address="203.0.113.9")


def living(user: User) -> set:
    return set(selectors.living_sessions_of(user.pk, now=timezone.now()).values_list("pk", flat=True))


class TestChangePassword:
    def change(self, user, session_id, old=PASSWORD, new=NEW):
        services.change_password(
            user_id=user.pk, session_id=session_id, old_password=old, new_password=new, now=timezone.now()
        )

    def test_replaces_it_and_ends_other_sessions(self):
        user, stranger = UserFactory(), UserFactory()
        here, _elsewhere, theirs = sign_in_as(user), sign_in_as(user), sign_in_as(stranger)

        self.change(user, here.session_id)

        user.refresh_from_db()
        assert user.check_password(NEW)
        assert living(user) == {here.session_id}
        assert living(stranger) == {theirs.session_id}
        assert set(Session.objects.exclude(end_reason="").values_list("end_reason", flat=True)) == {
            "password_changed"
        }
        entry = AuditEntry.objects.get()
        assert (entry.actor_id, entry.action, entry.object_id, entry.facts) == (
            user.pk, "users.password_changed", str(user.pk), {},
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("old", "new", "field", "code"),
        [
            ("not it", NEW, "old_password", "incorrect"),
            (PASSWORD, "short", "new_password", "password_too_short"),
        ],
    )
    def test_changes_nothing_when_refused(self, old, new, field, code):
        user = UserFactory()
        here, elsewhere = sign_in_as(user), sign_in_as(user)

        with pytest.raises(ValidationFailed) as refusal:
            self.change(user, here.session_id, old, new)

        assert [(error.field, error.code) for error in refusal.value.errors] == [(field, code)]
        user.refresh_from_db()
        assert user.check_password(PASSWORD)
        assert living(user) == {here.session_id, elsewhere.session_id}

    def test_bounds_guessing_with_a_stolen_session(self, real_limits):
        user = UserFactory()
        here = sign_in_as(user)
        for _ in range(10):
            with pytest.raises(ValidationFailed):
                self.change(user, here.session_id, "not it")

        with pytest.raises(RateLimited):
            self.change(user, here.session_id)


class TestSetPassword:
    """``manage.py changepassword``, which stands in the place of Django's."""

    def typed(self, monkeypatch, *passwords):
        answers = iter(passwords)
        monkeypatch.setattr(changepassword, "getpass", lambda prompt: next(answers))

    def test_ends_every_session(self, monkeypatch, capsys):
        user, stranger = UserFactory(email="ada@example.com"), UserFactory()
        sign_in_as(user)
        theirs = sign_in_as(stranger)
        self.typed(monkeypatch, NEW, NEW)

        call_command("changepassword", "ADA@example.com")

        user.refresh_from_db()
        assert user.check_password(NEW)
        assert "signed out everywhere" in capsys.readouterr().out
        assert (living(user), living(stranger)) == (set(), {theirs.session_id})
        assert user.sessions.get().end_reason == "password_changed"
        entry = AuditEntry.objects.get()
        assert (entry.actor_id, entry.action, entry.object_id) == (None, "users.password_set", str(user.pk))

    def test_asks_three_times(self, monkeypatch, capsys):
        user = UserFactory()
        here = sign_in_as(user)
        self.typed(monkeypatch, NEW, "another", "short", "short", NEW, "another")

        with pytest.raises(CommandError, match="Nothing was changed after 3 tries"):
            call_command("changepassword", user.email)

        assert "too short" in capsys.readouterr().err
        user.refresh_from_db()
        assert user.check_password(PASSWORD)
        assert living(user) == {here.session_id}
        assert not AuditEntry.objects.exists()

    def test_knows_active_accounts_only(self):
        for email in ("eve@example.com", UserFactory(is_active=False).email):
            with pytest.raises(CommandError, match="No active account has the address"):
                call_command("changepassword", email)


class TestRequestPasswordReset:
    def ask(self, email):
        services.request_password_reset(email=email, client=CLIENT, now=timezone.now())

    def test_announces_it_without_a_token(self):
        user = UserFactory(email="ada@example.com")

        self.ask("ADA@Example.com")

        event = OutboxEvent.objects.get()
        assert (event.type, event.payload) == (
            "users.password_reset_requested.v1", {"version": 2, "user_id": str(user.pk)},
        )  # fmt: skip
        assert PasswordResetRequest.objects.get().user == user

    @pytest.mark.parametrize(
        "email", ["eve@example.com", "shut@example.com", "ada@example.c\u006fm.evil.org"]
    )
    def test_announces_nothing_for_others_but_commits_as_much(self, email):
        UserFactory(email="ada@example.com")
        UserFactory(email="shut@example.com", is_active=False)

        self.ask(email)

        assert not OutboxEvent.objects.exists()
        assert PasswordResetRequest.objects.get().user is None

    @pytest.mark.parametrize("email", ["ada@example.com", "eve@example.com"])
    def test_runs_the_same_statements_for_known_and_unknown(self, email):
        UserFactory(email="ada@example.com")

        with CaptureQueriesContext(connection) as ran:
            self.ask(email)

        words = [query["sql"].split()[0] for query in ran.captured_queries]
        assert [word for word in words if word in ("SELECT", "INSERT", "UPDATE")] == [
            "SELECT", "INSERT", "UPDATE", "SELECT", "INSERT",
        ]  # fmt: skip

    def test_writes_one_mail_a_minute_and_never_says_so(self, real_limits):
        UserFactory(email="ada@example.com")

        self.ask("ada@example.com")
        self.ask("Ada@example.com")

        assert OutboxEvent.objects.count() == 1
        assert PasswordResetRequest.objects.count() == 2

    def test_bounds_a_client(self, real_limits):
        for number in range(20):
            self.ask(f"shopper{number}@example.com")

        with pytest.raises(RateLimited):
            self.ask("ada@example.com")


class TestResetPassword:
    def reset(self, parts, new=NEW, now=None):
        services.reset_password(
            uid=parts.uid, token=parts.token, new_password=new, client=CLIENT, now=now or timezone.now()
        )

    def test_replaces_it_ends_every_session_and_verifies_the_address(self):
        user, now = UserFactory(), timezone.now()
        sign_in_as(user)

        self.reset(selectors.reset_link_parts(user, now=now), now=now + timedelta(minutes=59))

        user.refresh_from_db()
        assert user.check_password(NEW)
        assert user.email_verified_at == now + timedelta(minutes=59)
        assert living(user) == set()
        assert Session.objects.get().end_reason == "password_reset"
        assert OutboxEvent.objects.get().type == "users.email_verified.v1"

    def test_keeps_the_time_of_an_earlier_verification(self):
        earlier = timezone.now() - timedelta(days=9)
        user = UserFactory(email_verified_at=earlier)

        self.reset(selectors.reset_link_parts(user, now=timezone.now()))

        user.refresh_from_db()
        assert user.email_verified_at == earlier
        assert not OutboxEvent.objects.exists()

    def test_takes_off_what_somebody_set_up_before_the_address_was_shown(self):
        user = UserFactory()
        app_of(user)
        OutboxEvent.objects.all().delete()

        self.reset(selectors.reset_link_parts(user, now=timezone.now()))

        assert not TwoFactor.objects.exists()
        assert not RecoveryCode.objects.exists()
        services.sign_in(email=user.email, password=NEW, client=CLIENT, cart_token=None, now=timezone.now())
        assert sorted(OutboxEvent.objects.values_list("type", flat=True)) == [
            "users.email_verified.v1",
            "users.two_factor_changed.v1",
        ]

    @pytest.mark.parametrize(
        "values", [{"email_verified_at": timezone.now()}, {"is_staff": True}, {"is_superuser": True}]
    )
    def test_leaves_the_second_factor_of_a_confirmed_address_and_of_staff(self, values):
        user = UserFactory(**values)
        app_of(user)

        self.reset(selectors.reset_link_parts(user, now=timezone.now()))

        assert TwoFactor.objects.filter(confirmed_at__isnull=False).count() == 1

    def test_takes_a_link_once_and_its_siblings_never(self):
        user, now = UserFactory(), timezone.now()
        link, sibling = (selectors.reset_link_parts(user, now=now - timedelta(minutes=m)) for m in (0, 5))
        self.reset(link)

        for used in (link, sibling):
            with pytest.raises(TokenExpired):
                self.reset(used, "another fine password")

        user.refresh_from_db()
        assert user.check_password(NEW)

    @pytest.mark.parametrize(
        "case",
        [
            "late",
            "signed in since",
            "password changed",
            "address changed",
            "stranger's",
            "verify link",
            "shut",
        ],
    )
    def test_refuses_any_other_link(self, case):
        user, now = UserFactory(), timezone.now()
        link, at = selectors.reset_link_parts(user, now=now), now
        changes: dict[str, dict] = {
            "signed in since": {"last_login": now},
            "password changed": {"password": "!other"},
            "address changed": {"email": "new@example.com"},
            "shut": {"is_active": False},
        }
        if case in changes:
            User.objects.filter(pk=user.pk).update(**changes[case])
        elif case == "late":
            at = now + timedelta(minutes=61)
        elif case == "stranger's":
            link = selectors.LinkParts(
                uid=selectors.reset_link_parts(UserFactory(), now=now).uid, token=link.token
            )
        elif case == "verify link":
            link = selectors.verification_link_parts(user, now=now)
        stored = User.objects.values_list("password", flat=True).get(pk=user.pk)

        with pytest.raises(TokenExpired):
            self.reset(link, now=at)

        assert User.objects.values_list("password", flat=True).get(pk=user.pk) == stored
        assert not OutboxEvent.objects.exists()

    def test_a_refused_password_leaves_the_link_good(self):
        user = UserFactory()
        link = selectors.reset_link_parts(user, now=timezone.now())

        with pytest.raises(ValidationFailed):
            self.reset(link, "short")
        self.reset(link)

        user.refresh_from_db()
        assert user.check_password(NEW)

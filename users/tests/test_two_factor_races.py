"""One code, used many times at once."""

from __future__ import annotations

import time

import pytest
from django.utils import timezone

from shop.core.errors import DomainError
from shop.events.models import OutboxEvent
from users import second_factor, services
from users.models import RecoveryCode, Session, TwoFactor
from users.services import codes
from users.tests.apps import CLIENT, NOON, STEP, App, app_of, sign_in
from users.tests.clients import sign_in_as
from users.tests.factories import PASSWORD, SuperuserFactory, UserFactory
from users.tests.races import together

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.needs_postgres,
]

TIMES = 10


def outcome(call, *args, **arguments) -> str:
    try:
        call(*args, **arguments)
    except DomainError as error:
        return error.code
    return "ok"


def ten_at_once(which: str) -> list[str]:
    user = UserFactory()
    app = app_of(user)
    otp = app.code(NOON) if which == "app" else app.recovery_codes[0]
    return together(TIMES, lambda _: outcome(sign_in, user, otp))


class TestOneCode:
    @pytest.mark.parametrize("which", ["app", "recovery"])
    def test_opens_one_session(self, which):
        assert sorted(ten_at_once(which)) == ["ok"] + ["otp_required"] * (TIMES - 1)
        assert Session.objects.count() == 1

    def test_negative_control_without_the_guards_it_opens_many(self, monkeypatch):
        """The race is real: reading, then writing, with no lock on the account around it lets several through."""

        def read_then_write(row, otp, *, now):
            step = second_factor.step_of(otp, secret=row.secret, after=row.last_step, now=now)
            time.sleep(0.05)
            TwoFactor.objects.filter(pk=row.pk).update(last_step=step or -1)
            return step is not None

        monkeypatch.setattr("users.services.sessions.claim", lambda who, *, now: None)
        monkeypatch.setattr(codes, "_step_used", read_then_write)

        assert max(ten_at_once("app").count("ok") for _ in range(3)) > 1

    @pytest.mark.parametrize("which", ["app", "recovery"])
    def test_is_safe_without_the_lock_on_the_account(self, which, monkeypatch):
        """The code's own guard is enough: not every door locks the account first."""
        monkeypatch.setattr("users.services.sessions.claim", lambda who, *, now: None)

        assert ten_at_once(which).count("ok") == 1
        assert Session.objects.count() == 1

    def test_does_one_of_different_things(self):
        user = UserFactory()
        app = app_of(user)
        otp = app.code(NOON)
        doors = [
            lambda: sign_in(user, otp),
            lambda: services.sign_in_staff(
                email=user.email, password=PASSWORD, otp=otp, client=CLIENT, now=NOON
            ),
            lambda: services.show_second_factor(user_id=user.pk, otp=otp, now=NOON),
            lambda: services.renew_recovery_codes(user_id=user.pk, password=PASSWORD, otp=otp, now=NOON),
        ]
        user.is_staff = True
        user.save()

        outcomes = together(8, lambda number: outcome(doors[number % len(doors)]))

        assert sorted(outcomes) == ["ok"] + ["otp_required"] * 7


class TestConfirm:
    def test_of_many_at_once_one_switches_it_on(self):
        user = UserFactory()
        app = App(services.begin_two_factor(user_id=user.pk, password=None, now=NOON).secret, [])

        outcomes = together(
            TIMES,
            lambda _: outcome(
                services.confirm_two_factor, user_id=user.pk, otp=app.code(NOON), keep=None, now=NOON
            ),
        )

        assert sorted(outcomes) == ["ok"] + ["two_factor_on"] * (TIMES - 1)
        assert RecoveryCode.objects.count() == 10
        assert OutboxEvent.objects.filter(type="users.two_factor_changed.v1").count() == 1

    def test_leaves_no_session_that_signed_in_beside_it(self):
        """A sign-in with the password alone either comes first, and its session ends, or sees the second factor."""
        for _ in range(5):
            user = UserFactory()
            sign_in_as(user)
            app = App(services.begin_two_factor(user_id=user.pk, password=None, now=NOON).secret, [])

            def either(number, user=user, app=app):
                if number == 0:
                    services.confirm_two_factor(user_id=user.pk, otp=app.code(NOON), keep=None, now=NOON)
                    return "on"
                return outcome(sign_in, user)

            assert set(together(6, either)) <= {"on", "ok", "otp_required"}
            assert not Session.objects.filter(user=user, ended_at__isnull=True).exists()


class TestReset:
    def test_of_many_at_once_one_is_announced(self):
        root, user = SuperuserFactory(), UserFactory()
        app_of(user)

        outcomes = together(
            TIMES,
            lambda _: outcome(
                services.reset_two_factor, actor_id=root.pk, user_id=user.pk, now=timezone.now()
            ),
        )

        assert sorted(outcomes) == ["not_found"] * (TIMES - 1) + ["ok"]
        assert OutboxEvent.objects.filter(payload__enabled=False).count() == 1

    def test_beside_a_use_leaves_nothing_behind(self):
        user = UserFactory()
        app = app_of(user)

        def either(number):
            if number == 0:
                return outcome(services.reset_two_factor, actor_id=None, user_id=user.pk, now=NOON)
            return outcome(sign_in, user, app.code(NOON + (number % 2) * STEP))

        outcomes = together(TIMES, either)

        assert outcomes[0] == "ok"
        assert set(outcomes) <= {"ok", "otp_required"}
        assert (TwoFactor.objects.count(), RecoveryCode.objects.count()) == (0, 0)

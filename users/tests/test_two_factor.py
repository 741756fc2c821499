"""Setting a second factor up, and losing it."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from shop.core.errors import NotFound, PermissionDenied, RateLimited, ValidationFailed
from shop.core.ids import new_id, token_hash
from shop.events.models import OutboxEvent
from users import second_factor, selectors, services
from users.errors import TwoFactorNeeded, TwoFactorOn
from users.models import RecoveryCode, Session, TwoFactor, User
from users.tests.apps import (
    NOON,
    STEP,
    App,
    announced,
    app_of,
    audited,
    refused_with,
    rows,
    sign_in,
)
from users.tests.clients import sign_in_as
from users.tests.factories import PASSWORD, StaffFactory, SuperuserFactory, UserFactory

pytestmark = [pytest.mark.django_db]


class TestBegin:
    def begin(self, user, password=PASSWORD, now=NOON):
        return services.begin_two_factor(user_id=user.pk, password=password, now=now)

    def test_gives_a_secret_that_doesnt_count_yet(self):
        user = UserFactory(email="ada@example.com")

        told = self.begin(user)

        row = TwoFactor.objects.get()
        assert (row.user_id, row.secret, row.created_at, row.confirmed_at, row.last_step) == (
            user.pk, told.secret, NOON, None, -1,
        )  # fmt: skip
        assert selectors.two_factor_state(user) == selectors.TwoFactorState(
            enabled=False, recovery_codes_left=0, required=False, mark=""
        )
        assert sign_in(user).user == user
        assert not OutboxEvent.objects.exists()

    def test_takes_the_place_of_one_that_was_begun(self):
        user = UserFactory()

        first, second = self.begin(user), self.begin(user)

        assert first.secret != second.secret
        assert TwoFactor.objects.get().secret == second.secret

    def test_needs_the_password(self):
        user = UserFactory()
        before = rows()

        with pytest.raises(ValidationFailed) as refusal:
            self.begin(user, "not it")

        assert [(error.field, error.code) for error in refusal.value.errors] == [("password", "incorrect")]
        assert rows() == before

    def test_refuses_a_password_changed_meanwhile(self, monkeypatch):
        user = UserFactory()
        monkeypatch.setattr(
            second_factor,
            "new_secret",
            lambda: User.objects.filter(pk=user.pk).update(password="x") and "ABCD",
        )

        with pytest.raises(ValidationFailed):
            self.begin(user)

        assert not TwoFactor.objects.exists()

    def test_bounds_guessing_the_password(self, real_limits):
        user = UserFactory()
        for _ in range(10):
            with pytest.raises(ValidationFailed):
                self.begin(user, "not it")

        with pytest.raises(RateLimited):
            self.begin(user)

    def test_leaves_one_that_is_on_alone(self):
        user = UserFactory()
        app_of(user)
        before = rows()

        with pytest.raises(TwoFactorOn):
            self.begin(user)

        assert rows() == before

    def test_is_shown_again_only_to_who_began_it(self):
        user = UserFactory()
        told = self.begin(user)

        assert selectors.two_factor_begun(user, secret_hash=token_hash(told.secret)) == told
        assert selectors.two_factor_begun(user, secret_hash="") is None
        assert selectors.two_factor_begun(UserFactory(), secret_hash=token_hash(told.secret)) is None


class TestConfirm:
    def confirm(self, user, otp, keep=None, now=NOON):
        return services.confirm_two_factor(user_id=user.pk, otp=otp, keep=keep, now=now)

    def begun(self, user) -> App:
        return App(services.begin_two_factor(user_id=user.pk, password=None, now=NOON).secret, [])

    def test_switches_it_on_and_ends_other_sessions(self):
        user, stranger = UserFactory(), UserFactory()
        here, elsewhere, theirs = sign_in_as(user), sign_in_as(user), sign_in_as(stranger)
        app = self.begun(user)

        codes = self.confirm(user, app.code(NOON), keep=here.session_id)

        row = TwoFactor.objects.get()
        assert (row.confirmed_at, row.last_step) == (NOON, int(NOON.timestamp()) // 30)
        assert len(codes) == 10
        assert set(RecoveryCode.objects.values_list("user_id", "code_hash")) == {
            (user.pk, second_factor.recovery_hash(code, user_id=user.pk)) for code in codes
        }
        living = Session.objects.filter(ended_at__isnull=True).values_list("pk", flat=True)
        assert set(living) == {here.session_id, theirs.session_id}
        assert Session.objects.get(pk=elsewhere.session_id).end_reason == "two_factor_changed"
        assert audited() == [(user.pk, "users.two_factor_on", str(user.pk), {})]
        assert announced() == [("users.two_factor_changed.v1", True, False)]
        assert OutboxEvent.objects.get().payload == {
            "version": 2, "user_id": str(user.pk), "enabled": True, "by_staff": False,
        }  # fmt: skip

    def test_stores_no_recovery_code(self):
        user = UserFactory()

        codes = self.confirm(user, self.begun(user).code(NOON))

        assert not [code for code in codes if code in str(rows()) or code.replace("-", "") in str(rows())]

    @pytest.mark.parametrize("case", ["wrong", "old", "recovery"])
    def test_takes_nothing_else(self, case):
        user = UserFactory()
        app = self.begun(user)
        wrong = f"{(int(app.code(NOON)) + 1) % 1000000:06}"
        otp = {"wrong": wrong, "old": app.code(NOON - 3 * STEP), "recovery": "00000-00000"}[case]
        before = rows()

        with pytest.raises(ValidationFailed) as refusal:
            self.confirm(user, otp)

        assert [(error.field, error.code) for error in refusal.value.errors] == [("otp", "incorrect")]
        assert rows() == before

    def test_needs_a_beginning(self):
        with pytest.raises(NotFound):
            self.confirm(UserFactory(), "123456")

        assert not OutboxEvent.objects.exists()

    def test_happens_once(self):
        user = UserFactory()
        app = app_of(user)
        before = rows()

        with pytest.raises(TwoFactorOn):
            self.confirm(user, app.code(NOON))

        assert rows() == before

    def test_uses_the_code_up(self):
        user = UserFactory()
        app = self.begun(user)
        self.confirm(user, app.code(NOON))

        refused_with("wrong", sign_in, user=user, otp=app.code(NOON))


class TestRenew:
    def renew(self, user, password=PASSWORD, otp=""):
        return services.renew_recovery_codes(user_id=user.pk, password=password, otp=otp, now=NOON)

    def test_replaces_the_old_codes(self):
        user = UserFactory()
        app = app_of(user)

        codes = self.renew(user, otp=app.code(NOON))

        assert len(codes) == 10
        assert not set(codes) & set(app.recovery_codes)
        assert audited()[-1] == (user.pk, "users.recovery_codes_renewed", str(user.pk), {})
        refused_with("wrong", sign_in, user=user, otp=app.recovery_codes[0])
        sign_in(user, codes[0])
        assert selectors.two_factor_state(user).recovery_codes_left == 9

    def test_works_with_the_last_recovery_code(self):
        user = UserFactory()
        app = app_of(user)

        assert len(self.renew(user, otp=app.recovery_codes[0])) == 10
        assert selectors.two_factor_state(user).recovery_codes_left == 10

    def test_needs_both_factors(self):
        user = UserFactory()
        app = app_of(user)

        refused_with("missing", self.renew, user=user)
        refused_with("wrong", self.renew, user=user, otp="000000")
        before = rows()
        with pytest.raises(ValidationFailed):
            self.renew(user, password="not it", otp=app.code(NOON))
        assert rows() == before

    def test_needs_a_second_factor(self):
        user = UserFactory()
        before = rows()

        with pytest.raises(NotFound):
            self.renew(user)

        assert rows() == before


class TestSwitchOff:
    def switch_off(self, user, password=PASSWORD, otp=""):
        services.switch_off_two_factor(user_id=user.pk, password=password, otp=otp, now=NOON)

    def test_leaves_nothing_of_it(self):
        user = UserFactory()
        app = app_of(user)
        here = sign_in_as(user)

        self.switch_off(user, otp=app.code(NOON))

        assert (TwoFactor.objects.count(), RecoveryCode.objects.count()) == (0, 0)
        assert announced()[-1] == ("users.two_factor_changed.v1", False, False)
        assert audited()[-1] == (user.pk, "users.two_factor_off", str(user.pk), {})
        assert Session.objects.get(pk=here.session_id).ended_at is None
        assert sign_in(user).user == user

    def test_needs_both_factors(self):
        user = UserFactory()
        app = app_of(user)

        refused_with("missing", self.switch_off, user=user)
        refused_with("wrong", self.switch_off, user=user, otp="000000")
        before = rows()
        with pytest.raises(ValidationFailed):
            self.switch_off(user, password="not it", otp=app.code(NOON))
        assert rows() == before

    def test_isnt_for_staff_who_need_it(self, settings):
        settings.STAFF_TWO_FACTOR = True
        staff = StaffFactory()
        app = app_of(staff)
        before = rows()

        with pytest.raises(TwoFactorNeeded):
            self.switch_off(staff, otp=app.code(NOON))

        assert rows() == before
        settings.STAFF_TWO_FACTOR = False
        self.switch_off(staff, otp=app.code(NOON))
        assert not TwoFactor.objects.exists()

    def test_isnt_there_without_one(self):
        user = UserFactory()
        services.begin_two_factor(user_id=user.pk, password=None, now=NOON)
        before = rows()

        with pytest.raises(NotFound):
            self.switch_off(user)

        assert rows() == before


class TestReset:
    def test_takes_it_off_and_ends_sessions(self):
        root, user = SuperuserFactory(), UserFactory()
        app_of(user)
        there = sign_in_as(user)

        services.reset_two_factor(actor_id=root.pk, user_id=user.pk, now=NOON)

        assert (TwoFactor.objects.count(), RecoveryCode.objects.count()) == (0, 0)
        assert Session.objects.get(pk=there.session_id).end_reason == "two_factor_changed"
        assert announced()[-1] == ("users.two_factor_changed.v1", False, True)
        assert audited()[-1] == (root.pk, "users.two_factor_reset", str(user.pk), {})

    def test_is_a_superusers(self):
        user = UserFactory()
        app_of(user)
        before_actors = (
            StaffFactory(permissions=["users.change_user"]), user, SuperuserFactory(is_active=False),
        )  # fmt: skip
        before = rows()

        for actor_id in (*(actor.pk for actor in before_actors), new_id()):
            with pytest.raises(PermissionDenied):
                services.reset_two_factor(actor_id=actor_id, user_id=user.pk, now=NOON)

        assert rows() == before

    def test_knows_no_account_without_one(self):
        root, user = SuperuserFactory(), UserFactory()
        services.begin_two_factor(user_id=user.pk, password=None, now=NOON)
        before = rows()

        for user_id in (user.pk, root.pk, new_id()):
            with pytest.raises(NotFound):
                services.reset_two_factor(actor_id=root.pk, user_id=user_id, now=NOON)

        assert rows() == before

    def test_has_a_command_for_when_nobody_is_left(self, capsys):
        root = SuperuserFactory(email="root@example.com")
        app_of(root)

        call_command("reset_two_factor", "ROOT@example.com")

        assert "root@example.com signs in with the password alone" in capsys.readouterr().out
        assert not TwoFactor.objects.exists()
        assert audited()[-1] == (None, "users.two_factor_reset", str(root.pk), {})
        with pytest.raises(CommandError, match=r"root@example\.com has no second factor"):
            call_command("reset_two_factor", "root@example.com")
        with pytest.raises(CommandError, match="No account has the address"):
            call_command("reset_two_factor", "eve@example.com")

"""Signing in with a second factor."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from shop.core.errors import RateLimited
from users import ports, selectors, services
from users.errors import InvalidCredentials
from users.models import Session
from users.tests.apps import (
    CLIENT,
    NOON,
    STEP,
    App,
    app_of,
    audited,
    refused_with,
    rows,
    sign_in,
    step_of,
)
from users.tests.factories import PASSWORD, StaffFactory, SuperuserFactory, UserFactory

pytestmark = [pytest.mark.django_db]


class TestSignIn:
    def test_with_the_app(self):
        user = UserFactory()
        app = app_of(user)

        opened = sign_in(user, app.code(NOON))

        assert Session.objects.get(pk=opened.session_id).ended_at is None
        assert step_of(user) == int(NOON.timestamp()) // 30

    def test_with_a_recovery_code(self):
        user = UserFactory()
        app = app_of(user)

        sign_in(user, app.recovery_codes[3].upper().replace("-", ""))

        assert selectors.two_factor_state(user).recovery_codes_left == 9
        assert audited()[-1] == (user.pk, "users.recovery_code_used", str(user.pk), {"left": 9})
        refused_with("wrong", sign_in, user=user, otp=app.recovery_codes[3])

    def test_asks_for_what_is_missing(self):
        user = UserFactory()
        app_of(user)

        refused_with("missing", sign_in, user=user)
        refused_with("missing", sign_in, user=user, otp="  ")

    @pytest.mark.parametrize("otp", ["000000", "00000-00000", "x" * 20, "abc", "\x00", "1" * 6 + "\u0661"])
    def test_takes_no_other_code(self, otp):
        user = UserFactory()
        app = app_of(user)
        assert otp not in (app.code(NOON), app.code(NOON - STEP), app.code(NOON + STEP))

        refused_with("wrong", sign_in, user=user, otp=otp)

    def test_takes_a_code_once_and_none_before_it(self):
        user = UserFactory()
        app = app_of(user)
        sign_in(user, app.code(NOON))

        refused_with("wrong", sign_in, user=user, otp=app.code(NOON))
        refused_with("wrong", sign_in, user=user, otp=app.code(NOON - STEP))
        sign_in(user, app.code(NOON + STEP))

    def test_takes_nobody_elses_code(self):
        user, stranger = UserFactory(), UserFactory()
        app_of(user)
        theirs = app_of(stranger)

        refused_with("wrong", sign_in, user=user, otp=theirs.code(NOON))
        refused_with("wrong", sign_in, user=user, otp=theirs.recovery_codes[0])

    @pytest.mark.parametrize("otp", ["", "right", "000000"])
    def test_a_wrong_password_never_shows_the_second_factor(self, otp, monkeypatch):
        user = UserFactory()
        app = app_of(user)
        before = rows()

        with pytest.raises(InvalidCredentials) as refusal:
            sign_in(user, app.code(NOON) if otp == "right" else otp, password="not it")

        assert refusal.value.facts == {}
        assert rows() == before

    def test_a_code_is_used_only_if_the_session_opens(self, monkeypatch):
        """The receivers of the port run in the transaction: what they refuse gives the code back."""
        user = UserFactory()
        app = app_of(user)
        registry: ports.Registry = ports.Registry()
        registry.register("cart", lambda **call: 1 / 0)
        monkeypatch.setattr(ports, "signed_in", registry)
        before = rows()

        for otp in (app.code(NOON), app.recovery_codes[0]):
            with pytest.raises(ZeroDivisionError):
                sign_in(user, otp)

        assert rows() == before

    def test_a_code_means_nothing_without_a_second_factor(self):
        user = UserFactory()

        assert sign_in(user, "000000").user == user

    def test_bounds_guessing_codes(self, real_limits):
        user, stranger = UserFactory(), UserFactory()
        app, theirs = app_of(user), app_of(stranger)
        cache.clear()
        for _ in range(5):
            refused_with("wrong", sign_in, user=user, otp="000000")

        before = rows()
        with pytest.raises(RateLimited) as refusal:
            sign_in(user, app.code(NOON))

        assert refusal.value.retry_after == 900
        assert rows() == before
        assert sign_in(stranger, theirs.code(NOON)).user == stranger

    def test_a_wrong_password_spends_no_code(self, real_limits):
        """Otherwise anybody who knows an address could keep its owner out."""
        user = UserFactory()
        app = app_of(user)
        cache.clear()
        for _ in range(6):
            with pytest.raises(InvalidCredentials):
                sign_in(user, "000000", password="not it")

        assert sign_in(user, app.code(NOON)).user == user


class TestStaff:
    @pytest.mark.parametrize("factory", [StaffFactory, SuperuserFactory])
    def test_need_one_where_the_shop_asks(self, factory, settings):
        settings.STAFF_TWO_FACTOR = True
        staff = factory()

        refused_with("not_set_up", sign_in, user=staff)
        app = app_of(staff)
        refused_with("missing", sign_in, user=staff)
        assert sign_in(staff, app.code(NOON)).user == staff

    def test_a_set_up_that_isnt_confirmed_is_none(self, settings):
        settings.STAFF_TWO_FACTOR = True
        staff = StaffFactory()
        told = services.begin_two_factor(user_id=staff.pk, password=None, now=NOON)

        refused_with("not_set_up", sign_in, user=staff, otp=App(told.secret, []).code(NOON))

    def test_customers_choose_for_themselves(self, settings):
        settings.STAFF_TWO_FACTOR = True

        user = UserFactory()

        assert sign_in(user).user == user

    def test_a_wrong_password_shows_nothing(self, settings):
        settings.STAFF_TWO_FACTOR = True

        with pytest.raises(InvalidCredentials):
            sign_in(StaffFactory(), password="not it")


class TestStaffSignIn:
    """The door of the back office, behind its form."""

    def enter(self, user, otp="", password=PASSWORD):
        return services.sign_in_staff(email=user.email, password=password, otp=otp, client=CLIENT, now=NOON)

    def test_with_both_factors(self):
        staff = StaffFactory()
        app = app_of(staff)

        entered = self.enter(staff, app.code(NOON))

        assert (entered.user, entered.mark) == (staff, selectors.two_factor_state(staff).mark)
        assert entered.mark
        assert step_of(staff) == int(NOON.timestamp()) // 30

    def test_with_the_password_alone_is_half_the_way(self):
        staff = StaffFactory()
        app = app_of(staff)

        assert self.enter(staff).mark == ""
        mark = services.show_second_factor(user_id=staff.pk, otp=app.code(NOON), now=NOON)

        assert mark == selectors.two_factor_state(staff).mark
        refused_with("wrong", services.show_second_factor, user_id=staff.pk, otp=app.code(NOON), now=NOON)
        refused_with("missing", services.show_second_factor, user_id=staff.pk, otp="", now=NOON)

    def test_a_wrong_code_refuses(self):
        staff = StaffFactory()
        app_of(staff)

        refused_with("wrong", self.enter, user=staff, otp="000000")

    @pytest.mark.parametrize("case", ["customer", "wrong", "inactive"])
    def test_refuses_everyone_else_alike(self, case):
        user = UserFactory() if case == "customer" else StaffFactory(is_active=case != "inactive")
        before = rows()

        with pytest.raises(InvalidCredentials):
            self.enter(user, password="not it" if case == "wrong" else PASSWORD)

        assert rows() == before

    def test_a_mark_belongs_to_one_set_up(self):
        staff = StaffFactory()
        app_of(staff)
        first = selectors.two_factor_state(staff).mark
        services.reset_two_factor(actor_id=None, user_id=staff.pk, now=timezone.now())
        app_of(staff, now=NOON + timedelta(days=1))

        assert first not in ("", selectors.two_factor_state(staff).mark)

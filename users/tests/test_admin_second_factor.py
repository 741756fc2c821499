"""One's own second factor and password in the admin site."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from shop.audit.models import AuditEntry
from users import selectors
from users.models import TwoFactor
from users.tests.apps import App, rows
from users.tests.browsers import INDEX, LOGIN, PAGE, codes_of, do, enter, errors, is_in, with_app
from users.tests.clients import sign_in_as
from users.tests.factories import PASSWORD, StaffFactory

pytestmark = [pytest.mark.django_db]

NEW = "violet kettle on a roof"


@pytest.fixture
def browser():
    return Client()


@pytest.fixture
def asked(settings):
    """Make the shop ask its staff for a second factor."""
    settings.STAFF_TWO_FACTOR = True


class TestSetUp:
    def begin(self, browser) -> App:
        do(browser, "begin")
        return App(TwoFactor.objects.get().secret, [])

    def test_is_where_staff_without_one_are_led(self, browser, asked):
        staff = StaffFactory(email="ada@example.com")

        led = browser.post(LOGIN, {"username": staff.email, "password": PASSWORD}, follow=True)
        app = self.begin(browser)
        page = browser.get(PAGE)
        done = do(browser, "confirm", otp=app.code(timezone.now()))

        assert (led.context["kind"], led.context["layout"]) == (
            "begin",
            "unfold/layouts/unauthenticated.html",
        )
        text = page.content.decode()
        assert page.context["kind"] == "confirm"
        assert " ".join(app.secret[at : at + 4] for at in range(0, 32, 4)) in text
        assert '<svg viewBox="0 0 ' in text
        assert page.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
        codes = done.context["codes"]
        assert len(codes) == 10
        assert all(code in done.content.decode() for code in codes)
        assert is_in(browser)
        assert codes[0] not in browser.get(PAGE).content.decode()

    def test_shows_nothing_but_what_the_shop_serves(self, browser, asked):
        enter(browser, StaffFactory())
        self.begin(browser)

        page = browser.get(PAGE)

        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert "http" not in page.content.decode()

    @pytest.mark.parametrize("otp", ["000000", "", "00000-00000"])
    def test_takes_only_the_apps_code(self, otp, browser, asked):
        enter(browser, StaffFactory())
        app = self.begin(browser)

        response = do(browser, "confirm", otp=otp)

        assert set(errors(response)) == {"otp"}
        assert not is_in(browser)
        # The same secret is still shown: somebody who mistyped need not scan again.
        assert response.context["secret"].replace(" ", "") == app.secret

    def test_shows_the_secret_to_no_other_session(self, browser, asked):
        staff, thief = StaffFactory(), Client()
        enter(browser, staff)
        app = self.begin(browser)
        thief.force_login(staff)

        page = thief.get(PAGE)

        assert page.context["kind"] == "begin"
        assert app.secret[:4] not in page.content.decode()
        do(thief, "confirm", otp=app.code(timezone.now()))
        assert TwoFactor.objects.get().confirmed_at is None

    def test_asks_for_the_password_when_it_was_shown_long_ago(self, browser):
        staff = StaffFactory()
        browser.force_login(staff)

        assert "password" in browser.get(PAGE).context["form"].fields
        assert codes_of(do(browser, "begin"), "password") == ["required"]
        assert set(errors(do(browser, "begin", password="not it"))) == {"password"}
        assert not TwoFactor.objects.exists()
        assert do(browser, "begin", password=PASSWORD).status_code == 302
        assert browser.get(PAGE).context["kind"] == "confirm"

    def test_a_password_is_fresh_for_ten_minutes(self, browser):
        enter(browser, StaffFactory())
        assert list(browser.get(PAGE).context["form"].fields) == []

        session = browser.session
        session["password_shown_at"] -= timedelta(minutes=10).total_seconds()
        session.save()

        assert list(browser.get(PAGE).context["form"].fields) == ["password"]

    def test_can_start_over(self, browser):
        enter(browser, StaffFactory())
        self.begin(browser)

        do(browser, "drop")

        assert browser.get(PAGE).context["kind"] == "begin"

    def test_is_open_to_all_staff_and_ends_other_sessions(self, browser):
        staff, other = StaffFactory(), Client()
        enter(other, staff)
        enter(browser, staff)
        there = sign_in_as(staff)
        assert browser.get(PAGE).context["layout"] == "admin/base_site.html"
        app = self.begin(browser)

        do(browser, "confirm", otp=app.code(timezone.now()))

        assert (is_in(browser), is_in(other)) == (True, False)
        assert selectors.living_session(there.session_id, now=timezone.now()) is None

    def test_is_linked_in_the_menu(self, browser):
        enter(browser, StaffFactory())

        text = browser.get(INDEX).content.decode()

        assert f'href="{PAGE}"' in text
        assert 'href="/admin/password_change/"' in text


class TestManage:
    def entered(self, browser, user) -> App:
        app = with_app(user)
        enter(browser, user, app.recovery_codes[0])
        return app

    def test_gives_new_recovery_codes(self, browser):
        staff = StaffFactory()
        app = self.entered(browser, staff)
        assert "9 recovery codes are left." in browser.get(PAGE).content.decode()

        response = do(browser, "renew", password=PASSWORD, otp=app.recovery_codes[1])

        assert len(response.context["codes"]) == 10
        assert selectors.two_factor_state(staff).recovery_codes_left == 10

    def test_switches_it_off(self, browser):
        staff = StaffFactory()
        app = self.entered(browser, staff)

        response = do(browser, "switch_off", password=PASSWORD, otp=app.recovery_codes[1])

        assert response.status_code == 302
        assert not TwoFactor.objects.exists()
        assert browser.get(PAGE).context["kind"] == "begin"
        assert is_in(browser)

    @pytest.mark.parametrize("act", ["renew", "switch_off"])
    def test_needs_both_factors(self, act, browser):
        app = self.entered(browser, StaffFactory())
        before = rows()

        wrong = do(browser, act, password="not it", otp=app.recovery_codes[1])
        assert set(errors(wrong)) == {"password"}
        assert set(errors(do(browser, act, password=PASSWORD, otp="000000"))) == {"otp"}
        assert set(errors(do(browser, act))) == {"password", "otp"}
        assert rows() == before

    def test_stays_on_where_the_shop_asks(self, browser, asked):
        app = self.entered(browser, StaffFactory())
        before = rows()

        assert "Switch it off" not in browser.get(PAGE).content.decode()
        response = do(browser, "switch_off", password=PASSWORD, otp=app.recovery_codes[1])

        assert codes_of(response, "__all__") == ["two_factor_needed"]
        assert rows() == before

    @pytest.mark.parametrize("act", ["begin", "confirm", "check", "nonsense", ""])
    def test_does_nothing_else(self, act, browser):
        app = self.entered(browser, StaffFactory())
        before = rows()

        assert do(browser, act, password=PASSWORD, otp=app.recovery_codes[1]).status_code == 302
        assert rows() == before


class TestOwnPassword:
    PATH = "/admin/password_change/"

    def change(self, browser, old=PASSWORD, new=NEW):
        return browser.post(self.PATH, {"old_password": old, "new_password1": new, "new_password2": new})

    def test_ends_every_other_session(self, browser):
        staff, other = StaffFactory(), Client()
        enter(browser, staff)
        enter(other, staff)
        there = sign_in_as(staff)

        response = self.change(browser)

        assert (response.status_code, response["Location"]) == (302, f"{self.PATH}done/")
        staff.refresh_from_db()
        assert staff.check_password(NEW)
        assert selectors.living_session(there.session_id, now=timezone.now()) is None
        assert staff.sessions.get().end_reason == "password_changed"
        assert (is_in(browser), is_in(other)) == (True, False)
        entry = AuditEntry.objects.get()
        assert (entry.actor_id, entry.action, entry.object_id) == (
            staff.pk, "users.password_changed", str(staff.pk),
        )  # fmt: skip

    def test_keeps_the_second_factor_shown(self, browser):
        staff = StaffFactory()
        app = with_app(staff)
        enter(browser, staff, app.recovery_codes[0])

        self.change(browser)

        assert is_in(browser)

    @pytest.mark.parametrize(
        ("old", "new", "field", "code"),
        [
            ("not it", NEW, "old_password", ""),
            (PASSWORD, "short", "new_password2", "password_too_short"),
            (PASSWORD, "x" * 129, "new_password1", ""),
        ],
    )
    def test_changes_nothing_when_refused(self, old, new, field, code, browser):
        staff = StaffFactory()
        enter(browser, staff)
        there = sign_in_as(staff)
        before = rows()

        response = self.change(browser, old, new)

        assert codes_of(response, field) == [code]
        assert rows() == before
        assert selectors.living_session(there.session_id, now=timezone.now()) is not None

    def test_bounds_guessing_with_a_borrowed_browser(self, browser, real_limits):
        enter(browser, StaffFactory())
        for _ in range(10):
            self.change(browser, "not it")

        assert codes_of(self.change(browser), "old_password") == ["rate_limited"]

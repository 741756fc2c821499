"""The way into the admin site: password, second factor, and what a session owes."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from users import passwords, selectors, services
from users.models import TwoFactor, User
from users.tests.apps import App, rows
from users.tests.browsers import INDEX, LOGIN, PAGE, codes_of, do, enter, errors, is_in, with_app
from users.tests.factories import PASSWORD, StaffFactory, SuperuserFactory, UserFactory

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def browser():
    return Client()


@pytest.fixture
def asked(settings):
    """Make the shop ask its staff for a second factor."""
    settings.STAFF_TWO_FACTOR = True


class TestPassword:
    def test_opens_it(self, browser):
        staff = StaffFactory(email="ada@example.com")

        response = browser.post(
            f"{LOGIN}?next=/admin/users/", {"username": "ADA@example.com", "password": PASSWORD}
        )

        assert (response.status_code, response["Location"]) == (302, "/admin/users/")
        assert is_in(browser)
        staff.refresh_from_db()
        assert staff.last_login is not None
        assert browser.get(LOGIN)["Location"] == INDEX

    @pytest.mark.parametrize("case", ["unknown", "wrong", "customer", "inactive", "erased"])
    def test_refuses_everyone_else_alike(self, case, browser):
        user = (
            UserFactory()
            if case == "customer"
            else StaffFactory(is_active=case not in ("inactive", "erased"))
        )
        if case == "erased":
            User.objects.filter(pk=user.pk).update(erased_at=timezone.now())
        if case == "unknown":
            user.email = "eve@example.com"
        before = rows()

        response = enter(browser, user, password="not it" if case == "wrong" else PASSWORD)

        assert response.status_code == 200
        assert errors(response) == {
            "__all__": [
                {
                    "message": "This e-mail address and password don't open the back office.",
                    "code": "invalid_login",
                }
            ]
        }
        assert rows() == before
        assert "sessionid" not in browser.cookies

    @pytest.mark.parametrize("case", ["unknown", "wrong", "customer"])
    def test_does_the_same_work_for_all(self, case, browser, monkeypatch):
        user = UserFactory() if case == "customer" else StaffFactory()
        if case == "unknown":
            user.email = "eve@example.com"
        work = []

        def counted(given, stored, check=passwords.checked):
            work.append(given)
            return check(given, stored)

        monkeypatch.setattr(passwords, "checked", counted)

        enter(browser, user, password="not it")

        assert work == ["not it"]

    def test_spends_the_same_limits_as_the_api(self, browser, anonymous, real_limits):
        staff = StaffFactory()
        for _ in range(5):
            assert codes_of(enter(browser, staff, password="not it"), "__all__") == ["invalid_login"]
            anonymous.post("/api/v1/auth/login/", {"email": staff.email, "password": "not it"})

        response = enter(browser, staff)

        assert errors(response) == {
            "__all__": [{"message": "That was too often. Try again in 15 minutes.", "code": "rate_limited"}]
        }
        assert not is_in(browser)
        assert "That was too often. Try again in 15 minutes." in response.content.decode()

    def test_says_when_tries_cant_be_counted(self, browser, monkeypatch):
        monkeypatch.setattr(cache, "incr", lambda key: 1 / 0)

        assert codes_of(enter(browser, StaffFactory()), "__all__") == ["unavailable"]
        assert not is_in(browser)

    @pytest.mark.parametrize("to", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
    def test_leads_nowhere_else(self, to, browser):
        staff = StaffFactory()

        response = browser.post(f"{LOGIN}?next={to}", {"username": staff.email, "password": PASSWORD})

        assert response["Location"] == INDEX

    def test_needs_a_csrf_token(self):
        staff = StaffFactory()

        assert enter(Client(enforce_csrf_checks=True), staff).status_code == 403

    def test_gives_the_session_another_key(self, browser):
        browser.get(LOGIN)
        session = browser.session
        session["planted"] = 1
        session.save()
        before = session.session_key

        enter(browser, StaffFactory())

        assert browser.session.session_key != before


class TestSecondFactor:
    def test_in_the_same_form(self, browser):
        staff = StaffFactory()
        app = with_app(staff)

        response = enter(browser, staff, app.code(timezone.now()))

        assert response.status_code == 302
        assert is_in(browser)

    def test_on_the_next_page(self, browser):
        staff = StaffFactory(email="ada@example.com")
        app = with_app(staff)

        response = browser.post(
            f"{LOGIN}?next=/admin/users/", {"username": staff.email, "password": PASSWORD}, follow=True
        )

        assert response.redirect_chain[-1] == (f"{PAGE}?next=%2Fadmin%2Fusers%2F", 302)
        assert response.context["kind"] == "check"
        assert not is_in(browser)
        shown = do(browser, "check", f"{PAGE}?next=/admin/users/", otp=app.recovery_codes[0])
        assert (shown.status_code, shown["Location"]) == (302, "/admin/users/")
        assert is_in(browser)

    def test_gives_the_session_another_key(self, browser):
        staff = StaffFactory()
        app = with_app(staff)
        enter(browser, staff)
        before = browser.session.session_key

        do(browser, "check", otp=app.recovery_codes[0])

        assert browser.session.session_key != before

    def test_is_refused_when_wrong(self, browser):
        staff = StaffFactory()
        app = with_app(staff)
        before = rows()

        assert codes_of(enter(browser, staff, "000000"), "otp") == ["otp_required"]
        assert "sessionid" not in browser.cookies
        assert rows() == before
        enter(browser, staff)
        assert codes_of(do(browser, "check", otp="000000"), "otp") == ["otp_required"]
        assert codes_of(do(browser, "check", otp=""), "otp") == ["required"]
        assert not is_in(browser)
        do(browser, "check", otp=app.code(timezone.now()))
        assert is_in(browser)

    def test_isnt_named_to_who_lacks_the_password(self, browser):
        staff = StaffFactory()
        app = with_app(staff)

        response = enter(browser, staff, app.recovery_codes[0], password="not it")

        assert set(errors(response)) == {"__all__"}
        assert selectors.two_factor_state(staff).recovery_codes_left == 10

    def test_is_counted(self, browser, real_limits):
        staff = StaffFactory()
        app = with_app(staff)
        cache.clear()
        enter(browser, staff)
        for _ in range(5):
            do(browser, "check", otp="000000")

        response = do(browser, "check", otp=app.recovery_codes[0])

        assert codes_of(response, "__all__") == ["rate_limited"]
        assert codes_of(enter(Client(), staff, app.recovery_codes[0]), "__all__") == ["rate_limited"]
        assert not is_in(browser)

    def test_is_shown_by_each_session(self, browser):
        staff, other = StaffFactory(), Client()
        app = with_app(staff)
        enter(browser, staff, app.recovery_codes[0])

        other.force_login(staff)

        assert is_in(browser)
        assert not is_in(other)

    def test_is_asked_of_sessions_opened_before_it(self, browser):
        staff = StaffFactory()
        enter(browser, staff)
        assert is_in(browser)

        with_app(staff)

        assert not is_in(browser)
        assert browser.get(INDEX, follow=True).context["kind"] == "check"

    def test_is_asked_again_after_another_set_up(self, browser):
        staff = StaffFactory()
        app = with_app(staff)
        enter(browser, staff, app.recovery_codes[0])
        services.reset_two_factor(actor_id=None, user_id=staff.pk, now=timezone.now())
        with_app(staff)

        assert not is_in(browser)

    def test_leads_nowhere_else(self, browser):
        staff = StaffFactory()
        app = with_app(staff)
        enter(browser, staff)

        response = do(browser, "check", f"{PAGE}?next=//evil.example", otp=app.recovery_codes[0])

        assert response["Location"] == INDEX

    def test_lets_one_sign_in_as_somebody_else(self, browser):
        staff = StaffFactory()
        with_app(staff)
        enter(browser, staff)

        response = do(browser, "sign_out")

        assert response["Location"] == LOGIN
        assert browser.get(LOGIN).status_code == 200
        assert browser.get(PAGE)["Location"].startswith(LOGIN)


class TestOwingSession:
    """A password alone opens nothing, in the admin or elsewhere."""

    PATHS = (
        "index", "search", "password_change", "password_change_done", "autocomplete", "jsi18n",
        "users_user_changelist", "users_user_add", "orders_order_changelist", "auth_group_changelist",
    )  # fmt: skip

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("case", ["not set up", "not shown"])
    def test_reaches_nothing_else(self, path, case, browser, asked):
        root = SuperuserFactory()
        if case == "not shown":
            with_app(root)
        enter(browser, root)
        before = rows()

        for response in (browser.get(reverse(f"admin:{path}")), browser.post(reverse(f"admin:{path}"), {})):
            assert response.status_code == 302
            assert response["Location"].startswith(LOGIN)
        assert rows() == before

    def test_is_nobodys_on_other_pages(self, browser, asked):
        """Pages outside of the admin know staff by the same session."""
        root = SuperuserFactory()
        enter(browser, root)

        assert browser.get(LOGIN, follow=True).wsgi_request.user.is_anonymous
        do(browser, "begin")
        app = App(TwoFactor.objects.get().secret, [])
        do(browser, "confirm", otp=app.code(timezone.now()))
        assert browser.get(INDEX).wsgi_request.user == root

    def test_a_request_that_asks_for_nobody_costs_nothing(self, browser, django_assert_num_queries):
        enter(browser, SuperuserFactory())

        with django_assert_num_queries(0):
            browser.get("/health/live/")

    @pytest.mark.parametrize("who", ["anonymous", "customer"])
    def test_the_page_is_for_staff(self, who, browser):
        if who == "customer":
            browser.force_login(UserFactory())

        for response in (browser.get(PAGE), do(browser, "begin"), do(browser, "check", otp="000000")):
            assert (response.status_code, response["Location"]) == (302, f"{LOGIN}?next={PAGE}")
        assert not TwoFactor.objects.exists()

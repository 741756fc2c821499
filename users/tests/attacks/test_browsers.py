"""What a page of somebody else can make a browser do: nothing here runs on a cookie but the back office."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client

from shop.api.json import dumps
from users.models import User
from users.tests import access
from users.tests.access import TABLE
from users.tests.clients import anonymous, client_of
from users.tests.factories import PASSWORD, StaffFactory, SuperuserFactory, UserFactory

pytestmark = [pytest.mark.once, pytest.mark.django_db]

API = "/api/v1/"
ME = f"{API}users/me/"
EVIL = "https://evil.example"

WRITES = [endpoint for endpoint in TABLE if not endpoint.startswith("GET ")]
# What a form or a plain fetch sends across origins without asking first.
SIMPLE = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "")


class TestForgedRequests:
    @pytest.mark.parametrize("content_type", SIMPLE)
    @pytest.mark.parametrize(
        "path", ["login", "register", "refresh", "logout", "password/reset", "email/verify"]
    )
    def test_no_body_is_read_that_needs_no_permission_to_send(self, content_type, path):
        body = dumps({"email": "ada@example.com", "password": PASSWORD, "refresh": "x"}).decode()
        before = access.rows()

        answer = anonymous().generic(
            "POST", f"{API}auth/{path}/", body, content_type, headers={"Origin": EVIL}
        )

        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
        assert access.rows() == before

    def test_a_form_is_no_json(self):
        body = urlencode({"email": UserFactory().email, "password": PASSWORD})

        answer = anonymous().generic("POST", f"{API}auth/login/", body, "application/x-www-form-urlencoded")

        assert answer.status_code == 415

    @pytest.mark.parametrize("endpoint", TABLE)
    def test_the_cookie_of_the_back_office_opens_no_call(self, endpoint):
        """Even a superuser's: so no page can use it, and the API needs no CSRF token."""
        world = access.make_world()
        browser = Client()
        browser.force_login(SuperuserFactory())
        method, _, path = endpoint.partition(" ")
        before = access.rows()

        answer = browser.generic(
            method, access.address(path, world), "{}", "application/json", headers={"Origin": EVIL}
        )

        assert (answer.status_code, answer.json()["code"]) == access.expected(TABLE[endpoint], "anonymous")
        assert access.rows() == before

    def test_no_call_sets_a_cookie(self):
        user = UserFactory()
        body = {"email": user.email, "password": PASSWORD}

        answers = [anonymous().post(f"{API}auth/login/", body), client_of(user).get(ME)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert not any(answer.cookies for answer in answers)


class TestBackOffice:
    @pytest.fixture
    def browser(self):
        return Client(enforce_csrf_checks=True)

    @pytest.mark.parametrize("path", ["/admin/login/", "/admin/logout/"])
    def test_a_form_from_elsewhere_is_refused(self, browser, path):
        staff = StaffFactory()
        if "logout" in path:
            browser.force_login(staff)

        answer = browser.post(path, {"username": staff.email, "password": PASSWORD}, headers={"Origin": EVIL})

        assert answer.status_code == 403
        staff.refresh_from_db()
        assert staff.last_login is None or "logout" in path

    def test_nothing_is_changed_without_the_token(self, browser):
        browser.force_login(SuperuserFactory())
        victim = UserFactory()

        for path in ("change", "password"):
            answer = browser.post(f"/admin/users/user/{victim.pk}/{path}/", {"is_superuser": "on"})
            assert answer.status_code == 403

        assert not User.objects.get(pk=victim.pk).is_superuser

    def test_its_cookies_stay_at_home(self, settings):
        """Not to scripts, not to other sites, and where there is TLS only over that."""
        settings.SESSION_COOKIE_SECURE = True
        staff = StaffFactory()

        answer = Client().post("/admin/login/", {"username": staff.email, "password": PASSWORD})

        assert answer.status_code == 302
        cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
        assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)
        assert answer.cookies[settings.CSRF_COOKIE_NAME]["samesite"] == "Lax"

    def test_a_sign_in_changes_the_cookie(self):
        """A session id that somebody planted before is worth nothing afterwards."""
        staff, browser = StaffFactory(), Client()
        browser.session.save()
        planted = browser.cookies["sessionid"].value

        browser.post("/admin/login/", {"username": staff.email, "password": PASSWORD})

        assert browser.cookies["sessionid"].value != planted
        thief = Client()
        thief.cookies["sessionid"] = planted
        assert thief.get("/admin/").status_code == 302

    @pytest.mark.parametrize("after", [EVIL, "//evil.example", "/\\evil.example", "javascript:alert(1)"])
    def test_signing_in_leads_nowhere_else(self, after):
        browser = Client()
        browser.force_login(StaffFactory())

        answer = browser.get("/admin/login/", {"next": after})

        assert "evil" not in answer.headers.get("Location", "")
        assert "javascript" not in answer.headers.get("Location", "")


FOREIGN = (
    EVIL, "null", "https://shop.example.evil.example", "https://evilshop.example", "http://shop.example",
    "https://shop.example:8443", "https://shop.example@evil.example", "https://SHOP.example.evil.example",
    "file://", "https://sub.shop.example", "*", "https://shop%2eexample",
)  # fmt: skip


class TestOrigins:
    @pytest.fixture
    def shop(self, settings):
        """Be as a shop in production: one storefront, and no other."""
        settings.CORS_ALLOWED_ORIGINS = ["https://shop.example"]
        settings.CORS_ALLOWED_ORIGIN_REGEXES = []

    def ask(self, origin: str, path: str = ME):
        preflight = anonymous().options(
            path,
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "PATCH",
                "Access-Control-Request-Headers": "authorization, content-type",
            },
        )
        return preflight, client_of(UserFactory()).get(path, headers={"Origin": origin})

    @pytest.mark.parametrize("origin", FOREIGN)
    def test_no_other_origin_may_read(self, shop, origin):
        for answer in self.ask(origin):
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "Access-Control-Allow-Credentials" not in answer.headers

    def test_the_storefront_may_without_cookies(self, shop):
        for answer in self.ask("https://shop.example"):
            assert answer.status_code == 200
            assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
            assert "Access-Control-Allow-Credentials" not in answer.headers
            # A cache must not give one origin's answer to another.
            assert "origin" in answer.headers["Vary"].lower()

    def test_the_back_office_is_for_no_origin(self, shop):
        browser = Client()
        browser.force_login(SuperuserFactory())

        answer = browser.get("/admin/", headers={"Origin": "https://shop.example"})

        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert answer.headers["X-Frame-Options"] == "DENY"

    @pytest.mark.parametrize(
        ("origin", "allowed"),
        [
            ("http://localhost:3000", True),
            ("http://127.0.0.1:5173", True),
            ("http://localhost.evil.example", False),
            ("http://localhost:3000.evil.example", False),
            ("http://evil.example/localhost:3000", False),
            ("https://localhost:3000", False),
            ("http://127.0.0.1.evil.example", False),
            ("http://192.168.0.7:3000", False),
            ("null", False),
            (EVIL, False),
        ],
    )
    def test_development_lets_this_machine_in_and_nobody_else(self, origin, allowed):
        for answer in self.ask(origin):
            assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)

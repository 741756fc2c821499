"""Second factors over the API."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from users import ports, selectors
from users.models import TwoFactor
from users.tests.apps import STEP, App, app_of, rows
from users.tests.clients import client_with, sign_in_as
from users.tests.factories import PASSWORD, StaffFactory, UserFactory

pytestmark = [pytest.mark.django_db]

MINE = "/api/v1/users/me/two_factor/"
LOGIN = "/api/v1/auth/login/"


def with_app(user) -> App:
    """Switch it on a while ago: these tests ask at the clock's own time."""
    return app_of(user, now=timezone.now() - 10 * STEP)


def problem(response) -> tuple:
    return response.status_code, response.data["code"], response.data.get("reason")


class TestState:
    def test_of_somebody_without(self, client_of):
        assert client_of(UserFactory()).get(MINE).json() == {
            "enabled": False, "recovery_codes_left": 0, "required": False,
        }  # fmt: skip

    def test_of_somebody_with(self, client_of):
        user = UserFactory()
        with_app(user)

        answer = client_of(user).get(MINE)

        assert answer.json() == {"enabled": True, "recovery_codes_left": 10, "required": False}
        assert answer.headers["Cache-Control"] == "no-store"

    def test_of_staff_who_need_it(self, client_of, settings):
        settings.STAFF_TWO_FACTOR = True

        assert client_of(StaffFactory()).get(MINE).json() == {
            "enabled": False, "recovery_codes_left": 0, "required": True,
        }  # fmt: skip

    @pytest.mark.parametrize("enabled", [False, True])
    def test_costs_two_statements(self, client_of, enabled):
        user = UserFactory()
        if enabled:
            with_app(user)
        client = client_of(user)

        with CaptureQueriesContext(connection) as ran:
            client.get(MINE)

        assert len(ran.captured_queries) == 2


class TestWholeLife:
    def test_from_set_up_to_switching_off(self, anonymous):
        user = UserFactory(email="ada@example.com")
        here, elsewhere = sign_in_as(user), sign_in_as(user)
        client = client_with(here.tokens.access)

        begun = client.post(MINE, {"password": PASSWORD})
        app = App(begun.json()["secret"], [])
        confirmed = client.post(f"{MINE}confirm/", {"otp": app.code(timezone.now())})
        codes = confirmed.json()["recovery_codes"]

        assert (begun.status_code, set(begun.json())) == (201, {"secret", "otpauth_url"})
        assert begun.json()["otpauth_url"].startswith(
            "otpauth://totp/Fern%20%26%20Oak:ada@example.com?secret="
        )
        assert (confirmed.status_code, set(confirmed.json()), len(codes)) == (200, {"recovery_codes"}, 10)
        assert client.get(MINE).json()["enabled"] is True
        assert problem(client_with(elsewhere.tokens.access).get(MINE)) == (401, "token_invalid", None)

        body = {"email": user.email, "password": PASSWORD}
        assert problem(anonymous.post(LOGIN, body)) == (401, "otp_required", "missing")
        assert problem(anonymous.post(LOGIN, {**body, "otp": ""})) == (401, "otp_required", "missing")
        assert problem(anonymous.post(LOGIN, {**body, "otp": "000000"})) == (401, "otp_required", "wrong")
        wrong = anonymous.post(LOGIN, {**body, "password": "x", "otp": codes[0]})
        assert problem(wrong) == (401, "invalid_credentials", None)
        opened = anonymous.post(LOGIN, {**body, "otp": codes[0]})
        assert (opened.status_code, opened.json()["user"]["email"]) == (200, "ada@example.com")
        assert problem(anonymous.post(LOGIN, {**body, "otp": codes[0]})) == (401, "otp_required", "wrong")

        renewed = client.post(f"{MINE}recovery_codes/", {"password": PASSWORD, "otp": codes[1]})
        fresh = renewed.json()["recovery_codes"]
        assert (renewed.status_code, len(fresh), set(fresh) & set(codes)) == (200, 10, set())
        gone = client.delete(MINE, {"password": PASSWORD, "otp": fresh[0]})
        assert (gone.status_code, gone.content) == (204, b"")
        assert anonymous.post(LOGIN, body).status_code == 200


class TestRefusals:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("post", "", {}),
            ("post", "confirm/", {}),
            ("post", "recovery_codes/", {}),
            ("delete", "", {}),
            ("post", "", {"password": "not it"}),
            ("post", "recovery_codes/", {"password": "not it", "otp": "000000"}),
            ("delete", "", {"password": "not it", "otp": "000000"}),
            ("post", "confirm/", {"otp": "1" * 21}),
            ("post", "confirm/", {"otp": ["123456"]}),
            ("post", "confirm/", {"otp": None}),
        ],
    )
    def test_name_the_field(self, client_of, method, path, body):
        client = client_of(UserFactory())
        before = rows()

        response = getattr(client, method)(f"{MINE}{path}", body)

        assert problem(response) == (400, "validation_failed", None)
        assert rows() == before

    @pytest.mark.parametrize("field", ["user", "secret", "confirmed_at", "last_step", "enabled"])
    @pytest.mark.parametrize("path", ["", "confirm/", "recovery_codes/"])
    def test_take_no_other_field(self, client_of, path, field):
        client = client_of(UserFactory())

        response = client.post(f"{MINE}{path}", {"password": PASSWORD, "otp": "123456", field: "x"})

        assert problem(response) == (400, "unknown_field", None)
        assert not TwoFactor.objects.exists()

    def test_a_second_one(self, client_of):
        user = UserFactory()
        with_app(user)
        client = client_of(user)
        before = rows()

        assert problem(client.post(MINE, {"password": PASSWORD})) == (409, "two_factor_on", None)
        assert problem(client.post(f"{MINE}confirm/", {"otp": "123456"})) == (409, "two_factor_on", None)
        assert rows() == before

    def test_without_one(self, client_of):
        client = client_of(UserFactory())
        before = rows()

        for method, path in (("post", "recovery_codes/"), ("delete", "")):
            response = getattr(client, method)(f"{MINE}{path}", {"password": PASSWORD, "otp": "000000"})
            assert problem(response) == (404, "not_found", None)
        assert problem(client.post(f"{MINE}confirm/", {"otp": "000000"})) == (404, "not_found", None)
        assert rows() == before

    def test_the_password_alone_changes_nothing(self, client_of):
        user = UserFactory()
        with_app(user)
        client = client_of(user)
        before = rows()

        for method, path in (("post", "recovery_codes/"), ("delete", "")):
            for otp, reason in (({}, "missing"), ({"otp": "000000"}, "wrong")):
                response = getattr(client, method)(f"{MINE}{path}", {"password": PASSWORD, **otp})
                assert problem(response) == (401, "otp_required", reason)
        assert rows() == before

    def test_staff_keep_what_they_need(self, client_of, settings):
        settings.STAFF_TWO_FACTOR = True
        staff = StaffFactory()
        app = with_app(staff)
        client = client_of(staff)
        before = rows()

        response = client.delete(MINE, {"password": PASSWORD, "otp": app.recovery_codes[0]})

        assert problem(response) == (409, "two_factor_needed", None)
        assert rows() == before

    def test_staff_without_one_dont_get_in(self, anonymous, settings):
        settings.STAFF_TWO_FACTOR = True
        body = {"email": StaffFactory().email, "password": PASSWORD}
        before = rows()

        assert problem(anonymous.post(LOGIN, body)) == (401, "otp_required", "not_set_up")
        assert problem(anonymous.post(LOGIN, {**body, "otp": "123456"})) == (
            401,
            "otp_required",
            "not_set_up",
        )
        assert rows() == before

    def test_too_many_codes(self, anonymous, real_limits):
        user = UserFactory()
        app = with_app(user)
        cache.clear()
        body = {"email": user.email, "password": PASSWORD}
        for _ in range(5):
            assert problem(anonymous.post(LOGIN, {**body, "otp": "000000"}))[1] == "otp_required"

        response = anonymous.post(LOGIN, {**body, "otp": app.recovery_codes[0]})

        assert (response.status_code, response.headers["Retry-After"]) == (429, "900")
        assert selectors.two_factor_state(user).recovery_codes_left == 10


class TestStatements:
    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            # What is looked up for the limit, and the code's own step.
            ("app", ["SELECT", "SELECT", "UPDATE", "SELECT", "UPDATE", "INSERT", "SELECT"]),
            # Its row, how many are left, and the record.
            (
                "recovery",
                [
                    "SELECT",
                    "SELECT",
                    "UPDATE",
                    "SELECT",
                    "DELETE",
                    "SELECT",
                    "SELECT",
                    "INSERT",
                    "INSERT",
                    "SELECT",
                ],
            ),
        ],
    )
    def test_of_signing_in(self, anonymous, monkeypatch, code, expected):
        monkeypatch.setattr(ports, "signed_in", ports.Registry())
        user = UserFactory()
        app = with_app(user)
        otp = app.code(timezone.now()) if code == "app" else app.recovery_codes[0]

        with CaptureQueriesContext(connection) as ran:
            response = anonymous.post(LOGIN, {"email": user.email, "password": PASSWORD, "otp": otp})

        assert response.status_code == 200
        words = [query["sql"].split()[0] for query in ran.captured_queries]
        assert [w for w in words if w in ("SELECT", "INSERT", "UPDATE", "DELETE")] == expected

"""Signing up, in and out over the API."""

from __future__ import annotations

import json

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shop.events.models import OutboxEvent
from users import ports, selectors
from users.models import Session, User
from users.tests.clients import client_with, sign_in_as
from users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

AUTH = "/api/v1/auth/"
NEW = "violet kettle on a roof"


def fields(response) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in response.data["errors"]]


class TestRegister:
    BODY = {"email": "ada@example.com", "password": PASSWORD, "first_name": "Ada", "last_name": "Byron"}

    def test_answers_the_same_for_known_and_unknown(self, anonymous):
        first = anonymous.post(f"{AUTH}register/", self.BODY)
        again = anonymous.post(f"{AUTH}register/", self.BODY)

        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == {"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron"}
        assert first.content == again.content
        hidden = {"X-Request-Id", "Date"}
        assert {k: v for k, v in first.headers.items() if k not in hidden} == {
            k: v for k, v in again.headers.items() if k not in hidden
        }
        assert first.headers["Cache-Control"] == "no-store"
        assert User.objects.get().language == "en"

    def test_signing_in_works_at_once(self, anonymous):
        anonymous.post(f"{AUTH}register/", {**self.BODY, "language": "de-AT"})

        response = anonymous.post(f"{AUTH}login/", {"email": "ada@example.com", "password": PASSWORD})

        assert response.status_code == 200
        assert response.data["user"]["language"] == "de"

    @pytest.mark.parametrize(
        "field", sorted({f.name for f in User._meta.get_fields()} - set(BODY) - {"language", "consents"})
    )
    def test_takes_no_other_field_of_the_account(self, anonymous, field):
        response = anonymous.post(f"{AUTH}register/", {**self.BODY, field: True})

        assert (response.status_code, response.data["code"]) == (400, "unknown_field")
        assert not User.objects.exists()

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"email": "no address"}, ("email", "invalid")),
            ({"email": "аda@example.com"}, ("email", "invalid")),
            ({"email": "a" * 250 + "@example.com"}, ("email", "max_length")),
            ({"email": None}, ("email", "null")),
            ({"email": ["ada@example.com"]}, ("email", "invalid")),
            ({"email": "ada@example.com\r\nBcc: eve@example.com"}, ("email", "invalid")),
            ({"password": "short"}, ("password", "password_too_short")),
            ({"password": "x" * 1000}, ("password", "max_length")),
            ({"password": {}}, ("password", "invalid")),
            ({"first_name": "Ada\r\nBcc: eve@example.com"}, ("first_name", "invalid")),
            ({"first_name": "x" * 101}, ("first_name", "max_length")),
            ({"language": "tlh"}, ("language", "invalid_choice")),
        ],
    )
    def test_names_what_it_cannot_take(self, anonymous, change, expected):
        response = anonymous.post(f"{AUTH}register/", {**self.BODY, **change})

        assert response.status_code == 400
        assert fields(response) == [expected]
        assert not User.objects.exists()

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b"[]", b"null", b'{"email": "a\\u0000@example.com"}', b"{", b"\xff"]
    )
    def test_answers_odd_bodies_with_a_problem(self, anonymous, body):
        response = anonymous.post(f"{AUTH}register/", body, content_type="application/json")

        assert response.status_code == 400
        assert response.data["code"] in ("validation_failed", "malformed_body")


class TestLogin:
    def test_answers_tokens_and_user(self, anonymous):
        user = UserFactory(email="ada@example.com")

        response = anonymous.post(f"{AUTH}login/", {"email": "ADA@example.com", "password": PASSWORD})

        assert response.status_code == 200
        assert set(response.data) == {"access", "refresh", "user"}
        assert response.json()["user"] == {
            "id": str(user.pk),
            "email": "ada@example.com",
            "first_name": "Ada",
            "last_name": "Byron",
            "language": "en",
            "email_verified": False,
            "is_staff": False,
            "date_joined": user.date_joined.isoformat().replace("+00:00", "Z"),
        }
        assert client_with(response.data["access"]).get("/api/v1/users/me/").status_code == 200

    @pytest.mark.parametrize(
        "email", ["eve@example.com", "ada@example.com", "shut@example.com", "no address", "%"]
    )
    def test_refuses_everyone_else_in_the_same_words(self, anonymous, email):
        UserFactory(email="ada@example.com")
        UserFactory(email="shut@example.com", is_active=False)

        response = anonymous.post(f"{AUTH}login/", {"email": email, "password": "not it"})

        body = {name: value for name, value in response.json().items() if name != "request_id"}
        assert body == {
            "type": "/problems/invalid_credentials/",
            "title": "Wrong e-mail address or password",
            "status": 401,
            "detail": "This e-mail address and password don't belong together.",
            "code": "invalid_credentials",
        }

    def test_hands_the_cart_token_on(self, anonymous, monkeypatch):
        calls: list = []
        registry: ports.Registry = ports.Registry()
        registry.register("cart", lambda **call: calls.append(call["cart_token"]))
        monkeypatch.setattr(ports, "signed_in", registry)
        body = {"email": UserFactory().email, "password": PASSWORD}

        anonymous.post(f"{AUTH}login/", body, headers={"X-Cart-Token": "abc"})
        anonymous.post(f"{AUTH}login/", body)

        assert calls == ["abc", None]

    def test_is_limited_by_the_address_that_cannot_be_forged(self, anonymous, settings):
        cache.clear()
        settings.LIMITS_FACTOR = 1
        body = {"email": UserFactory().email, "password": "not it"}

        answers = [
            anonymous.post(f"{AUTH}login/", body, headers={"X-Forwarded-For": f"198.51.100.{number}"})
            for number in range(11)
        ]

        assert [answer.status_code for answer in answers] == [401] * 10 + [429]
        assert answers[-1].data["code"] == "rate_limited"
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 900

    @pytest.mark.parametrize("path", ["register/", "login/", "refresh/", "logout/", "password/reset/"])
    def test_open_calls_dont_look_at_the_bearer(self, path):
        response = client_with("stale").post(f"{AUTH}{path}", {})

        assert (response.status_code, response.data["code"]) == (400, "validation_failed")

    def test_costs_five_statements(self, anonymous, monkeypatch):
        monkeypatch.setattr(ports, "signed_in", ports.Registry())
        body = {"email": UserFactory().email, "password": PASSWORD}

        with CaptureQueriesContext(connection) as ran:
            assert anonymous.post(f"{AUTH}login/", body).status_code == 200

        words = [query["sql"].split()[0] for query in ran.captured_queries]
        assert [w for w in words if w in ("SELECT", "INSERT", "UPDATE", "DELETE")] == [
            "SELECT",
            "UPDATE",
            # The second factor.
            "SELECT",
            "INSERT",
            # Whether the device and the place are familiar.
            "SELECT",
        ]


class TestRefreshAndLogout:
    def test_rotates(self, anonymous):
        opened = sign_in_as(UserFactory())

        response = anonymous.post(f"{AUTH}refresh/", {"refresh": opened.tokens.refresh})

        assert response.status_code == 200
        assert set(response.data) == {"access", "refresh"}
        again = anonymous.post(f"{AUTH}refresh/", {"refresh": opened.tokens.refresh})
        assert (again.status_code, again.data["code"]) == (401, "token_invalid")
        assert client_with(response.data["access"]).get("/api/v1/users/me/").status_code == 401

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é"])
    def test_refuses_what_is_no_token(self, anonymous, token):
        for path in ("refresh/", "logout/"):
            response = anonymous.post(f"{AUTH}{path}", {"refresh": token})
            assert response.status_code == (401 if token else 400)

    def test_logout_ends_the_session(self, anonymous):
        opened = sign_in_as(UserFactory())

        response = anonymous.post(f"{AUTH}logout/", {"refresh": opened.tokens.refresh})

        assert (response.status_code, response.content) == (204, b"")
        assert client_with(opened.tokens.access).get("/api/v1/users/me/").status_code == 401

    def test_logout_all_ends_every_session(self):
        user = UserFactory()
        here, elsewhere = sign_in_as(user), sign_in_as(user)

        assert client_with(here.tokens.access).post(f"{AUTH}logout-all/").status_code == 204

        for opened in (here, elsewhere):
            assert client_with(opened.tokens.access).get("/api/v1/users/me/").status_code == 401

    @pytest.mark.parametrize("path", ["logout-all/", "password/change/", "email/verify/resend/"])
    def test_customers_calls_need_a_sign_in(self, anonymous, path):
        response = anonymous.post(f"{AUTH}{path}", {})

        assert (response.status_code, response.data["code"]) == (401, "not_authenticated")
        assert response.headers["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize("path", ["register/", "login/", "refresh/", "logout/", "logout-all/"])
    def test_only_posts(self, path, client_of):
        response = client_of(UserFactory()).get(f"{AUTH}{path}")

        assert (response.status_code, response.data["code"]) == (405, "method_not_allowed")


class TestPasswords:
    def test_change_keeps_this_session_only(self):
        user = UserFactory()
        here, elsewhere = sign_in_as(user), sign_in_as(user)
        body = {"old_password": PASSWORD, "new_password": NEW}

        assert client_with(here.tokens.access).post(f"{AUTH}password/change/", body).status_code == 204

        assert client_with(here.tokens.access).get("/api/v1/users/me/").status_code == 200
        assert client_with(elsewhere.tokens.access).get("/api/v1/users/me/").status_code == 401

    def test_change_refuses_a_wrong_old_one(self, client_of):
        body = {"old_password": "not it", "new_password": NEW}

        response = client_of(UserFactory()).post(f"{AUTH}password/change/", body)

        assert (response.status_code, fields(response)) == (400, [("old_password", "incorrect")])

    def test_reset_answers_the_same_for_known_and_unknown(self, anonymous):
        UserFactory(email="ada@example.com")

        known = anonymous.post(f"{AUTH}password/reset/", {"email": "ada@example.com"})
        unknown = anonymous.post(f"{AUTH}password/reset/", {"email": "eve@example.com"})

        assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"")
        assert OutboxEvent.objects.count() == 1

    def test_confirm_sets_it_once(self, anonymous):
        user = UserFactory()
        opened = sign_in_as(user)
        link = selectors.reset_link_parts(user, now=timezone.now())
        body = {"uid": link.uid, "token": link.token, "new_password": NEW}

        first = anonymous.post(f"{AUTH}password/reset/confirm/", body)
        again = anonymous.post(f"{AUTH}password/reset/confirm/", body)

        assert first.status_code == 204
        assert (again.status_code, again.data["code"]) == (400, "token_expired")
        assert client_with(opened.tokens.access).get("/api/v1/users/me/").status_code == 401
        assert anonymous.post(f"{AUTH}login/", {"email": user.email, "password": NEW}).status_code == 200

    def test_no_token_stands_in_an_event(self, anonymous):
        user = UserFactory()

        anonymous.post(f"{AUTH}password/reset/", {"email": user.email})

        assert set(OutboxEvent.objects.get().payload) == {"user_id", "version"}
        assert user.email not in json.dumps(OutboxEvent.objects.get().payload)


class TestVerify:
    def test_verifies_once(self, anonymous, client_of):
        user = UserFactory()
        link = selectors.verification_link_parts(user, now=timezone.now())
        body = {"uid": link.uid, "token": link.token}

        assert anonymous.post(f"{AUTH}email/verify/", body).status_code == 204
        again = anonymous.post(f"{AUTH}email/verify/", body)

        assert (again.status_code, again.data["code"]) == (400, "token_expired")
        assert client_of(user).get("/api/v1/users/me/").data["email_verified"] is True

    def test_resend_asks_for_a_mail(self, client_of):
        assert client_of(UserFactory()).post(f"{AUTH}email/verify/resend/").status_code == 202
        assert OutboxEvent.objects.get().type == "users.email_verification_requested.v1"
        assert Session.objects.count() == 1

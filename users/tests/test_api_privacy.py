"""A copy of one's data and being forgotten, over HTTP."""

from __future__ import annotations

from unittest.mock import ANY

import pytest
from django.test import Client
from django.utils import timezone

from users.models import TwoFactor, User
from users.second_factor import app_code
from users.tests.access import rows
from users.tests.clients import anonymous, client_with, sign_in_as
from users.tests.factories import PASSWORD, StaffFactory, UserFactory
from users.tests.parts import Part, parts_fixture

__all__ = ["parts_fixture"]
pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me/"
EXPORT = f"{ME}export/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(response):
    return response.status_code, response.json()["code"]


class TestExport:
    def test_is_a_file_that_nobody_keeps(self, client_of):
        user = UserFactory(email="ada@example.com")

        response = client_of(user).get(EXPORT)

        assert response.status_code == 200
        assert response.headers["Content-Disposition"] == 'attachment; filename="personal-data.json"'
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Type"] == "application/json"
        assert list(response.json()) == [
            "exported_at",
            "users",
            "cart",
            "notifications",
            "orders",
            "payments",
            "products",
        ]
        assert response.json()["users"]["profile"]["email"] == "ada@example.com"

    def test_ten_times_a_day(self, client_of, real_limits):
        ada, bob = UserFactory(), UserFactory()
        client = client_of(ada)

        answers = [client.get(EXPORT).status_code for _ in range(11)]

        assert answers == [200] * 10 + [429]
        refused = client.get(EXPORT)
        assert code(refused) == (429, "rate_limited")
        assert int(refused.headers["Retry-After"]) > 0
        # Others have days of their own.
        assert client_of(bob).get(EXPORT).status_code == 200


class TestDryRun:
    def test_tells_what_would_happen_and_changes_nothing(self, client_of, parts):
        parts(toys=Part(("The ball is lent.",)))
        client = client_of(UserFactory())
        before = rows()

        response = client.delete(f"{ME}?dry_run=1")

        assert response.status_code == 200
        assert response.json() == {
            "erased": [
                {"name": "profile", "count": 1, "reason": ANY},
                {"name": "sessions", "count": 1, "reason": "They end at once; device and network go."},
                {"name": "toys", "count": 2, "reason": "Nobody plays."},
            ],
            "kept": [{"name": "bills", "count": 1, "reason": "The law."}],
            "blockers": ["The ball is lent."],
        }
        assert rows() == before

    @pytest.mark.parametrize(
        ("query", "refusal"),
        [("dry_run=perhaps", (400, "validation_failed")), ("dryrun=1", (400, "unknown_filter"))],
    )
    def test_a_word_that_is_mistyped_erases_nobody(self, client_of, query, refusal):
        user = UserFactory()

        assert code(client_of(user).delete(f"{ME}?{query}", {"password": PASSWORD})) == refusal
        assert User.objects.get(pk=user.pk).erased_at is None


class TestErase:
    def test_ends_everything(self):
        user = UserFactory(email="ada@example.com")
        here, there = sign_in_as(user), sign_in_as(user)

        response = client_with(here.tokens.access).delete(ME, {"password": PASSWORD})

        assert (response.status_code, response.content) == (204, b"")
        for session in (here, there):
            gone = client_with(session.tokens.access).get(ME)
            assert code(gone) == (401, "token_invalid")
            refreshed = anonymous().post("/api/v1/auth/refresh/", {"refresh": session.tokens.refresh})
            assert code(refreshed) == (401, "token_invalid")
        known = anonymous().post("/api/v1/auth/login/", {"email": "ada@example.com", "password": PASSWORD})
        unknown = anonymous().post(
            "/api/v1/auth/login/", {"email": "nobody@example.com", "password": PASSWORD}
        )
        assert code(known) == code(unknown) == (401, "invalid_credentials")
        assert {**known.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
        assert not Client().login(username="ada@example.com", password=PASSWORD)

    def test_frees_the_address(self, client_of):
        user = UserFactory(email="ada@example.com")
        client_of(user).delete(ME, {"password": PASSWORD})
        body = {"email": "ada@example.com", "password": "violet kettle on a roof"}

        assert anonymous().post("/api/v1/auth/register/", body).status_code == 201

        signed_in = anonymous().post("/api/v1/auth/login/", body).json()
        assert signed_in["user"]["id"] != str(user.pk)

    @pytest.mark.parametrize(
        ("body", "field", "error"),
        [({}, "password", "required"), ({"password": "guessed"}, "password", "incorrect")],
    )
    def test_needs_the_password(self, client_of, body, field, error):
        user = UserFactory()
        client = client_of(user)
        before = rows()

        response = client.delete(ME, body)

        assert code(response) == (400, "validation_failed")
        assert [(found["field"], found["code"]) for found in response.json()["errors"]] == [(field, error)]
        assert rows() == before

    def test_needs_a_code_where_there_is_a_second_factor(self, client_of):
        user, now = UserFactory(), timezone.now()
        TwoFactor.objects.create(user=user, secret=SECRET, created_at=now, confirmed_at=now)
        client = client_of(user)

        for body, reason in (({}, "missing"), ({"otp": "123"}, "wrong")):
            refused = client.delete(ME, {"password": PASSWORD, **body})
            assert code(refused) == (401, "otp_required")
            assert refused.json()["reason"] == reason
        good = {"password": PASSWORD, "otp": app_code(SECRET, now=timezone.now())}
        assert client.delete(ME, good).status_code == 204

    def test_waits_for_what_is_open(self, client_of, parts):
        parts(toys=Part(("The ball is lent.",)))
        client = client_of(UserFactory())
        before = rows()

        response = client.delete(ME, {"password": PASSWORD})

        assert code(response) == (409, "erasure_blocked")
        assert response.json()["blockers"] == ["The ball is lent."]
        assert rows() == before
        assert client.get(ME).status_code == 200

    def test_is_not_for_staff(self, client_of):
        response = client_of(StaffFactory()).delete(ME, {"password": PASSWORD})

        assert code(response) == (409, "erasure_blocked")

    def test_guessing_the_password_is_limited(self, client_of, real_limits):
        client = client_of(UserFactory())

        answers = [client.delete(ME, {"password": "guessed"}).status_code for _ in range(11)]

        assert answers == [400] * 10 + [429]

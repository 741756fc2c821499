"""Moving one's account to another address over the API and by the built-in page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from shop.events.models import OutboxEvent
from tests.statements import statements
from users.models import EmailChange, TwoFactor, User
from users.second_factor import new_secret
from users.tests.factories import PASSWORD, UserFactory
from users.tests.moving import NEW, asked, everything

pytestmark = pytest.mark.django_db

ASK = "/api/v1/users/me/email/"
CONFIRM = "/api/v1/auth/email/change/confirm/"


def fields(response) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in response.data["errors"]]


class TestAsk:
    def test_answers_the_same_for_a_free_a_taken_and_the_present_address(self, client_of):
        UserFactory(email="taken@example.com")
        user = UserFactory(email="ada@example.com")
        client = client_of(user)

        answers = [
            client.post(ASK, {"email": email, "password": PASSWORD})
            for email in (NEW, "Taken@example.com", "ADA@example.com")
        ]

        hidden = {"X-Request-Id", "Date"}
        assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 3
        first, *others = [
            {name: value for name, value in answer.headers.items() if name not in hidden}
            for answer in answers
        ]
        assert others == [first] * 2
        assert first["Cache-Control"] == "no-store"
        assert EmailChange.objects.count() == 2
        user.refresh_from_db()
        assert user.email == "ada@example.com"

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"email": "no address"}, ("email", "invalid")),
            ({"email": "аda@example.com"}, ("email", "invalid")),
            ({"email": "a" * 250 + "@example.com"}, ("email", "max_length")),
            ({"email": None}, ("email", "null")),
            ({"email": "ada@example.com\r\nBcc: eve@example.com"}, ("email", "invalid")),
            ({"password": "not it"}, ("password", "incorrect")),
            ({"password": PASSWORD + " "}, ("password", "incorrect")),
            ({"password": []}, ("password", "invalid")),
            ({"password": "x" * 1001}, ("password", "max_length")),
            ({"otp": "1" * 21}, ("otp", "max_length")),
        ],
    )
    def test_names_what_it_cannot_take(self, client_of, change, expected):
        client = client_of(UserFactory())
        before = everything()

        response = client.post(ASK, {"email": NEW, "password": PASSWORD, **change})

        assert (response.status_code, fields(response)) == (400, [expected])
        assert everything() == before

    @pytest.mark.parametrize(
        "field", ["user_id", "user", "old_email", "new_email", "confirmed_at", "is_staff"]
    )
    def test_takes_no_other_field(self, client_of, field):
        response = client_of(UserFactory()).post(ASK, {"email": NEW, "password": PASSWORD, field: True})

        assert (response.status_code, response.data["code"]) == (400, "unknown_field")
        assert not EmailChange.objects.exists()

    def test_asks_for_the_second_factor(self, client_of):
        user = UserFactory()
        TwoFactor.objects.create(
            user=user, secret=new_secret(), created_at=timezone.now(), confirmed_at=timezone.now()
        )

        response = client_of(user).post(ASK, {"email": NEW, "password": PASSWORD})

        assert (response.status_code, response.data["code"]) == (401, "otp_required")
        assert response.data["reason"] == "missing"
        assert not EmailChange.objects.exists()

    def test_is_not_open_to_visitors(self, anonymous):
        assert anonymous.post(ASK, {"email": NEW, "password": PASSWORD}).status_code == 401

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    def test_knows_only_asking(self, client_of, method):
        assert getattr(client_of(UserFactory()), method)(ASK).status_code == 405

    def test_costs_nine_statements(self, client_of):
        client = client_of(UserFactory())

        with statements() as seen:
            assert client.post(ASK, {"email": NEW, "password": PASSWORD}).status_code == 202

        assert len(seen) == 9


class TestConfirm:
    def test_moves_the_account_once(self, client_of, anonymous):
        user = UserFactory()
        session = client_of(user)
        link = asked(user, now=timezone.now())

        first = anonymous.post(CONFIRM, {"uid": link.uid, "token": link.token})
        again = anonymous.post(CONFIRM, {"uid": link.uid, "token": link.token})

        assert (first.status_code, first.content) == (204, b"")
        assert (again.status_code, again.data["code"]) == (400, "token_expired")
        me = session.get("/api/v1/users/me/")
        assert (me.data["email"], me.data["email_verified"]) == (NEW, True)

    def test_a_stale_bearer_does_not_stand_in_the_way(self, anonymous):
        link = asked(UserFactory(), now=timezone.now())
        anonymous.credentials(HTTP_AUTHORIZATION="Bearer stale")

        assert anonymous.post(CONFIRM, {"uid": link.uid, "token": link.token}).status_code == 204

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"uid": "x", "token": "y"}, (400, "token_expired")),
            ({"uid": "x"}, (400, "validation_failed")),
            ({"uid": [], "token": {}}, (400, "validation_failed")),
            ({"uid": "\u0000", "token": "y"}, (400, "malformed_body")),
            ({"uid": "x" * 101, "token": "y"}, (400, "validation_failed")),
            ({"uid": "x", "token": "y", "email": NEW}, (400, "unknown_field")),
        ],
    )
    def test_refuses_what_is_no_link(self, anonymous, body, expected):
        response = anonymous.post(CONFIRM, body)

        assert (response.status_code, response.data["code"]) == expected

    def test_never_from_a_get(self, anonymous):
        link = asked(UserFactory(), now=timezone.now())

        response = anonymous.get(CONFIRM, {"uid": link.uid, "token": link.token})

        assert response.status_code == 405
        assert not User.objects.with_email(NEW).exists()


@pytest.fixture
def browser():
    """A browser that sends cookies and is asked for its CSRF token."""
    return Client(enforce_csrf_checks=True, headers={"accept-language": "en"})


def path_of(user) -> str:
    link = asked(user, now=timezone.now())
    return f"/account/email/{link.uid}/{link.token}/"


class TestPage:
    def test_asks_before_it_changes_anything(self, browser):
        user = UserFactory()
        path = path_of(user)
        before = everything()

        page = browser.get(path)

        assert page.status_code == 200
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in page.headers["Cache-Control"]
        assert b"Use this address" in page.content
        # Who opens the link may be a stranger: nothing tells whose account it is.
        assert user.email.encode() not in page.content
        assert everything() == before

    def test_changes_it_once(self, browser):
        user = UserFactory()
        path = path_of(user)

        assert b"Your address is changed" in browser.post(path).content
        assert b"no longer valid" in browser.post(path).content
        user.refresh_from_db()
        assert (user.email, user.email_verified) == (NEW, True)
        assert OutboxEvent.objects.filter(type="users.email_changed.v1").count() == 1

    def test_says_when_the_link_is_too_old(self, browser):
        user = UserFactory()
        link = asked(user, now=timezone.now() - timedelta(days=1, minutes=1))

        page = browser.post(f"/account/email/{link.uid}/{link.token}/")

        assert (page.status_code, b"no longer valid" in page.content) == (200, True)
        assert not User.objects.with_email(NEW).exists()

    def test_says_when_it_was_too_often(self, browser, settings):
        cache.clear()
        settings.LIMITS_FACTOR = 1
        for _ in range(60):
            browser.post("/account/email/x/y/")

        assert b"Not just now" in browser.post(path_of(UserFactory())).content

    @pytest.mark.parametrize("path", ["x/y/", "%C3%A9/%C3%A9-1/", "%00/y/"])
    def test_knows_a_link_that_is_none(self, browser, path):
        assert browser.get(f"/account/email/{path}").status_code == 200
        assert b"no longer valid" in browser.post(f"/account/email/{path}").content

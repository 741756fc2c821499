"""Deleting and copying somebody else's account, with a borrowed device or a stolen session."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from users import second_factor
from users.models import TwoFactor, User
from users.tests.access import rows
from users.tests.clients import anonymous, client_of
from users.tests.factories import PASSWORD, AddressFactory, StaffFactory, SuperuserFactory, UserFactory

pytestmark = [pytest.mark.django_db]

ME = "/api/v1/users/me/"
EXPORT = f"{ME}export/"

# A stolen session alone is not enough, whatever comes with it.
BAD = {
    "nothing": ({}, 400),
    "an empty password": ({"password": ""}, 400),
    "a wrong one": ({"password": "not it"}, 400),
    "with a space": ({"password": f"{PASSWORD} "}, 400),
    "shouted": ({"password": PASSWORD.upper()}, 400),
    "the hash": ({"password": "md5$"}, 400),
    "a truth": ({"password": True}, 400),
    "a list": ({"password": [PASSWORD]}, 400),
    "somebody else": ({"password": PASSWORD, "id": "018f0000-0000-7000-8000-000000000001"}, 400),
    "an address": ({"password": PASSWORD, "email": "victim@example.com"}, 400),
}


@pytest.mark.parametrize("case", BAD)
def test_nothing_is_erased_without_the_password(case):
    body, status = BAD[case]
    client = client_of(UserFactory())
    before = rows()

    answer = client.delete(ME, body)

    assert (answer.status_code, rows() == before) == (status, True)


def test_the_password_can_be_guessed_ten_times(real_limits):
    user = UserFactory()
    client = client_of(user)

    answers = [client.delete(ME, {"password": f"guess {number}"}) for number in range(11)]

    assert [answer.status_code for answer in answers] == [400] * 10 + [429]
    assert client.delete(ME, {"password": PASSWORD}).status_code == 429
    assert not User.objects.filter(erased_at__isnull=False).exists()


def test_all_calls_that_ask_for_the_password_share_the_guesses(real_limits):
    """Otherwise a stolen session had ten at each."""
    client = client_of(UserFactory())
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("delete", ME, {"password": "not it"}),
        (
            "post",
            "/api/v1/auth/password/change/",
            {"old_password": "not it", "new_password": "violet kettle"},
        ),
        ("post", f"{ME}email/", {"email": "eve@example.com", "password": "not it"}),
        ("post", f"{ME}two_factor/", {"password": "not it"}),
        ("post", f"{ME}two_factor/recovery_codes/", {"password": "not it", "otp": "123456"}),
    ]

    answers = [getattr(client, calls[n % 5][0])(*calls[n % 5][1:]) for n in range(12)]

    assert [answer.status_code for answer in answers] == [400] * 10 + [429] * 2


class TestSecondFactor:
    @pytest.fixture
    def user(self):
        user = UserFactory()
        TwoFactor.objects.create(
            user=user,
            secret=second_factor.new_secret(),
            created_at=timezone.now(),
            confirmed_at=timezone.now(),
        )
        return user

    @pytest.mark.parametrize(
        ("otp", "reason"),
        [("", "missing"), ("000000", "wrong"), ("abcde-fghjk", "wrong"), ("' OR 1=1", "wrong")],
    )
    def test_the_password_alone_erases_nothing(self, user, otp, reason):
        client = client_of(user)
        before = rows()

        answer = client.delete(ME, {"password": PASSWORD, "otp": otp})

        assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (
            401, "otp_required", reason,
        )  # fmt: skip
        assert rows() == before

    def test_a_wrong_password_says_nothing_about_it(self, user):
        plain = client_of(UserFactory()).delete(ME, {"password": "not it"}).json()
        guarded = client_of(user).delete(ME, {"password": "not it"}).json()

        assert {**plain, "request_id": ""} == {**guarded, "request_id": ""}


class TestPreview:
    def test_changes_nothing_and_names_nobody(self):
        user = UserFactory()
        AddressFactory(user=user)
        AddressFactory()
        client = client_of(user)
        before = rows()

        answer = client.delete(f"{ME}?dry_run=1")

        assert answer.status_code == 200
        assert rows() == before
        assert {holding["name"]: holding["count"] for holding in answer.data["erased"]}["addresses"] == 1
        assert "@" not in json.dumps(answer.json())

    @pytest.mark.parametrize(
        "query", ["dry_run=0", "dry_run=false", "dry-run=1", "dryrun=1", "dry_run", "DRY_RUN=1"]
    )
    def test_what_is_no_preview_needs_the_password(self, query):
        client = client_of(UserFactory())
        before = rows()

        answer = client.delete(f"{ME}?{query}")

        assert (answer.status_code, rows() == before) == (400, True)


class TestOthers:
    @pytest.mark.parametrize("factory", [UserFactory, StaffFactory, SuperuserFactory])
    def test_nobody_copies_somebody_else(self, factory):
        """There is no such address, and nothing in the request can name another account."""
        victim = UserFactory(first_name="Hedwig", email="hedwig@example.com")
        AddressFactory(user=victim, full_name="Hedwig Kiesler")
        client = client_of(factory())
        queries = (
            "",
            f"?user={victim.pk}",
            f"?user_id={victim.pk}",
            f"?id={victim.pk}",
            f"?email={victim.email}",
        )

        answers = [client.get(f"{EXPORT}{query}") for query in queries]
        elsewhere = client.get(f"/api/v1/users/{victim.pk}/export/")

        assert elsewhere.status_code == 404
        for answer in answers:
            assert answer.status_code in (200, 400)
            assert "hedwig" not in answer.content.decode().lower()

    @pytest.mark.parametrize("factory", [UserFactory, StaffFactory, SuperuserFactory])
    def test_nobody_erases_somebody_else(self, factory):
        victim = UserFactory()
        client = client_of(factory())
        before = rows()

        answers = [
            client.delete(f"/api/v1/users/{victim.pk}/me/", {"password": PASSWORD}),
            client.delete(f"{ME}?user_id={victim.pk}", {"password": "not it"}),
        ]

        assert [answer.status_code for answer in answers[:1]] == [404]
        assert answers[1].status_code == 400
        assert rows() == before

    def test_a_copy_is_kept_by_nobody(self):
        answer = client_of(UserFactory()).get(EXPORT)

        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Disposition"].startswith("attachment")

    def test_copies_are_ten_a_day(self, real_limits):
        client = client_of(UserFactory())

        assert [client.get(EXPORT).status_code for _ in range(11)] == [200] * 10 + [429]


def test_an_erased_persons_address_can_open_a_new_account_that_has_nothing_of_the_old():
    user = UserFactory(email="ada@example.com", first_name="Augusta")
    AddressFactory(user=user)
    assert client_of(user).delete(ME, {"password": PASSWORD}).status_code == 204

    body = {"email": "ada@example.com", "password": "violet kettle"}
    assert anonymous().post("/api/v1/auth/register/", body).status_code == 201
    newcomer = User.objects.get(email="ada@example.com")

    assert newcomer.pk != user.pk
    client = client_of(newcomer)
    assert client.get(f"{ME}shipping_addresses/").data["count"] == 0
    assert "Augusta" not in client.get(EXPORT).content.decode()

"""Nobody learns from an answer whether an address has an account, nor what kind: its words, its status, its size."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.utils import timezone

from shop.core.errors import PermissionDenied
from users import selectors, services
from users.services import recognition
from users.tests.attacks.strangers import ADDRESSES, KINDS, make_accounts, seen
from users.tests.clients import client_of
from users.tests.factories import PASSWORD, UserFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("mail_server"),
    pytest.mark.once,
]

AUTH = "/api/v1/auth/"
NEW = "violet kettle on a roof"


@pytest.fixture
def accounts():
    return make_accounts()


@pytest.fixture(params=["mail works", "mail is down"])
def mail_server(request, settings):
    """Let the mail server be there or not: a request that waits for it would tell who gets a mail."""
    if request.param == "mail is down":
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9


def log_in(client: Any, email: str) -> Any:
    return client.post(f"{AUTH}login/", {"email": email, "password": "not it"})


def register(client: Any, email: str) -> Any:
    return client.post(f"{AUTH}register/", {"email": email, "password": NEW, "first_name": "Ada"})


def ask_for_reset(client: Any, email: str) -> Any:
    return client.post(f"{AUTH}password/reset/", {"email": email})


@pytest.mark.parametrize("ask", [log_in, register, ask_for_reset])
class TestByAddress:
    def test_every_kind_of_account_looks_alike(self, ask, accounts, anonymous):
        answers = {kind: seen(ask(anonymous, ADDRESSES[kind]), ADDRESSES[kind]) for kind in KINDS}

        assert answers == dict.fromkeys(KINDS, answers["active"])

    def test_and_goes_on_to_when_asked_again_and_again(self, ask, accounts, anonymous, real_limits):
        """What a mail too many, or a try too many, changes is the same for all of them."""
        answers = {
            kind: [seen(ask(anonymous, ADDRESSES[kind]), ADDRESSES[kind]) for _ in range(3)] for kind in KINDS
        }

        assert answers == dict.fromkeys(KINDS, answers["active"])


def test_the_limit_on_one_address_comes_at_the_same_try(accounts, anonymous, real_limits):
    answers = {kind: [log_in(anonymous, ADDRESSES[kind]).status_code for _ in range(11)] for kind in KINDS}

    assert answers == dict.fromkeys(KINDS, [401] * 10 + [429])


@pytest.mark.parametrize("kind", ["closed", "barred", "erased", "absent"])
def test_the_right_password_opens_none_but_the_active(kind, accounts, anonymous):
    """Also where the password is right, a closed account answers as one that isn't there."""
    missing = seen(log_in(anonymous, "nobody@example.com"))

    answer = anonymous.post(f"{AUTH}login/", {"email": ADDRESSES[kind], "password": PASSWORD})

    assert seen(answer) == missing


class TestByLink:
    """The ids in mailed links are no secret: forwarded mails have them."""

    @pytest.mark.parametrize("call", ["password/reset/confirm", "email/verify", "email/change/confirm"])
    def test_a_bad_token_says_the_same_whoever_it_names(self, call, accounts, anonymous):
        ids = [selectors.reset_link_parts(user, now=timezone.now()).uid for user in accounts.values()]
        ids += [selectors.reset_link_parts(UserFactory.build(), now=timezone.now()).uid]  # type: ignore[attr-defined]
        more = {"new_password": NEW} if "reset" in call else {}

        answers = [
            seen(anonymous.post(f"{AUTH}{call}/", {"uid": uid, "token": "abc123-" + "0" * 32, **more}))
            for uid in ids
        ]

        assert answers == answers[:1] * len(ids)
        assert answers[0][0] == 400

    def test_a_bad_password_is_not_looked_at_before_the_token(self, accounts, anonymous):
        """Otherwise "too short" would say that the account is there."""
        answers = [
            seen(
                anonymous.post(
                    f"{AUTH}password/reset/confirm/", {"uid": uid, "token": "x-y", "new_password": "short"}
                )
            )
            for uid in (selectors.reset_link_parts(accounts["active"], now=timezone.now()).uid, "nobody")
        ]

        assert answers[0] == answers[1]


class TestFromInside:
    def test_a_move_to_any_address_looks_alike(self, accounts):
        client = client_of(UserFactory())

        answers = {
            kind: seen(client.post("/api/v1/users/me/email/", {"email": email, "password": PASSWORD}))
            for kind, email in ADDRESSES.items()
        }

        assert answers == dict.fromkeys(KINDS, answers["active"])

    def test_a_strangers_id_looks_like_none(self, accounts):
        client = client_of(UserFactory())
        ids = [str(user.pk) for user in accounts.values()] + [
            "018f0000-0000-7000-8000-000000000001",
            "nobody",
        ]

        for rest in ("", "shipping_addresses/", "consents/"):
            answers = {seen(client.get(f"/api/v1/users/{name}/{rest}"))[:3] for name in ids}
            assert len(answers) == 1
            assert answers.pop()[0] == 404


class TestWork:
    """What an answer costs shows in its time: one hash, whoever asks about whom."""

    @pytest.fixture
    def hashed(self, monkeypatch):
        """Note each calculation of a hash."""
        work: list[str] = []
        real = MD5PasswordHasher.encode

        def noted(self, password, salt):
            work.append("hash")
            return real(self, password, salt)

        monkeypatch.setattr(MD5PasswordHasher, "encode", noted)
        return work

    @pytest.mark.parametrize(("ask", "hashes"), [(log_in, 1), (register, 1), (ask_for_reset, 0)])
    @pytest.mark.parametrize("kind", KINDS)
    def test_each_kind_costs_the_same(self, ask, hashes, kind, accounts, anonymous, hashed):
        hashed.clear()

        ask(anonymous, ADDRESSES[kind])

        assert len(hashed) == hashes


def test_control_a_talkative_sign_in_is_noticed(accounts, anonymous, monkeypatch):
    """The comparison can fail: a refusal of its own for closed accounts shows."""
    real = recognition.recognised

    def talkative(*, email, **more):
        if email == ADDRESSES["closed"]:
            raise PermissionDenied
        return real(email=email, **more)

    monkeypatch.setattr(services.sessions, "recognised", talkative)

    assert len({str(seen(log_in(anonymous, ADDRESSES[kind]))) for kind in KINDS}) == 2

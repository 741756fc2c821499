"""Mailed links: where they lead, how often they work, for whom, and for what."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from django.utils.http import int_to_base36

from shop.events.local import LocalBackend
from shop.events.models import OutboxEvent
from users import selectors, tokens
from users.models import EmailChange, User
from users.tests.access import rows
from users.tests.clients import anonymous, client_of, sign_in_as
from users.tests.factories import PASSWORD, UserFactory
from users.tests.moving import asked
from users.tests.races import together

AUTH = "/api/v1/auth/"
NEW = "violet kettle on a roof"
SHOP = "https://shop.example"

# What each kind of link is for, and the call that takes it.
CALLS = {
    "reset": ("password/reset/confirm", {"new_password": NEW}),
    "verify": ("email/verify", {}),
    "move": ("email/change/confirm", {}),
}


def link(purpose: str, user: User) -> selectors.LinkParts:
    now = timezone.now()
    if purpose == "reset":
        return selectors.reset_link_parts(user, now=now)
    if purpose == "verify":
        return selectors.verification_link_parts(user, now=now)
    return asked(user, f"moved-{user.email}", now=now)


def use(purpose: str, uid: str, token: str) -> Any:
    path, more = CALLS[purpose]
    return anonymous().post(f"{AUTH}{path}/", {"uid": uid, "token": token, **more})


@pytest.mark.django_db
class TestHost:
    """A link that leads to whoever sent the request would hand them the token."""

    FORGED = {
        "X-Forwarded-Host": "evil.example",
        "X-Host": "evil.example",
        "X-Original-Host": "evil.example",
        "X-HTTP-Host-Override": "evil.example",
        "X-Forwarded-Server": "evil.example",
        "Forwarded": "host=evil.example",
        "X-Original-URL": "https://evil.example/",
        "Origin": "https://evil.example",
        "Referer": "https://evil.example/",
        "X-Forwarded-Port": "6666",
        "X-Forwarded-Proto": "gopher",
    }

    @pytest.fixture(autouse=True)
    def shop(self, settings):
        settings.SHOP_URL, settings.STOREFRONT_URL = SHOP, ""

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "evil.example:80", "testserver.evil.example", "testserver@evil.example",
         "evil.example#testserver", "testserver, evil.example", "testserver\tevil.example", "", "/", "[::6]"],
    )  # fmt: skip
    @pytest.mark.parametrize("path", ["password/reset", "register"])
    def test_another_host_is_refused_before_anything_happens(self, host, path):
        UserFactory(email="ada@example.com")
        before = rows()

        answer = anonymous().post(
            f"{AUTH}{path}/", {"email": "ada@example.com", "password": NEW}, HTTP_HOST=host
        )

        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
        assert "evil" not in answer.content.decode()
        assert rows() == before

    @pytest.mark.parametrize("header", FORGED)
    def test_no_header_gets_into_a_mail(self, header):
        """The whole way: the request, the event, the worker, the mail."""
        client = anonymous()
        headers = {header: self.FORGED[header]}

        client.post(f"{AUTH}register/", {"email": "ada@example.com", "password": NEW}, headers=headers)
        client.post(f"{AUTH}register/", {"email": "ada@example.com", "password": NEW}, headers=headers)
        client.post(f"{AUTH}password/reset/", {"email": "ada@example.com"}, headers=headers)
        work()

        assert len(mail.outbox) == 3
        for message in mail.outbox:
            assert message.to == ["ada@example.com"]
            texts = [message.body, *(part for part, _ in getattr(message, "alternatives", ()))]
            addresses = [address for text in texts for address in re.findall(r"https?://[^\s\"'<>]+", text)]
            assert addresses
            assert all(address.startswith(f"{SHOP}/") for address in addresses)
            assert "evil" not in "".join((*texts, *message.extra_headers.values()))


def work() -> None:
    """Hand out the events and send the mail, as the worker does."""
    LocalBackend().send(list(OutboxEvent.objects.order_by("pk")))
    call_command("send_mail", "--once", stdout=StringIO())


@pytest.mark.django_db
class TestUse:
    @pytest.mark.parametrize("purpose", CALLS)
    def test_works_once(self, purpose):
        parts = link(purpose, UserFactory())

        first = use(purpose, parts.uid, parts.token)
        after = rows()
        again = [use(purpose, parts.uid, parts.token) for _ in range(3)]

        assert first.status_code == 204
        assert [(answer.status_code, answer.json()["code"]) for answer in again] == [
            (400, "token_expired")
        ] * 3
        assert rows() == after

    @pytest.mark.parametrize("made_for", CALLS)
    @pytest.mark.parametrize("used_for", CALLS)
    def test_works_for_its_purpose_only(self, made_for, used_for):
        user = UserFactory()
        parts = {purpose: link(purpose, user) for purpose in CALLS}
        before = rows()

        # Under its own id and under the id that the other call looks for.
        answers = [use(used_for, parts[name].uid, parts[made_for].token) for name in (made_for, used_for)]

        if made_for == used_for:
            assert answers[0].status_code == 204
        else:
            assert [(a.status_code, a.json()["code"]) for a in answers] == [(400, "token_expired")] * 2
            assert rows() == before

    @pytest.mark.parametrize("purpose", CALLS)
    def test_opens_no_other_account(self, purpose):
        ada, eve = UserFactory(), UserFactory()
        hers, mine = link(purpose, ada), link(purpose, eve)
        before = rows()

        answer = use(purpose, hers.uid, mine.token)

        assert (answer.status_code, answer.json()["code"]) == (400, "token_expired")
        assert rows() == before

    CHANGES: dict[str, dict[str, Any]] = {
        "password": {"password": "!another"},
        "address": {"email": "elsewhere@example.com"},
        "closed": {"is_active": False},
    }

    @pytest.mark.parametrize("purpose", CALLS)
    @pytest.mark.parametrize("change", CHANGES)
    def test_dies_with_what_it_was_made_for(self, purpose, change):
        user = UserFactory()
        parts = link(purpose, user)
        User.objects.filter(pk=user.pk).update(**self.CHANGES[change])
        before = rows()

        answer = use(purpose, parts.uid, parts.token)

        if (purpose, change) == ("verify", "password"):
            # It opens nothing, and the address is still the one that the mail went to.
            assert answer.status_code == 204
        else:
            assert (answer.status_code, answer.json()["code"]) == (400, "token_expired")
            assert rows() == before

    def test_a_sign_in_kills_the_reset_link(self):
        """Who gets in has found the password; a link in an old mail is only a risk from then on."""
        user = UserFactory()
        parts = link("reset", user)
        anonymous().post(f"{AUTH}login/", {"email": user.email, "password": PASSWORD})

        assert use("reset", parts.uid, parts.token).status_code == 400

    def test_a_move_kills_the_reset_link_of_the_old_address(self):
        user = UserFactory()
        old, move = link("reset", user), link("move", user)
        assert use("move", move.uid, move.token).status_code == 204

        assert use("reset", old.uid, old.token).status_code == 400

    def test_a_reset_kills_the_move_that_somebody_else_began(self):
        """Who had the password for a moment can't take the account over after its owner has set another."""
        user = UserFactory()
        move, reset = link("move", user), link("reset", user)
        assert use("reset", reset.uid, reset.token).status_code == 204

        assert use("move", move.uid, move.token).status_code == 400
        user.refresh_from_db()
        assert not user.email.startswith("moved-")


def tampered(token: str) -> dict[str, str]:
    made, _, mark = token.partition("-")
    younger = int_to_base36(int(made, 36) + 1800)
    return {
        "younger": f"{younger}-{mark}",
        "shouted": token.upper(),
        "cut": token[:-1],
        "longer": f"{token}0",
        "turned": f"{made}-{mark[::-1]}",
        "without a mark": f"{made}-",
        "without a time": f"-{mark}",
        "without a dash": f"{made}{mark}",
        "another dash": token.replace("-", "\u2013"),
        "wide figures": token.translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
        "with space": token.replace("-", " - "),
        "a time that never was": f"{'z' * 13}-{mark}",
        "a time before time": f"-1-{mark}",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", CALLS)
def test_a_token_that_was_tampered_with_is_none(purpose):
    parts = link(purpose, UserFactory())
    before = rows()

    answers = {name: use(purpose, parts.uid, token) for name, token in tampered(parts.token).items()}

    assert {name: answer.json()["code"] for name, answer in answers.items()} == dict.fromkeys(
        answers, "token_expired"
    )
    assert rows() == before
    # Half of a SHA-256: 128 bits.
    assert len(parts.token.partition("-")[2]) == 32
    assert use(purpose, parts.uid, parts.token).status_code == 204


@pytest.mark.django_db
def test_a_token_of_another_key_is_none():
    """A leaked copy of the database is worth no link: the key isn't in it."""
    user = UserFactory()
    now = timezone.now()
    for generator in (tokens.PasswordResetTokens(), tokens.EmailVerificationTokens()):
        generator.secret = "another key"
        assert not type(generator)().is_good(user, generator.make(user, now=now), now=now)
        assert generator.is_good(user, generator.make(user, now=now), now=now)


@pytest.mark.django_db
@pytest.mark.parametrize(("purpose", "hours"), [("reset", 1), ("verify", 72), ("move", 24)])
def test_a_link_runs_out(purpose, hours):
    user, late = UserFactory(), timezone.now() - timedelta(hours=hours, minutes=1)
    if purpose == "move":
        parts = asked(user, "moved@example.com", now=late)
    elif purpose == "reset":
        parts = selectors.reset_link_parts(user, now=late)
    else:
        parts = selectors.verification_link_parts(user, now=late)

    answer = use(purpose, parts.uid, parts.token)

    assert (answer.status_code, answer.json()["code"]) == (400, "token_expired")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("purpose", CALLS)
def test_of_ten_uses_at_once_one_counts(purpose):
    parts = link(purpose, UserFactory())

    answers = together(10, lambda _: use(purpose, parts.uid, parts.token))

    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 9
    assert EmailChange.objects.filter(confirmed_at__isnull=False).count() == (purpose == "move")


@pytest.mark.django_db
class TestLeaks:
    @pytest.mark.parametrize("purpose", CALLS)
    def test_no_token_is_stored(self, purpose):
        user = UserFactory()
        client = client_of(user)
        client.post(f"{AUTH}password/reset/", {"email": user.email})
        client.post(f"{AUTH}email/verify/resend/")
        parts = link(purpose, user)

        assert parts.token not in str(rows())

    @pytest.mark.parametrize("call", [path for path, _ in CALLS.values()])
    def test_the_api_takes_a_token_from_the_body_only(self, call):
        """An address stands in logs and histories."""
        user = UserFactory()
        parts = link("reset", user)
        path = f"{AUTH}{call}/?uid={parts.uid}&token={parts.token}"
        before = rows()

        answers = [anonymous().get(path), anonymous().post(path, {})]

        assert [answer.status_code for answer in answers] == [405, 400]
        assert rows() == before

    @pytest.mark.parametrize("page", ["reset", "verify", "email"])
    def test_no_page_passes_its_address_on(self, page):
        user = UserFactory()
        sign_in_as(user)
        parts = link({"email": "move"}.get(page, page), user)

        answer = anonymous().get(f"/account/{page}/{parts.uid}/{parts.token}/")

        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer.headers["Cache-Control"]
        assert user.email not in answer.content.decode()

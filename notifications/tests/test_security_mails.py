"""Mails that guard an account: read from real rows, to the right address, with links only where they may be."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from notifications import rendering, selectors, sender, services
from notifications.models import EmailMessage
from notifications.personal_data import NotificationsPersonalData
from notifications.services import To
from notifications.tests.conftest import Script
from users import selectors as users
from users import services as accounts
from users.tests.clients import sign_in_as
from users.tests.factories import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.once]

CLIENT = accounts.Client(address="203.0.113.9")
OLD, NEW = "old@example.com", "new@example.net"


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    settings.SHOP_URL, settings.STOREFRONT_URL = "https://shop.example", ""


def an_account(**fields: Any) -> Any:
    user = get_user_model()(**{"email": OLD, "first_name": "Ana", "language": "en", **fields})
    user.set_password(PASSWORD)
    user.save()
    return user


def asked(account: Any, email: str = NEW) -> UUID:
    """Ask for an address and return the id of the change."""
    accounts.request_email_change(user_id=account.pk, email=email, password=PASSWORD, now=timezone.now())
    return UUID(str(account.email_changes.get(withdrawn_at=None, confirmed_at=None).pk))


def owe(template: str, account: Any, **facts: Any) -> EmailMessage:
    to = To.address_row(account.pk) if "change" in facts else To.user(account.pk)
    said = {name: str(fact) if isinstance(fact, UUID) else fact for name, fact in facts.items()}
    event_id = uuid4()
    services.enqueue(event_id=event_id, template=template, to=to, now=timezone.now(), facts=said)
    return EmailMessage.objects.get(event_id=event_id)


def delivered(server: Script) -> str:
    """Send what is due and return the text of the one mail that arrived."""
    assert sender.send_due(now=timezone.now()) == 1
    (taken,) = server.taken
    body = taken.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def undelivered(server: Script, message: EmailMessage) -> str:
    """Send what is due, see that nothing arrives, and return the reason."""
    assert sender.send_due(now=timezone.now()) == 0
    message.refresh_from_db()
    assert (message.state, server.taken) == ("dead", [])
    return message.error


def links_in(text: str) -> list[str]:
    return re.findall(r"https://\S+?/account/\S+", text)


def confirm(text: str) -> None:
    link = re.search(r"https://shop\.example/account/email/([^/]+)/([^/]+)/\s", text)
    assert link is not None
    accounts.confirm_email_change(uid=link[1], token=link[2], client=CLIENT, now=timezone.now())


class TestConfirm:
    def test_goes_to_the_new_address_with_a_link_that_works(self, server: Script) -> None:
        account = an_account(email_verified_at=timezone.now())
        message = owe("email_change_confirm", account, change=asked(account))

        text = delivered(server)

        assert server.recipients == [NEW]
        # Whether the new address is the owner's isn't known yet, so nobody is greeted.
        assert "Hello,\n" in text
        assert "Ana" not in text
        assert OLD not in text
        assert str(account.pk) not in text
        confirm(text)
        account.refresh_from_db()
        assert account.email == NEW
        message.refresh_from_db()
        assert (message.state, message.sent_to) == ("sent", "n…@e….net")
        token = text.partition("/account/email/")[2].split("/")[1]
        assert token not in str(vars(message))
        assert NEW not in str(vars(message))

    def test_speaks_the_language_of_whoever_asked(self, server: Script) -> None:
        account = an_account(language="de")
        owe("email_change_confirm", account, change=asked(account))

        assert "Neue Adresse bestätigen" in delivered(server)

    def test_says_until_when_the_link_works(self, server: Script, monkeypatch: pytest.MonkeyPatch) -> None:
        account = an_account()
        change = asked(account)
        account.email_changes.update(requested_at=timezone.now() - timedelta(hours=23))
        owe("email_change_confirm", account, change=change)
        facts = users.email_change(change, now=timezone.now())
        assert facts is not None

        text = delivered(server)

        assert f"until {facts.expires_at:%B} {facts.expires_at.day}, {facts.expires_at.year}" in text
        confirm(text)

    @pytest.mark.parametrize("taken", [NEW, NEW.upper()])
    def test_tells_the_owner_of_an_address_that_has_an_account(self, server: Script, taken: str) -> None:
        account = an_account()
        change = asked(account)
        an_account(email=taken, first_name="Bo", language="de", email_verified_at=timezone.now())
        owe("email_change_confirm", account, change=change)

        text = delivered(server)

        # To the address as that account has it, in its language.
        assert server.recipients == [taken]
        assert "Guten Tag Bo,\n" in text
        assert "Zu dieser Adresse gibt es bereits ein Konto" in text
        assert links_in(text) == []
        assert server.taken[0]["Subject"] == "Sie haben bereits ein Konto bei Fern & Oak"
        assert "account/" not in str(server.taken[0].get_body(("html",)))

    def test_greets_no_owner_who_has_not_confirmed_the_address(self, server: Script) -> None:
        account = an_account()
        change = asked(account)
        an_account(email=NEW, first_name="Bo")
        owe("email_change_confirm", account, change=change)

        assert "Hello,\n" in delivered(server)

    def test_tells_nobody_where_the_account_is_shut(self, server: Script) -> None:
        account = an_account()
        change = asked(account)
        an_account(email=NEW, is_active=False)
        message = owe("email_change_confirm", account, change=change)

        assert undelivered(server, message) == "The account is erased or closed."

    @pytest.mark.parametrize("template", ["email_change_confirm", "email_change_asked"])
    @pytest.mark.parametrize("end", ["confirmed", "withdrawn", "run out", "other address", "new password"])
    def test_says_nothing_when_the_change_is_over(self, server: Script, template: str, end: str) -> None:
        account = an_account()
        change = asked(account)
        now = timezone.now()
        if end == "confirmed":
            account.email_changes.update(confirmed_at=now)
            get_user_model().objects.filter(pk=account.pk).update(email=NEW)
        elif end == "withdrawn":
            account.email_changes.update(withdrawn_at=now)
        elif end == "run out":
            account.email_changes.update(requested_at=now - timedelta(days=1))
        elif end == "other address":
            get_user_model().objects.filter(pk=account.pk).update(email="third@example.com")
        else:
            accounts.change_password(
                user_id=account.pk,
                session_id=None,
                old_password=PASSWORD,
                new_password="violet kettle",
                now=now,
            )
        message = owe(template, account, change=change)

        assert (
            undelivered(server, message) == "The change of address has come true, was withdrawn, or ran out."
        )

    @pytest.mark.parametrize("template", ["email_change_confirm", "email_change_asked", "email_changed"])
    @pytest.mark.parametrize("end", ["erased", "shut", "forgotten"])
    def test_says_nothing_when_nobody_is_there(self, server: Script, template: str, end: str) -> None:
        account = an_account()
        change = asked(account)
        if end == "forgotten":
            account.email_changes.all().delete()
        else:
            erased_at = timezone.now() if end == "erased" else None
            get_user_model().objects.filter(pk=account.pk).update(is_active=False, erased_at=erased_at)
        message = owe(template, account, change=change)

        reason = undelivered(server, message)

        assert reason == "The account is erased or closed, or the change of address is forgotten."


class TestAsked:
    def test_tells_the_present_address_how_to_stop_it(self, server: Script) -> None:
        account = an_account(email_verified_at=timezone.now())
        change = asked(account)
        owe("email_change_asked", account, change=change)

        text = delivered(server)

        assert server.recipients == [OLD]
        assert "Hello Ana,\n" in text
        assert "New address: n…@e….net\n" in text
        assert NEW not in text
        assert re.search(r"Asked for on: \w+ \d+, \d{4}, \d+:\d\d\s[AP]M UTC\n", text)
        assert "/account/email/" not in text
        (link,) = links_in(text)
        found = re.search(r"/account/reset/([^/]+)/([^/]+)/", link)
        assert found is not None
        accounts.reset_password(
            uid=found[1], token=found[2], new_password="violet kettle", client=CLIENT, now=timezone.now()
        )
        facts = users.email_change(change, now=timezone.now())
        assert facts is not None
        assert not facts.pending

    def test_greets_nobody_at_an_address_that_was_never_confirmed(self, server: Script) -> None:
        account = an_account()
        owe("email_change_asked", account, change=asked(account))

        assert "Hello,\n" in delivered(server)


class TestChanged:
    def test_tells_the_old_address_without_a_way_in(self, server: Script) -> None:
        account = an_account(language="de", email_verified_at=timezone.now())
        change = asked(account)
        get_user_model().objects.filter(pk=account.pk).update(email=NEW)
        account.email_changes.update(confirmed_at=timezone.now())
        owe("email_changed", account, change=change)

        text = delivered(server)

        assert server.recipients == [OLD]
        assert "Ihr Konto hat eine neue Adresse" in text
        assert "Neue Adresse: n…@e….net\n" in text
        assert "antworten Sie bitte sofort auf diese Nachricht" in text
        assert links_in(text) == []
        assert NEW not in text


class TestRefreshTokenReused:
    AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0 http://evil.example"

    def test_says_which_sign_in_and_what_to_do(self, server: Script) -> None:
        account = an_account(email_verified_at=timezone.now())
        client = accounts.Client(address="203.0.113.77", user_agent=self.AGENT)
        opened = accounts.open_session(user=account, client=client, now=timezone.now())
        account.sessions.update(ended_at=timezone.now(), end_reason="token_reused")
        owe("refresh_token_reused", account, session=opened.session_id)

        text = delivered(server)

        assert server.recipients == [OLD]
        assert "Hello Ana,\n" in text
        assert "Device: Firefox on Linux\nNetwork: 203.0.113.x\nSigned in: " in text
        assert "\nLast used: " in text
        assert "\nSigned out: " in text
        assert "evil" not in text
        assert "203.0.113.77" not in text
        (link,) = links_in(text)
        assert "/account/reset/" in link

    def test_manages_without_a_session_that_is_forgotten(self, server: Script) -> None:
        account = an_account()
        owe("refresh_token_reused", account, session=uuid4())

        text = delivered(server)

        assert "We ended one of your sign-ins" in text
        assert "Device" not in text

    def test_says_nothing_to_an_erased_account(self, server: Script) -> None:
        account = an_account()
        session_id = sign_in_as(account).session_id
        get_user_model().objects.filter(pk=account.pk).update(is_active=False, erased_at=timezone.now())
        message = owe("refresh_token_reused", account, session=session_id)

        assert undelivered(server, message) == "The account is erased or closed."


class TestNewSignIn:
    def test_names_the_device_and_the_place_in_words_of_ours(self, server: Script) -> None:
        account = an_account(email_verified_at=timezone.now())
        agent = "Mozilla/5.0 (X11; Linux x86_64; evil.example) Firefox/131.0"
        client = accounts.Client(address="203.0.113.77", user_agent=agent)
        opened = accounts.open_session(user=account, client=client, now=timezone.now())
        owe("new_sign_in", account, session=opened.session_id)

        text = delivered(server)

        assert server.taken[0]["Subject"] == "New sign-in at Fern & Oak"
        assert "Device: Firefox on Linux\nNetwork: 203.0.113.x\nSigned in: " in text
        assert "evil" not in text
        (link,) = links_in(text)
        assert "/account/reset/" in link


class TestTwoFactorChanged:
    @pytest.mark.parametrize(
        ("enabled", "by_staff", "subject", "says"),
        [
            (True, False, "Two-step sign-in is on at Fern & Oak", "Keep the recovery codes"),
            (False, False, "Two-step sign-in is off at Fern & Oak", "your password alone opens your account"),
            (False, True, "Two-step sign-in was reset at Fern & Oak", "Our staff switched off"),
        ],
    )
    def test_says_what_was_changed(
        self, server: Script, enabled: bool, by_staff: bool, subject: str, says: str
    ) -> None:
        account = an_account()
        facts = {"enabled": enabled, "by_staff": by_staff, "at": "2026-11-23T15:04:00+00:00"}
        owe("two_factor_changed", account, **facts)

        text = delivered(server)

        assert server.taken[0]["Subject"] == subject
        assert says in text
        assert "Changed on: November 23, 2026, 3:04\u202fPM UTC\n" in text
        assert len(links_in(text)) == 1

    @pytest.mark.parametrize("language", ["en", "de"])
    @pytest.mark.parametrize(("enabled", "by_staff"), [(True, False), (False, False), (False, True)])
    def test_says_the_same_in_both_parts(self, language: str, enabled: bool, by_staff: bool) -> None:
        context = {"enabled": enabled, "by_staff": by_staff, "at": timezone.now(), "reset_url": "https://x/"}
        mail = rendering.render(template="two_factor_changed", language=language, context=context)

        lines = [line for line in mail.text.splitlines() if len(line) > 60]
        assert len(lines) >= 3
        shown = mail.html.replace("&amp;", "&")
        assert all(line in shown for line in lines)


class TestPersonalData:
    def test_holds_messages_to_addresses_that_are_gone(self, server: Script) -> None:
        account, stranger = an_account(), an_account(email="stranger@example.com")
        change = asked(account, "stranger@example.com")
        asking, told = (
            owe(template, account, change=change)
            for template in ("email_change_confirm", "email_change_asked")
        )
        sender.send_due(now=timezone.now())
        account.email_changes.all().delete()
        get_user_model().objects.filter(pk=account.pk).update(email="elsewhere@example.com")
        part = NotificationsPersonalData()

        # What became of the message to the stranger would tell that there is such an account.
        assert [message["template"] for message in part.export(user_id=account.pk)["messages"]] == [
            "email_change_asked"
        ]
        assert [message["template"] for message in part.export(user_id=stranger.pk)["messages"]] == [
            "email_change_confirm"
        ]
        assert set(selectors.messages_about(account.pk)) == {asking, told}

        part.erase(user_id=account.pk, actor_id=account.pk, now=timezone.now())

        for message in (asking, told):
            message.refresh_from_db()
            assert (message.state, message.sent_to, message.sent_to_hash) == ("sent", "", "")

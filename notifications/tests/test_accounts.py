"""Mails to accounts, read from the real accounts: links that work, and what is kept of the address."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from notifications import letters, sender, services
from notifications.errors import NotReady
from notifications.models import EmailMessage
from notifications.personal_data import NotificationsPersonalData
from notifications.services import To
from notifications.tests.conftest import Script
from users import selectors as users
from users import tokens

pytestmark = pytest.mark.django_db


def an_account(**fields: Any) -> Any:
    return get_user_model().objects.create(
        **{"email": "Ana.Muller+shop@example.com", "first_name": "Ana", "language": "de", **fields}
    )


def owe(template: str, user_id: UUID) -> EmailMessage:
    event_id = uuid4()
    services.enqueue(event_id=event_id, template=template, to=To.user(user_id), now=timezone.now())
    return EmailMessage.objects.get(event_id=event_id)


def delivered(server: Script) -> str:
    """Send what is due and return the text of the one mail that arrived."""
    assert sender.send_due(now=timezone.now()) == 1
    (taken,) = server.taken
    body = taken.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("template", ["password_reset", "already_registered"])
def test_the_reset_link_works(server: Script, settings: Any, template: str) -> None:
    settings.SHOP_URL = "https://shop.example"
    account = an_account()
    owe(template, account.pk)

    link = re.search(r"https://shop\.example/account/reset/([^/]+)/([^/]+)/\s", delivered(server))

    assert link is not None
    assert users.user_of_link(link[1]) == account
    assert tokens.password_reset.check_token(account, link[2])
    # To the address as it is stored, letter for letter.
    assert server.recipients == ["Ana.Muller+shop@example.com"]


@pytest.mark.parametrize("template", ["welcome", "verify_email"])
def test_the_verification_link_works(server: Script, settings: Any, template: str) -> None:
    settings.SHOP_URL = "https://shop.example"
    account = an_account()
    owe(template, account.pk)

    link = re.search(r"https://shop\.example/account/verify/([^/]+)/([^/]+)/\s", delivered(server))

    assert link is not None
    assert users.user_of_link(link[1]) == account
    assert tokens.email_verification.check_token(account, link[2])


def test_a_token_is_stored_nowhere(server: Script) -> None:
    message = owe("password_reset", an_account().pk)
    text = delivered(server)

    message.refresh_from_db()
    token = re.search(r"/reset/[^/]+/([^/]+)/", text)
    assert token is not None
    assert token[1] not in str(vars(message))


def test_the_address_is_read_at_sending(server: Script) -> None:
    account = an_account()
    message = owe("verify_email", account.pk)
    get_user_model().objects.filter(pk=account.pk).update(email="new@example.com", language="en")

    text = delivered(server)

    message.refresh_from_db()
    assert server.recipients == ["new@example.com"]
    assert "Confirm your address" in text
    assert (message.language, message.sent_to) == ("en", "n…@e….com")


def test_a_name_is_used_once_the_address_is_confirmed(server: Script) -> None:
    account = an_account()
    owe("password_reset", account.pk)
    assert "Guten Tag,\n" in delivered(server)

    get_user_model().objects.filter(pk=account.pk).update(email_verified_at=timezone.now())
    server.taken.clear()
    owe("password_reset", account.pk)
    assert "Guten Tag Ana,\n" in delivered(server)


def test_an_erased_account_gets_nothing(server: Script) -> None:
    account = an_account()
    message = owe("password_reset", account.pk)
    get_user_model().objects.filter(pk=account.pk).update(is_active=False, erased_at=timezone.now())

    assert sender.send_due(now=timezone.now()) == 0

    message.refresh_from_db()
    assert (message.state, message.error, server.taken) == ("dead", "The account is erased or closed.", [])


def test_a_change_of_address_between_two_reads_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    account = an_account()
    message = owe("password_reset", account.pk)
    before = users.recipient(account.pk)
    get_user_model().objects.filter(pk=account.pk).update(email="new@example.com")
    monkeypatch.setattr(users, "recipient", lambda user_id: before)

    with pytest.raises(NotReady):
        letters.letter_for(message, now=timezone.now())


class TestPersonalData:
    def test_counts_exports_and_forgets(self, server: Script) -> None:
        account, stranger = an_account(), an_account(email="other@example.com")
        mine, other = owe("verify_email", account.pk), owe("verify_email", stranger.pk)
        sender.send_due(now=timezone.now())
        part = NotificationsPersonalData()

        assert [
            (holding.name, holding.count, holding.kept) for holding in part.preview(user_id=account.pk)
        ] == [("messages", 1, True), ("mail_preferences", 0, False)]
        assert part.blockers(user_id=account.pk) == ()
        (exported,) = part.export(user_id=account.pk)["messages"]
        assert (exported["template"], exported["state"], exported["sent_to"]) == (
            "verify_email",
            "sent",
            "A…@e….com",
        )

        part.erase(user_id=account.pk, actor_id=account.pk, now=timezone.now())

        mine.refresh_from_db()
        other.refresh_from_db()
        assert (mine.sent_to, mine.sent_to_hash) == ("", "")
        assert (other.sent_to, bool(other.sent_to_hash)) == ("o…@e….com", True)

    def test_finds_mail_that_went_to_the_same_address_before_there_was_an_account(
        self, server: Script
    ) -> None:
        account = an_account()
        message = owe("verify_email", account.pk)
        sender.send_due(now=timezone.now())
        EmailMessage.objects.update(recipient_kind="order", recipient_ref=str(uuid4()))

        services.forget_person(user_id=account.pk)

        message.refresh_from_db()
        assert (message.sent_to, message.sent_to_hash) == ("", "")

    def test_is_plugged_in(self) -> None:
        from users import ports  # noqa: PLC0415

        assert any(isinstance(part, NotificationsPersonalData) for part in ports.personal_data.receivers())

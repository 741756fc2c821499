"""Which mail a customer wants: over HTTP, by the link in a mail, and what is sent because of it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from notifications import sender, services, unsubscribing
from notifications.models import EmailMessage, MailPreference
from notifications.personal_data import NotificationsPersonalData
from notifications.services import To, preferences
from notifications.unsubscribing import Subscription
from products import services as products
from products.tests.factories import NOW, variant
from shop.core.transactions import use_case
from shop.events.local import LocalBackend
from shop.events.models import OutboxEvent
from users import services as accounts
from users.models import Consent, User
from users.tests.clients import client_of
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/notifications/preferences/"
CLIENT = accounts.Client(address="203.0.113.7", user_agent="pytest")


@pytest.fixture
def ada() -> User:
    return UserFactory()


@pytest.fixture(autouse=True)
def mailbox(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def consents() -> list[tuple[Any, ...]]:
    return list(Consent.objects.order_by("pk").values_list("user", "purpose", "granted", "source"))


def kept() -> list[tuple[Any, ...]]:
    return list(MailPreference.objects.values_list("user", "kind", "wanted"))


class TestOverHttp:
    def test_begins_without_marketing_and_with_what_they_ask_for(self, ada: User) -> None:
        answer = client_of(ada).get(URL)

        assert (answer.status_code, answer.json()) == (200, {"marketing": False, "back_in_stock": True})
        assert "no-store" in answer.headers["Cache-Control"]

    def test_changes_what_is_named_alone_and_keeps_the_consent_as_proof(self, ada: User) -> None:
        other = UserFactory()
        client = client_of(ada)

        answer = client.patch(URL, {"marketing": True})
        assert (answer.status_code, answer.json()) == (200, {"marketing": True, "back_in_stock": True})
        assert consents() == [(ada.pk, "marketing", True, "notification preferences")]

        answer = client.patch(URL, {"back_in_stock": False})
        assert answer.json() == {"marketing": True, "back_in_stock": False}
        assert kept() == [(ada.pk, "back_in_stock", False)]
        assert preferences.preferences_of(other.pk).back_in_stock

        assert client.patch(URL, {"back_in_stock": True}).json()["back_in_stock"] is True
        assert kept() == [(ada.pk, "back_in_stock", True)]

    def test_saying_it_again_writes_nothing(self, ada: User) -> None:
        said = accounts.Said(purpose="marketing", granted=True, source="checkout", version="2026-01")
        accounts.record_consent(user_id=ada.pk, said=said, client=CLIENT, now=timezone.now())
        client = client_of(ada)

        for _ in range(2):
            assert client.patch(URL, {"marketing": True, "back_in_stock": True}).status_code == 200

        assert (len(consents()), kept()) == (1, [])

    @pytest.mark.parametrize("body", [{"marketing": None}, {"marketing": "maybe"}, {"newsletter": True}, []])
    def test_refuses_what_says_nothing_and_changes_nothing(self, ada: User, body: Any) -> None:
        answer = client_of(ada).patch(URL, body)

        assert answer.status_code == 400
        assert (consents(), kept()) == ([], [])


class TestByLink:
    def test_one_post_ends_mail_that_something_is_back_and_nothing_else(self, ada: User) -> None:
        client_of(ada).patch(URL, {"marketing": True})
        token = unsubscribing.token_of(Subscription(user_id=ada.pk, purpose="back_in_stock"))
        path, browser = f"/account/unsubscribe/{token}/", Client(enforce_csrf_checks=True)

        assert "when something is back" in browser.get(path).content.decode()
        assert kept() == []
        for _ in range(2):
            page = browser.post(path, "List-Unsubscribe=One-Click", "application/x-www-form-urlencoded")
            assert page.status_code == 200
            assert "no longer writes to you when something is back" in page.content.decode()

        assert client_of(ada).get(URL).json() == {"marketing": True, "back_in_stock": False}
        assert kept() == [(ada.pk, "back_in_stock", False)]

    def test_of_nobody_is_200_and_of_an_erased_one_too(self, ada: User) -> None:
        use_case(accounts.erase_account, user_id=ada.pk, actor_id=ada.pk, now=timezone.now())

        for user_id in (ada.pk, uuid4()):
            token = unsubscribing.token_of(Subscription(user_id=user_id, purpose="back_in_stock"))
            assert Client().post(f"/account/unsubscribe/{token}/").status_code == 200

        assert kept() == []


class TestSending:
    @pytest.fixture
    def awaited(self, ada: User) -> Any:
        made = variant(on_hand=0)
        products.ask_for_alert(user_id=ada.pk, variant_id=made.pk, now=NOW)
        return made

    def come_back(self, made: Any) -> None:
        products.adjust_stock(variant_id=made.pk, delta=1, reason="delivery", actor_id=None, now=NOW)
        while rows := list(OutboxEvent.objects.filter(published_at__isnull=True).order_by("pk")):
            LocalBackend().send(rows)
            OutboxEvent.objects.filter(pk__in=[row.pk for row in rows]).update(published_at=timezone.now())

    def test_carries_the_link_that_ends_it(self, ada: User, awaited: Any) -> None:
        self.come_back(awaited)
        sender.send_due(now=timezone.now())

        message: Any
        (message,) = mail.outbox
        link = message.extra_headers["List-Unsubscribe"].strip("<>")
        assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert link in message.body
        assert link in str(message.alternatives[0][0])
        assert Client().post(f"/{link.split('/', 3)[3]}").status_code == 200
        assert not preferences.wants(ada.pk, "back_in_stock")

    def test_nothing_is_owed_to_whoever_wants_none(self, ada: User, awaited: Any) -> None:
        client_of(ada).patch(URL, {"back_in_stock": False})

        self.come_back(awaited)

        assert not EmailMessage.objects.exists()

    def test_what_waits_is_not_sent_any_more(self, ada: User, awaited: Any) -> None:
        self.come_back(awaited)
        client_of(ada).patch(URL, {"back_in_stock": False})

        sender.send_due(now=timezone.now())

        assert mail.outbox == []
        message = EmailMessage.objects.get()
        assert (message.state, message.error) == ("dead", "They don't want such mail any more.")

    def test_mail_about_orders_and_the_account_has_no_such_link(self, ada: User) -> None:
        client_of(ada).patch(URL, {"back_in_stock": False})
        services.enqueue(event_id=uuid4(), template="verify_email", to=To.user(ada.pk), now=timezone.now())

        sender.send_due(now=timezone.now())

        (message,) = mail.outbox
        assert "List-Unsubscribe" not in message.extra_headers


def test_is_exported_and_forgotten(ada: User) -> None:
    bob = UserFactory()
    for user in (ada, bob):
        use_case(preferences.write, user_id=user.pk, kind="back_in_stock", wanted=False, now=timezone.now())
    part = NotificationsPersonalData()
    (said,) = part.export(user_id=ada.pk)["mail_preferences"]
    assert (said["kind"], said["wanted"]) == ("back_in_stock", False)

    part.erase(user_id=ada.pk, actor_id=ada.pk, now=timezone.now())

    assert kept() == [(bob.pk, "back_in_stock", False)]

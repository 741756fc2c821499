"""Staff look at mail and send it again; nobody edits it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from notifications.models import EmailMessage
from notifications.tests.factories import a_message

# WhiteNoise misses the folder of collected files, which tests have no need of.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
LIST = "admin:notifications_emailmessage_changelist"


def staff(*codenames: str) -> Client:
    person = get_user_model().objects.create(email=f"{uuid4().hex}@example.com", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def send_again(client: Client, *messages: EmailMessage) -> int:
    form = {"action": "send_again", "_selected_action": [str(message.pk) for message in messages]}
    return client.post(reverse(LIST), form, follow=True).status_code


def test_finds_the_messages_of_an_order() -> None:
    order_id = uuid4()
    mine, other = a_message(order_id=order_id), a_message()

    page = staff("view_emailmessage").get(reverse(LIST), {"q": str(order_id)}).content.decode()

    assert str(mine.pk) in page
    assert str(other.pk) not in page


def test_filters_by_state() -> None:
    dead, waiting = a_message(state="dead", error="550 no"), a_message()

    page = staff("view_emailmessage").get(reverse(LIST), {"state__exact": "dead"}).content.decode()

    assert str(dead.pk) in page
    assert str(waiting.pk) not in page


def test_shows_a_message_and_changes_nothing() -> None:
    message = a_message()
    client = staff("view_emailmessage", "change_emailmessage", "delete_emailmessage", "add_emailmessage")
    page = reverse("admin:notifications_emailmessage_change", args=[message.pk])

    assert client.get(page).status_code == 200
    assert client.post(page, {"state": "sent"}).status_code == 403
    assert (
        client.post(reverse("admin:notifications_emailmessage_delete", args=[message.pk])).status_code == 403
    )
    assert client.get(reverse("admin:notifications_emailmessage_add")).status_code == 403


def test_sends_again_with_the_permission() -> None:
    message = a_message(state="dead", error="550 no")

    assert send_again(staff("view_emailmessage", "resend_emailmessage"), message) == 200

    again = EmailMessage.objects.exclude(pk=message.pk).get()
    assert (again.resend_of_id, again.state) == (message.pk, "pending")


def test_does_not_send_again_without_the_permission() -> None:
    message = a_message(state="dead", error="550 no")

    send_again(staff("view_emailmessage"), message)

    assert EmailMessage.objects.count() == 1


def test_says_why_a_message_under_way_is_not_sent_again() -> None:
    message = a_message()
    client = staff("view_emailmessage", "resend_emailmessage")

    form = {"action": "send_again", "_selected_action": [str(message.pk)]}
    page = client.post(reverse(LIST), form, follow=True).content.decode()

    assert "This message is pending" in page
    assert EmailMessage.objects.count() == 1

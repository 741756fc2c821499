"""SIGKILL of a real sender at each step of promises C2 to C4: how often the server gets the mail in the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from notifications.models import EmailMessage
from notifications.services import To, enqueue
from notifications.tests.conftest import Script
from notifications.tests.test_sender import outlive_leases, send
from payments.tests.dying import Mortal
from shop.core.ids import new_id
from shop.events.tests.conftest import database_url
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

KILLED = -9


@pytest.fixture(scope="module")
def mortal(django_db_setup: Any) -> Iterator[Mortal]:
    process = Mortal(database_url(), module="notifications.tests.dying")
    yield process
    process.close()


def killed_at(place: str, mortal: Mortal) -> EmailMessage:
    """Owe somebody a mail, have a sender die over it, and return the message as it was left."""
    account = UserFactory()
    enqueue(event_id=new_id(), template="verify_email", to=To.user(account.pk), now=account.date_joined)
    names = ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_TIMEOUT")

    ended = mortal.do("send", die_at=place, settings={name: getattr(settings, name) for name in names})

    assert ended == KILLED
    return EmailMessage.objects.get(recipient_ref=str(account.pk))


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        # C2: nothing was said to the server yet.
        ("mail.before_send", 0, 1),
        # C3: it never saw the dot that ends a mail, and threw the beginning away.
        ("within the mail", 0, 1),
        # C4: it took the mail, and nobody wrote that down: the one window that SMTP leaves.
        ("mail.after_250_before_commit", 1, 2),
    ],
)
def test_what_a_dead_sender_held_goes_out_once_more(
    server: Script, mortal: Mortal, place: str, before: int, after: int
) -> None:
    message = killed_at(place, mortal)
    assert (message.state, message.attempts, len(server.taken)) == ("sending", 1, before)
    # Its lease still runs.
    assert send() == 0

    outlive_leases()
    assert send() == 1
    assert send() == 0

    message.refresh_from_db()
    assert (message.state, message.attempts, message.lease_holder) == ("sent", 2, "")
    assert [taken["Message-ID"] for taken in server.taken] == [message.message_id] * after

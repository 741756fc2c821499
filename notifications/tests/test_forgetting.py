"""Messages of a person who is erased: given up, and without what was kept of the address."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from notifications import handlers, services
from notifications.models import EmailMessage
from notifications.personal_data import NotificationsPersonalData
from notifications.services import Delivery, To
from orders.tests.factories import place
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

DELIVERY = Delivery(address="ada@example.com", language="en")
GONE = ("dead", "Its recipient was erased.", "", "")


def owe(to: To, **changes: Any) -> EmailMessage:
    event_id = uuid4()
    services.enqueue(event_id=event_id, template="verify_email", to=to, now=timezone.now())
    message = EmailMessage.objects.filter(event_id=event_id)
    message.update(**changes)
    return message.get()


def sent(to: To) -> EmailMessage:
    message = owe(to)
    holder = uuid4().hex
    services.claim(holder=holder, limit=100, now=timezone.now())
    assert services.mark_sent(message_id=message.pk, holder=holder, delivery=DELIVERY, now=timezone.now())
    return message


def state(message: EmailMessage) -> tuple[str, str, str, str]:
    message.refresh_from_db()
    return message.state, message.error, message.sent_to, message.sent_to_hash


def erase(user: Any) -> None:
    NotificationsPersonalData().erase(user_id=user.pk, actor_id=user.pk, now=timezone.now())


@pytest.mark.parametrize("waiting", ["pending", "retry"])
def test_what_waits_is_given_up(waiting: str) -> None:
    ada, bob = UserFactory(), UserFactory()
    mine, other = owe(To.user(ada.pk), state=waiting), owe(To.user(bob.pk), state=waiting)

    erase(ada)

    assert state(mine) == GONE
    assert state(other) == (waiting, "", "", "")


@pytest.mark.parametrize("to", [To.user, To.address_row])
def test_what_was_sent_stays_without_its_address(to: Any) -> None:
    ada, bob = UserFactory(), UserFactory()
    mine, other = sent(to(ada.pk)), sent(to(bob.pk))
    assert state(mine)[2:] == state(other)[2:] != ("", "")

    erase(ada)

    assert state(mine) == ("sent", "", "", "")
    assert state(other)[0] == "sent"
    assert state(other)[2] == "a…@e….com"


def test_what_a_sender_has_in_hand_is_taken_from_it() -> None:
    """It read the address before; writing it down afterwards would bring it back."""
    ada = UserFactory()
    message = owe(To.user(ada.pk))
    services.claim(holder="busy", limit=1, now=timezone.now())

    erase(ada)

    recorded = services.mark_sent(message_id=message.pk, holder="busy", delivery=DELIVERY, now=timezone.now())
    assert (recorded, state(message)) == (False, GONE)


def test_mail_about_orders_is_found_by_the_order() -> None:
    """A customer may have it sent to another address than the account's."""
    ada = UserFactory()
    mine, other = place(user=ada, email="elsewhere@example.com"), place(email="elsewhere@example.com")
    messages = [sent(To.order(order.pk)) for order in (mine, other)]

    erase(ada)

    assert state(messages[0]) == ("sent", "", "", "")
    assert state(messages[1])[2] == "a…@e….com"


def test_mail_that_was_written_meanwhile_is_forgotten_when_the_event_comes() -> None:
    ada = UserFactory()
    erase(ada)
    late = owe(To.user(ada.pk))

    event: Any = SimpleNamespace(fact=SimpleNamespace(user_id=ada.pk))
    handlers.on_user_erased(event, timezone.now())

    assert state(late) == GONE

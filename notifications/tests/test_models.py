"""What the database itself refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from notifications.models import EmailMessage
from notifications.tests.factories import a_message

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "lost"},
        {"recipient_kind": "everybody"},
        {"recipient_ref": "ana@example.com"},
        {"recipient_ref": ""},
        {"state": "sending"},
        {"lease_holder": "me"},
        {"state": "sent"},
        {"state": "sent", "sent_at": timezone.now(), "language": ""},
        {"sent_at": timezone.now()},
        {"state": "dead"},
    ],
)
def test_refuses_what_makes_no_sense(changes: dict[str, Any]) -> None:
    message = a_message()

    with pytest.raises(IntegrityError), transaction.atomic():
        EmailMessage.objects.filter(pk=message.pk).update(**changes)


def test_refuses_a_second_message_for_the_same_event_and_recipient() -> None:
    message, other = a_message(), a_message()

    with pytest.raises(IntegrityError), transaction.atomic():
        EmailMessage.objects.filter(pk=other.pk).update(
            event_id=message.event_id, recipient_ref=message.recipient_ref
        )


def test_names_itself_without_the_recipient() -> None:
    message = a_message()
    assert str(message) == f"#{message.pk} order_placed pending"

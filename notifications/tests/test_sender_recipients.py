"""Whom a mail goes to: nobody gets what isn't theirs, and headers can't be smuggled in."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from notifications import services
from notifications.models import EmailMessage
from notifications.services import To
from notifications.tests.conftest import Orders, Script
from notifications.tests.factories import a_message
from notifications.tests.test_sender import send

pytestmark = pytest.mark.django_db


class TestRecipient:
    def test_an_order_without_an_address_is_dead(self, server: Script, orders: Orders) -> None:
        message = a_message()
        orders.changes = {"email": ""}

        assert send() == 0

        message.refresh_from_db()
        assert (message.state, message.error) == ("dead", "The order has no address any more.")
        assert server.taken == []

    def test_an_order_that_is_gone_is_dead(self, server: Script, orders: Orders) -> None:
        message = a_message()
        orders.gone = True

        assert send() == 0

        message.refresh_from_db()
        assert (message.state, message.error) == ("dead", "There is no such order.")

    def test_an_erased_account_gets_nothing(self, server: Script) -> None:
        services.enqueue(event_id=uuid4(), template="welcome", to=To.user(uuid4()), now=timezone.now())

        assert send() == 0

        message = EmailMessage.objects.get()
        assert (message.state, message.error) == ("dead", "The account is erased or closed.")

    def test_a_message_nobody_wrote_is_dead(self, server: Script) -> None:
        services.enqueue(event_id=uuid4(), template="gone", to=To.user(uuid4()), now=timezone.now())

        send()

        assert EmailMessage.objects.get().error == "There is no message called gone."

    @pytest.mark.parametrize(
        "address", ["ana@example.com\r\nBcc: eve@example.com", "ana@example.com, eve@example.com"]
    )
    def test_an_address_that_smuggles_is_dead(self, server: Script, orders: Orders, address: str) -> None:
        orders.changes = {"email": address}
        message = a_message()

        assert send() == 0

        message.refresh_from_db()
        assert message.state == "dead"
        assert "@" not in message.error
        assert server.taken == []

    def test_headers_cannot_be_injected_through_what_subjects_show(
        self, server: Script, orders: Orders
    ) -> None:
        orders.changes = {"number": "K7\r\nBcc: eve@example.com\r\n\r\nhello"}
        a_message()

        assert send() == 1

        (taken,) = server.taken
        assert taken["Bcc"] is None
        assert server.recipients == ["ana@example.com"]
        assert taken["Subject"] == "Your order K7 Bcc: eve@example.com hello"

"""Each event owes its message once."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from notifications import services
from notifications.models import EmailMessage
from shop.core.transactions import use_case
from shop.events.event import Event
from shop.events.registry import Received, handlers

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def receive(type_name: str, event_id: UUID | None = None, **facts: Any) -> UUID:
    """Give an event to the group's handlers, as the consumer does."""
    event_id = event_id or uuid4()
    fact: Any = SimpleNamespace(version=1, **facts)
    event = Received(id=event_id, type=type_name, key="key", occurred_at=NOW, fact=fact)
    for handler in handlers["notifications"][type_name]:
        use_case(handler, event, NOW)
    return event_id


@pytest.mark.parametrize(
    ("type_name", "template"),
    [
        ("users.user_registered.v1", "welcome"),
        ("users.registration_repeated.v1", "already_registered"),
        ("users.password_reset_requested.v1", "password_reset"),
        ("users.email_verification_requested.v1", "verify_email"),
    ],
)
def test_an_event_of_an_account_owes_its_owner_a_message(type_name: str, template: str) -> None:
    user_id = uuid4()

    event_id = receive(type_name, user_id=user_id)

    message = EmailMessage.objects.get()
    assert (message.event_id, message.template, message.state) == (event_id, template, "pending")
    assert (message.recipient_kind, message.recipient_ref) == ("user", str(user_id))
    assert (message.order_id, message.context_ref, message.language) == (None, {}, "")
    assert (message.created_at, message.next_attempt_at) == (NOW, NOW)
    assert message.message_id == f"<{message.pk}@localhost>"


def test_asking_for_another_address_owes_both_addresses_a_message() -> None:
    user_id, change_id = uuid4(), uuid4()

    receive("users.email_change_requested.v1", user_id=user_id, change_id=change_id)

    messages = EmailMessage.objects.order_by("template")
    assert [message.template for message in messages] == ["email_change_asked", "email_change_confirm"]
    for message in messages:
        assert (message.recipient_kind, message.recipient_ref) == ("address_row", str(user_id))
        assert message.context_ref == {"change": str(change_id)}


def test_another_address_owes_the_old_one_a_message() -> None:
    user_id, change_id = uuid4(), uuid4()

    receive("users.email_changed.v1", user_id=user_id, change_id=change_id)

    message = EmailMessage.objects.get()
    assert (message.template, message.context_ref) == ("email_changed", {"change": str(change_id)})
    assert (message.recipient_kind, message.recipient_ref) == ("address_row", str(user_id))


def test_a_sign_in_that_was_ended_owes_its_owner_a_message() -> None:
    user_id, session_id = uuid4(), uuid4()

    receive("users.refresh_token_reused.v1", user_id=user_id, session_id=session_id)

    message = EmailMessage.objects.get()
    assert (message.template, message.context_ref) == ("refresh_token_reused", {"session": str(session_id)})
    assert (message.recipient_kind, message.recipient_ref) == ("user", str(user_id))


def test_a_second_factor_owes_its_owner_a_message() -> None:
    user_id = uuid4()

    receive("users.two_factor_changed.v1", user_id=user_id, enabled=False, by_staff=True)

    message = EmailMessage.objects.get()
    assert message.template == "two_factor_changed"
    assert message.context_ref == {"enabled": False, "by_staff": True, "at": NOW.isoformat()}
    assert (message.recipient_kind, message.recipient_ref) == ("user", str(user_id))


@pytest.mark.parametrize(
    ("type_name", "facts"),
    [
        ("users.refresh_token_reused.v1", {"session_id": UUID(int=1)}),
        ("users.two_factor_changed.v1", {"enabled": True, "by_staff": False}),
    ],
)
def test_what_somebody_could_cause_over_and_over_owes_five_messages_a_day(
    type_name: str, facts: dict[str, Any]
) -> None:
    user_id = uuid4()
    for _ in range(7):
        receive(type_name, user_id=user_id, **facts)
    receive(type_name, user_id=uuid4(), **facts)

    assert EmailMessage.objects.filter(recipient_ref=str(user_id)).count() == 5
    assert EmailMessage.objects.count() == 6
    EmailMessage.objects.update(created_at=NOW - timedelta(days=1))
    receive(type_name, user_id=user_id, **facts)
    assert EmailMessage.objects.filter(recipient_ref=str(user_id)).count() == 6


@pytest.mark.parametrize(
    ("type_name", "template", "facts", "kept"),
    [
        ("orders.order_placed.v1", "order_placed", {"total": 100, "currency": "EUR"}, {}),
        ("payments.payment_succeeded.v1", "order_paid", {"amount": 0, "currency": "EUR"}, {}),
        ("orders.order_cancelled.v1", "order_cancelled", {"was_paid": True}, {"was_paid": True}),
        ("orders.order_expired.v1", "order_expired", {}, {}),
        (
            "orders.shipment_sent.v1",
            "order_shipped",
            {"shipment_id": UUID(int=1), "last": False},
            {"shipment_id": str(UUID(int=1)), "last": False},
        ),
        (
            "orders.shipment_delivered.v1",
            "order_delivered",
            {"shipment_id": UUID(int=1)},
            {"shipment_id": str(UUID(int=1))},
        ),
        (
            "orders.lines_cancelled.v1",
            "order_lines_cancelled",
            {"cancellation_id": UUID(int=1), "amount": 500, "currency": "EUR"},
            {"cancellation_id": str(UUID(int=1)), "amount": 500, "currency": "EUR"},
        ),
        (
            "orders.return_moved.v1",
            "order_return",
            {"return_id": UUID(int=1), "status": "approved", "amount": None, "currency": "EUR"},
            {"return_id": str(UUID(int=1)), "status": "approved", "amount": None, "currency": "EUR"},
        ),
        ("orders.note_added.v1", "order_note", {"note_id": UUID(int=1)}, {"note_id": str(UUID(int=1))}),
        ("orders.order_link_requested.v1", "order_link", {}, {}),
        (
            "payments.refund_succeeded.v1",
            "order_refunded",
            {"amount": 500, "currency": "EUR"},
            {"amount": 500, "currency": "EUR"},
        ),
    ],
)
def test_an_event_of_an_order_owes_its_buyer_a_message(
    type_name: str, template: str, facts: dict[str, Any], kept: dict[str, Any]
) -> None:
    order_id = uuid4()

    receive(type_name, order_id=order_id, **facts)

    message = EmailMessage.objects.get()
    assert (message.template, message.context_ref) == (template, kept)
    assert (message.recipient_kind, message.recipient_ref) == ("order", str(order_id))
    assert message.order_id == order_id


def test_a_payment_that_failed_is_told_of_in_a_while_and_once_a_day() -> None:
    order_id = uuid4()
    for _ in range(3):
        receive("payments.payment_failed.v1", order_id=order_id, reason="card_declined")
    receive("payments.payment_failed.v1", order_id=uuid4(), reason="card_declined")

    message = EmailMessage.objects.get(order_id=order_id)
    assert (message.template, message.context_ref) == ("payment_failed", {})
    assert message.next_attempt_at - message.created_at == timedelta(minutes=2)
    assert EmailMessage.objects.count() == 2


def test_the_same_event_twice_owes_one_message() -> None:
    order_id, event_id = uuid4(), uuid4()
    receive("orders.order_expired.v1", event_id, order_id=order_id)

    receive("orders.order_expired.v1", event_id, order_id=order_id)

    assert EmailMessage.objects.count() == 1


def test_a_message_that_was_sent_is_not_owed_again() -> None:
    order_id = uuid4()
    event_id = receive("orders.order_expired.v1", order_id=order_id)
    EmailMessage.objects.update(state="sent", sent_at=NOW, language="en")

    receive("orders.order_expired.v1", event_id, order_id=order_id)

    assert EmailMessage.objects.values_list("state", flat=True).get() == "sent"


def test_two_events_of_one_order_owe_two_messages() -> None:
    order_id = uuid4()
    for amount in (100, 200):
        receive("payments.refund_succeeded.v1", order_id=order_id, amount=amount, currency="EUR")

    assert EmailMessage.objects.filter(template="order_refunded").count() == 2


@pytest.mark.parametrize(
    ("type_name", "fields"),
    [
        ("users.user_registered.v1", {"user_id"}),
        ("users.registration_repeated.v1", {"user_id"}),
        ("users.password_reset_requested.v1", {"user_id"}),
        ("users.email_verification_requested.v1", {"user_id"}),
        ("users.email_change_requested.v1", {"user_id", "change_id"}),
        ("users.email_changed.v1", {"user_id", "change_id"}),
        ("users.refresh_token_reused.v1", {"user_id", "session_id"}),
        ("users.unfamiliar_sign_in.v1", {"user_id", "session_id"}),
        ("users.two_factor_changed.v1", {"user_id", "enabled", "by_staff"}),
        ("orders.order_placed.v1", {"order_id"}),
        ("payments.payment_succeeded.v1", {"order_id"}),
        ("payments.payment_failed.v1", {"order_id"}),
        ("orders.order_cancelled.v1", {"order_id", "was_paid"}),
        ("orders.order_expired.v1", {"order_id"}),
        ("orders.shipment_sent.v1", {"order_id", "shipment_id", "last"}),
        ("orders.shipment_delivered.v1", {"order_id", "shipment_id"}),
        ("orders.lines_cancelled.v1", {"order_id", "cancellation_id", "amount", "currency"}),
        ("orders.return_moved.v1", {"order_id", "return_id", "status", "amount", "currency"}),
        ("orders.note_added.v1", {"order_id", "note_id"}),
        ("orders.order_link_requested.v1", {"order_id"}),
        ("payments.refund_succeeded.v1", {"order_id", "amount", "currency"}),
        ("payments.dispute_opened.v1", {"dispute_id"}),
        ("payments.dispute_closed.v1", {"dispute_id", "outcome"}),
        ("cart.cart_abandoned.v1", {"user_id", "cart_id"}),
        ("products.stock_alert_due.v1", {"user_id", "variant_id"}),
        ("products.stock_low.v1", {"variants"}),
    ],
)
def test_the_announced_event_says_what_its_message_needs(type_name: str, fields: set[str]) -> None:
    announced = {field.name for field in dataclasses.fields(Event.registry[type_name])}

    assert fields <= announced
    assert type_name in handlers["notifications"]


def test_nothing_else_is_heard() -> None:
    assert len(handlers["notifications"]) == 27


class TestTogether:
    """What one batch of a consumer writes, gathered."""

    def test_messages_are_written_in_one_statement_at_the_end(self, django_assert_num_queries):
        user_ids = [uuid4() for _ in range(5)]

        with django_assert_num_queries(1), services.gathering():
            for user_id in user_ids:
                to = services.To.user(user_id)
                services.enqueue(event_id=uuid4(), template="welcome", to=to, now=NOW)

        found = EmailMessage.objects.order_by("id").values_list("template", "recipient_ref")
        assert list(found) == [("welcome", str(user_id)) for user_id in user_ids]

    def test_a_limit_counts_what_was_gathered(self):
        order_id = uuid4()

        with services.gathering():
            for _ in range(2):
                receive("payments.payment_failed.v1", order_id=order_id, reason="card_declined")

        assert EmailMessage.objects.count() == 1

    def test_erasing_finds_what_was_gathered(self):
        user_id = uuid4()

        with services.gathering():
            receive("users.user_registered.v1", user_id=user_id)
            receive("users.user_erased.v1", user_id=user_id)

        assert EmailMessage.objects.get().state == "dead"

    def test_nothing_is_written_when_a_handler_fails(self):
        def fail() -> None:
            with services.gathering():
                receive("users.user_registered.v1", user_id=uuid4())
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()

        assert not EmailMessage.objects.exists()

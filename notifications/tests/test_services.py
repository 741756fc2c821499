"""Claiming, sending again, counting."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from notifications import addresses, selectors, services
from notifications.errors import MessageUnderWay
from notifications.models import EmailMessage
from notifications.tests.factories import a_message
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound

pytestmark = pytest.mark.django_db
NOW = timezone.now()


class TestClaim:
    def test_takes_the_oldest_and_leases_them(self) -> None:
        messages = [a_message() for _ in range(3)]

        taken = services.claim(holder="me", limit=2, now=timezone.now())

        assert [message.pk for message in taken] == [message.pk for message in messages[:2]]
        for message in taken:
            assert (message.state, message.attempts, message.lease_holder) == ("sending", 1, "me")
            assert message.lease_until is not None
            assert timedelta(seconds=110) < message.lease_until - timezone.now() <= services.LEASE

    def test_takes_nothing_that_another_holds(self) -> None:
        a_message()
        services.claim(holder="another", limit=5, now=timezone.now())

        assert services.claim(holder="me", limit=5, now=timezone.now()) == []

    def test_takes_what_was_abandoned_first(self) -> None:
        abandoned = a_message(
            state="sending",
            lease_holder="dead",
            lease_until=timezone.now() - timedelta(minutes=1),
            attempts=1,
        )
        a_message()

        (taken,) = services.claim(holder="me", limit=1, now=timezone.now())

        assert (taken.pk, taken.attempts, taken.lease_holder) == (abandoned.pk, 2, "me")

    def test_what_was_taken_over_can_be_neither_renewed_nor_recorded(self) -> None:
        message = a_message()
        services.claim(holder="late", limit=1, now=timezone.now())
        EmailMessage.objects.update(lease_holder="another")
        delivery = services.Delivery(address="ana@example.com", language="en")

        assert not services.renew(message_id=message.pk, holder="late")
        assert not services.mark_sent(message_id=message.pk, holder="late", delivery=delivery, now=NOW)
        assert not services.bury(message_id=message.pk, holder="late", error="x", now=NOW)
        assert not services.postpone(
            message_id=message.pk, holder="late", error="x", longest=timedelta(minutes=1), now=NOW
        )
        message.refresh_from_db()
        assert (message.state, message.lease_holder, message.error) == ("sending", "another", "")


class TestTheDayOfRetries:
    YESTERDAY = NOW - timedelta(hours=25)

    def fail(self, message: EmailMessage, *, holder: str, now: datetime) -> None:
        services.claim(holder=holder, limit=1, now=now)
        services.postpone(
            message_id=message.pk, holder=holder, error="450 later", longest=timedelta(minutes=1), now=now
        )
        message.refresh_from_db()

    def test_is_not_used_up_by_what_was_handed_back(self) -> None:
        message = a_message(next_attempt_at=self.YESTERDAY)
        services.claim(holder="stopped", limit=1, now=self.YESTERDAY)
        # Renewed with the delivery before it, and then not begun.
        services.renew(message_id=message.pk, holder="stopped")
        services.hand_back(holder="stopped", now=self.YESTERDAY)

        self.fail(message, holder="me", now=NOW)

        assert (message.state, message.error, message.first_attempt_at) == ("retry", "450 later", NOW)

    def test_is_not_used_up_by_a_sender_that_died_before(self) -> None:
        message = a_message(next_attempt_at=self.YESTERDAY)
        services.claim(holder="dead", limit=1, now=self.YESTERDAY)
        EmailMessage.objects.update(lease_until=self.YESTERDAY)

        self.fail(message, holder="me", now=NOW)

        assert (message.state, message.attempts, message.first_attempt_at) == ("retry", 2, NOW)

    def test_begins_with_the_first_failure(self) -> None:
        message = a_message(next_attempt_at=self.YESTERDAY)

        self.fail(message, holder="me", now=self.YESTERDAY)
        assert (message.state, message.first_attempt_at) == ("retry", self.YESTERDAY)
        self.fail(message, holder="again", now=NOW)

        assert (message.state, message.error) == ("dead", "Given up after a day: 450 later")
        assert message.first_attempt_at == self.YESTERDAY

    def test_stands_with_what_was_sent_or_refused_at_once(self) -> None:
        sent, refused = a_message(), a_message()
        services.claim(holder="me", limit=2, now=timezone.now())
        delivery = services.Delivery(address="ana@example.com", language="en")

        services.mark_sent(message_id=sent.pk, holder="me", delivery=delivery, now=NOW)
        services.bury(message_id=refused.pk, holder="me", error="550 no", now=NOW)

        assert set(EmailMessage.objects.values_list("state", "first_attempt_at")) == {
            ("sent", NOW),
            ("dead", NOW),
        }


class TestResend:
    def test_writes_a_new_message_like_the_old_one(self) -> None:
        order_id, actor_id = uuid4(), uuid4()
        earlier = a_message("order_cancelled", order_id=order_id, context_ref={"was_paid": True})
        EmailMessage.objects.update(state="dead", error="550 no")

        again_id = services.resend(message_id=earlier.pk, actor_id=actor_id, now=NOW)

        again = EmailMessage.objects.get(pk=again_id)
        assert (again.template, again.order_id, again.context_ref) == (
            "order_cancelled",
            order_id,
            {"was_paid": True},
        )
        assert (again.state, again.attempts, again.error, again.resend_of_id) == (
            "pending",
            0,
            "",
            earlier.pk,
        )
        assert again.event_id != earlier.event_id
        assert again.message_id != earlier.message_id
        entry = AuditEntry.objects.get()
        assert (entry.actor_id, entry.action, entry.object_id) == (
            actor_id,
            "notifications.resent",
            str(earlier.pk),
        )

    @pytest.mark.parametrize("state", ["pending", "retry"])
    def test_refuses_what_is_under_way(self, state: str) -> None:
        message = a_message(state=state)

        with pytest.raises(MessageUnderWay, match=f"This message is {state}"):
            services.resend(message_id=message.pk, actor_id=None, now=NOW)

        assert EmailMessage.objects.count() == 1
        assert not AuditEntry.objects.exists()

    def test_refuses_what_does_not_exist(self) -> None:
        with pytest.raises(NotFound):
            services.resend(message_id=uuid4(), actor_id=None, now=NOW)


class TestReading:
    def test_finds_the_messages_of_an_order(self) -> None:
        order_id = uuid4()
        first, second = a_message(order_id=order_id), a_message("order_paid", order_id=order_id)
        a_message()

        assert list(selectors.messages_for_order(order_id)) == [first, second]

    def test_counts_what_waits(self) -> None:
        oldest = NOW - timedelta(hours=1)
        a_message(next_attempt_at=oldest)
        a_message(state="retry")
        a_message(state="dead", error="550 no")
        a_message(state="sent", sent_at=NOW, language="en")

        assert selectors.backlog() == selectors.Backlog(
            pending=1, sending=0, retry=1, dead=1, oldest_at=oldest
        )


@pytest.mark.parametrize(
    ("address", "short"),
    [
        ("jane.doe@example.com", "j…@e….com"),
        ("x@mail.example.co.uk", "x…@m….uk"),
        ("root@localhost", "r…@l…"),
    ],
)
def test_only_a_hint_of_an_address_is_kept(address: str, short: str) -> None:
    assert addresses.shortened(address) == short
    assert addresses.hashed(address.upper()) == addresses.hashed(address)
    assert addresses.hashed(address) != addresses.hashed("other@example.com")

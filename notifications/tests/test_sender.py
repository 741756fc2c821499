"""Delivery: what is sent, tried again, given up, resumed; and that two senders don't send twice."""

from __future__ import annotations

import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from notifications import sender, services
from notifications.models import EmailMessage
from notifications.sandbox import Words
from notifications.services import overriding
from notifications.tests.conftest import Orders, Script
from notifications.tests.factories import a_message
from shop.core.failpoints import FailpointReached
from shop.core.transactions import TransactionForbidden

pytestmark = pytest.mark.django_db


def send() -> int:
    return sender.send_due(now=timezone.now())


def outlive_leases() -> None:
    """Let every lease run out."""
    EmailMessage.objects.filter(state="sending").update(lease_until=timezone.now() - timedelta(seconds=1))


def come_due() -> None:
    """Let everything that waits be due."""
    EmailMessage.objects.filter(state="retry").update(next_attempt_at=timezone.now())


class TestDelivery:
    def test_sends_what_is_due_and_records_it(self, server: Script, orders: Orders) -> None:
        message = a_message()

        assert send() == 1

        message.refresh_from_db()
        assert (message.state, message.attempts, message.error) == ("sent", 1, "")
        assert (message.language, message.sent_to) == ("en", "a…@e….com")
        assert (message.lease_until, message.lease_holder) == (None, "")
        assert message.sent_at is not None
        assert "ana@example.com" not in str(vars(message))
        (taken,) = server.taken
        assert server.recipients == ["ana@example.com"]
        assert taken["Message-ID"] == message.message_id
        assert taken["Auto-Submitted"] == "auto-generated"
        assert taken["Subject"] == "Your order K7Q2MXR94T"

    @pytest.mark.parametrize("letters", [60, 150])
    def test_a_long_subject_stands_on_the_line_of_its_header(
        self, server: Script, orders: Orders, monkeypatch: pytest.MonkeyPatch, letters: int
    ) -> None:
        subject = ("Größe 42 ist wieder da: " * 10)[:letters].strip()
        words = Words(subject=subject, text="Ja", html="<p>Ja</p>")
        monkeypatch.setattr(overriding, "words_for", lambda **_of: words)
        a_message()

        assert send() == 1

        # A header that begins on the line below is read with a space in front.
        assert server.taken[0]["Subject"] == subject

    def test_does_nothing_without_mail_and_opens_no_connection(self, server: Script) -> None:
        assert send() == 0
        assert server.connections == 0

    def test_leaves_what_is_not_due(self, server: Script, orders: Orders) -> None:
        a_message(next_attempt_at=timezone.now() + timedelta(minutes=1))

        assert send() == 0
        assert server.taken == []

    def test_sends_a_batch_over_one_connection_in_order(self, server: Script, orders: Orders) -> None:
        messages = [a_message() for _ in range(5)]

        assert send() == 5

        assert server.connections == 1
        assert [taken["Message-ID"] for taken in server.taken] == [message.message_id for message in messages]

    def test_refuses_to_run_inside_a_transaction(self, server: Script) -> None:
        with pytest.raises(TransactionForbidden), transaction.atomic():
            send()

    def test_attaches_the_receipt(self, server: Script, orders: Orders, receipts: SimpleNamespace) -> None:
        a_message("order_paid")

        assert send() == 1

        (taken,) = server.taken
        (attached,) = list(taken.iter_attachments())
        assert attached.get_filename() == "receipt-R-2026-000042.pdf"
        assert attached.get_content_type() == "application/pdf"
        assert attached.get_content() == b"%PDF-1.7 receipt"
        assert taken["Subject"] == "Your receipt for order K7Q2MXR94T"

    def test_a_failed_payment_is_told_of_while_the_order_still_waits_for_it(
        self, server: Script, orders: Orders
    ) -> None:
        orders.changes = {"payment_status": "failed"}
        waits = a_message("payment_failed", next_attempt_at=timezone.now())
        assert send() == 1
        orders.changes = {"payment_status": "paid", "status": "confirmed"}
        paid = a_message("payment_failed", next_attempt_at=timezone.now())

        assert send() == 0

        (taken,) = server.taken
        assert (taken["Subject"], taken["Message-ID"]) == (
            "Your order K7Q2MXR94T is not paid yet",
            waits.message_id,
        )
        paid.refresh_from_db()
        assert paid.error == "The order was paid, cancelled or has expired meanwhile."

    def test_the_command_sends_what_is_due(
        self, server: Script, orders: Orders, capsys: pytest.CaptureFixture[str]
    ) -> None:
        a_message()

        call_command("send_mail", once=True)

        assert capsys.readouterr().out == "1 sent\n"
        assert len(server.taken) == 1


class TestFailure:
    @pytest.mark.parametrize("phase", ["rcpt", "data"])
    def test_tries_again_after_a_temporary_refusal(self, server: Script, orders: Orders, phase: str) -> None:
        message = a_message()
        setattr(server, phase, ["450 4.2.0 try later, ana@example.com"])
        before = timezone.now()

        assert send() == 0

        message.refresh_from_db()
        assert (message.state, message.attempts) == ("retry", 1)
        assert message.error == "450 4.2.0 try later, [redacted]"
        assert timedelta(seconds=23) < message.next_attempt_at - before < timedelta(seconds=40)

        come_due()
        assert send() == 1
        assert len(server.taken) == 1

    @pytest.mark.parametrize("phase", ["rcpt", "data"])
    def test_gives_up_after_a_permanent_refusal(self, server: Script, orders: Orders, phase: str) -> None:
        message = a_message()
        setattr(server, phase, ["550 5.1.1 <ana@example.com>: no such user"])

        assert send() == 0

        message.refresh_from_db()
        assert (message.state, message.error) == ("dead", "550 5.1.1 <[redacted]>: no such user")
        assert send() == 0

    def test_keeps_no_address_of_any_form(self, server: Script, orders: Orders) -> None:
        orders.changes = {"email": "ana@müller.example"}
        message = a_message()
        server.rcpt = ["550 ANA@xn--mller-kva.example is unknown"]

        send()

        message.refresh_from_db()
        assert (message.state, message.error) == ("dead", "550 [redacted] is unknown")

    def test_one_refused_recipient_does_not_stop_the_others(self, server: Script, orders: Orders) -> None:
        refused, other = a_message(), a_message()
        server.rcpt = ["550 no"]

        assert send() == 1

        refused.refresh_from_db()
        other.refresh_from_db()
        assert (refused.state, other.state) == ("dead", "sent")

    def test_tries_again_when_the_server_refuses_connections(self, no_server: None, orders: Orders) -> None:
        messages = [a_message(), a_message()]

        assert send() == 0

        for message in messages:
            message.refresh_from_db()
            assert (message.state, message.attempts, message.lease_holder) == ("retry", 1, "")
            assert "ConnectionRefusedError" in message.error

    def test_hands_the_rest_back_when_the_connection_breaks(self, server: Script, orders: Orders) -> None:
        broken, rest = a_message(), a_message()
        server.data = ["drop"]

        assert send() == 0

        broken.refresh_from_db()
        rest.refresh_from_db()
        assert (broken.state, broken.attempts) == ("retry", 1)
        assert (rest.state, rest.attempts) == ("retry", 0)
        assert send() == 1
        assert [taken["Message-ID"] for taken in server.taken] == [rest.message_id]

    def test_a_server_that_is_closing_kills_no_mail_and_gets_no_more_of_them(
        self, server: Script, orders: Orders
    ) -> None:
        told, rest = a_message(), a_message()
        server.rcpt = ["421 4.3.2 closing"]

        assert send() == 0

        told.refresh_from_db()
        rest.refresh_from_db()
        assert (told.state, told.attempts, told.error) == ("retry", 1, "421 4.3.2 closing")
        assert (rest.state, rest.attempts) == ("retry", 0)

    def test_gives_up_a_day_after_the_first_try(self, server: Script, orders: Orders) -> None:
        message = a_message(first_attempt_at=timezone.now() - timedelta(hours=25))
        server.rcpt = ["450 try later"]

        send()

        message.refresh_from_db()
        assert (message.state, message.error) == ("dead", "Given up after a day: 450 try later")

    def test_pauses_grow_up_to_a_limit(self) -> None:
        pauses = [services.pause(attempts=tries) for tries in range(1, 9)]
        for pause, seconds in zip(pauses, (30, 60, 120, 240, 480, 960, 1800, 1800), strict=True):
            assert 0.8 * seconds <= pause.total_seconds() <= 1.2 * seconds

    def test_a_bug_in_one_message_does_not_stop_the_others(
        self, server: Script, orders: Orders, receipts: SimpleNamespace
    ) -> None:
        buggy = a_message("order_refunded")
        other = a_message("order_paid")

        assert send() == 1

        buggy.refresh_from_db()
        other.refresh_from_db()
        assert (buggy.state, buggy.error) == ("retry", "Writing the mail failed: KeyError.")
        assert other.state == "sent"

    def test_never_sends_in_clear_when_starttls_is_not_offered(
        self, server: Script, orders: Orders, settings: Any
    ) -> None:
        settings.EMAIL_USE_TLS = True
        message = a_message()

        assert send() == 0

        message.refresh_from_db()
        assert (message.state, server.taken) == ("retry", [])
        assert message.error.startswith("SMTPNotSupportedError")

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (b"454 4.7.0 not just now\r\n", "454 4.7.0 not just now"),
            # What a server says of itself is no reason to give up a mail.
            (b"502 5.5.1 not here\r\n", "502 5.5.1 not here"),
            (b"220 go ahead\r\nand no handshake follows\r\n", "SSLError"),
        ],
    )
    def test_never_sends_in_clear_when_starttls_fails(
        self, server: Script, orders: Orders, settings: Any, answer: bytes, reason: str
    ) -> None:
        settings.EMAIL_USE_TLS, server.starttls = True, answer
        messages = [a_message(), a_message()]

        assert send() == 0

        assert (server.taken, server.recipients, server.connections) == ([], [], 1)
        for message in messages:
            message.refresh_from_db()
            assert (message.state, message.attempts) == ("retry", 1)
            assert message.error.startswith(reason)

    def test_a_connection_cut_before_the_answer_sends_once_more_with_the_same_id(
        self, server: Script, orders: Orders
    ) -> None:
        message = a_message()
        server.data = ["drop"]
        assert send() == 0
        assert server.taken == []
        come_due()

        assert send() == 1

        assert [taken["Message-ID"] for taken in server.taken] == [message.message_id]
        message.refresh_from_db()
        assert (message.state, message.attempts) == ("sent", 2)


class TestCrash:
    def test_resumes_what_a_dead_sender_held(self, server: Script, orders: Orders, settings: Any) -> None:
        message = a_message()
        settings.FAILPOINTS = {"mail.before_send": "raise"}
        with pytest.raises(FailpointReached):
            send()
        settings.FAILPOINTS = {}
        assert send() == 0  # the lease still runs

        outlive_leases()

        assert send() == 1
        message.refresh_from_db()
        assert (message.state, message.attempts) == ("sent", 2)
        assert len(server.taken) == 1

    def test_the_documented_window_sends_twice_with_one_message_id(
        self, server: Script, orders: Orders, settings: Any
    ) -> None:
        message = a_message()
        settings.FAILPOINTS = {"mail.after_250_before_commit": "raise"}
        with pytest.raises(FailpointReached):
            send()
        settings.FAILPOINTS = {}
        settings.DEFAULT_FROM_EMAIL = "new@elsewhere.example"
        outlive_leases()

        assert send() == 1

        assert [taken["Message-ID"] for taken in server.taken] == [message.message_id] * 2

    def test_a_sender_that_slept_past_its_lease_sends_nothing(
        self, server: Script, orders: Orders, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message = a_message()
        renew = services.renew

        def taken_over(**which: Any) -> bool:
            EmailMessage.objects.filter(pk=message.pk).update(lease_holder="another")
            return renew(**which)

        monkeypatch.setattr(services, "renew", taken_over)

        assert send() == 0
        assert server.taken == []

    def test_stopping_hands_back_what_was_not_reached(self, server: Script, orders: Orders) -> None:
        messages = [a_message(), a_message(), a_message()]

        sent = sender.send_due(now=timezone.now(), stop=lambda: len(server.taken) >= 1)

        assert sent == 1
        assert [taken["Message-ID"] for taken in server.taken] == [messages[0].message_id]
        states = EmailMessage.objects.order_by("id").values_list("state", "attempts")
        assert list(states) == [("sent", 1), ("retry", 0), ("retry", 0)]


@pytest.mark.django_db(transaction=True)
def test_senders_side_by_side_send_each_message_once(server: Script, orders: Orders) -> None:
    messages = [a_message() for _ in range(60)]
    start = threading.Barrier(4)
    failures: list[Exception] = []

    def run() -> None:
        start.wait()
        try:
            send()
        except Exception as error:  # noqa: BLE001  (shown by the main thread)
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while send():
        pass

    assert failures == []
    assert sorted(taken["Message-ID"] for taken in server.taken) == sorted(m.message_id for m in messages)
    assert EmailMessage.objects.filter(state="sent", attempts=1).count() == 60

"""How long mail waits: for what it carries, and for the rate of the mail server."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from notifications import sender
from notifications.tests.conftest import Orders, Script
from notifications.tests.factories import a_message
from notifications.tests.test_sender import come_due, send

pytestmark = pytest.mark.django_db


class TestWaiting:
    def test_waits_for_a_receipt_that_is_not_issued_yet(
        self, server: Script, orders: Orders, receipts: SimpleNamespace
    ) -> None:
        message = a_message("order_paid")
        receipts.issued = False
        assert send() == 0
        message.refresh_from_db()
        assert (message.state, message.error) == ("retry", "The receipt isn't issued yet.")
        assert message.next_attempt_at - timezone.now() < timedelta(seconds=2)

        receipts.issued = True
        come_due()

        assert send() == 1

    def test_looks_for_a_receipt_less_and_less_often(
        self, server: Script, orders: Orders, receipts: SimpleNamespace
    ) -> None:
        receipts.issued = False
        message = a_message("order_paid")
        pauses, now = [], timezone.now()
        for _ in range(9):
            sender.send_due(now=now)
            message.refresh_from_db()
            pauses.append((message.next_attempt_at - now).total_seconds())
            now = message.next_attempt_at

        # Each pause is about as long as all before it together, within a fifth of jitter.
        for number, pause in enumerate(pauses):
            waited = sum(pauses[:number])
            # The work itself takes a moment.
            assert 0.8 * min(waited + 1, 60) <= pause <= 1.2 * min(waited + 1, 60) + 1
        # It isn't a try: a delivery that fails afterwards is soon repeated.
        assert (message.state, message.attempts) == ("retry", 0)

    def test_waits_even_if_another_senders_clock_runs_ahead(
        self, server: Script, orders: Orders, receipts: SimpleNamespace
    ) -> None:
        receipts.issued, now = False, timezone.now()
        ahead = now + timedelta(minutes=1)
        message = a_message("order_paid", next_attempt_at=now, first_attempt_at=ahead)

        sender.send_due(now=now)

        message.refresh_from_db()
        # Looked at over and over, it would have been handed back when the budget of five seconds was used up.
        assert timedelta(seconds=0.7) < message.next_attempt_at - now < timedelta(seconds=4)

    def test_gives_up_a_receipt_after_a_day(
        self, server: Script, orders: Orders, receipts: SimpleNamespace
    ) -> None:
        receipts.issued = False
        message = a_message("order_paid", first_attempt_at=timezone.now() - timedelta(hours=25))

        assert send() == 0

        message.refresh_from_db()
        assert (message.state, message.error) == (
            "dead",
            "Given up after a day: The receipt isn't issued yet.",
        )


class TestRate:
    @pytest.mark.parametrize("per_second", [4, 50])
    def test_hands_over_no_more_a_second_than_the_setting_says(
        self, server: Script, orders: Orders, settings: Any, monkeypatch: pytest.MonkeyPatch, per_second: int
    ) -> None:
        settings.MAIL_PER_SECOND = per_second
        pauses: list[float] = []
        clock = SimpleNamespace(monotonic=lambda: 7.0, sleep=pauses.append)
        monkeypatch.setattr(sender, "time", clock)
        for _ in range(3):
            a_message()

        assert send() == 3

        # The clock stands still, so each delivery took no time of its own.
        assert pauses == [1 / per_second] * 3

    def test_what_is_not_handed_over_leaves_the_rate_to_others(
        self,
        server: Script,
        orders: Orders,
        receipts: SimpleNamespace,
        settings: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        settings.MAIL_PER_SECOND, receipts.issued = 4, False
        pauses: list[float] = []
        monkeypatch.setattr(sender, "time", SimpleNamespace(monotonic=lambda: 7.0, sleep=pauses.append))
        for _ in range(3):
            a_message("order_paid")
        refused, other = a_message(), a_message()
        server.rcpt = ["450 try later"]

        assert send() == 1

        # What a server refuses counts with it.
        assert pauses == [0.25] * 2
        refused.refresh_from_db()
        other.refresh_from_db()
        assert (refused.state, other.state) == ("retry", "sent")

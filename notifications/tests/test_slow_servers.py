"""Mail servers that dawdle or hang: what waits for them, what doesn't, and that no message is delivered by two."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core import mail
from django.db import connection
from django.utils import timezone

from notifications import jobs, sender, services, smtp
from notifications.models import EmailMessage
from notifications.tests.conftest import Orders, Script, free_port, serve, use_server
from notifications.tests.factories import a_message
from notifications.tests.test_sender import come_due, outlive_leases, send
from shop.events import registry
from shop.events.registry import Job
from shop.events.scheduler import run_jobs

PATIENCE = 60


class Holding(Script):
    """Keeps an answer back, the one to a mail unless ``at`` says another, until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.at = "DATA"
        self.asked = threading.Event()
        self.go_on = threading.Event()

    async def _hold(self, phase: str) -> None:
        if self.at == phase:
            self.asked.set()
            await asyncio.to_thread(self.go_on.wait, PATIENCE)

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        await self._hold("EHLO")
        return await super().handle_EHLO(server, session, envelope, hostname, responses)

    async def handle_RCPT(self, *args: Any) -> str:  # noqa: N802
        await self._hold("RCPT")
        return await super().handle_RCPT(*args)

    async def handle_DATA(self, *args: Any) -> str:  # noqa: N802
        await self._hold("DATA")
        return await super().handle_DATA(*args)


@pytest.fixture
def holding(settings: Any) -> Iterator[Holding]:
    script = Holding()
    with serve(script, settings):
        yield script
        script.go_on.set()


@contextmanager
def in_thread(call: Any) -> Iterator[threading.Thread]:
    """Run something beside the test; it has to have ended soon after it."""

    def run() -> None:
        try:
            call()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_every_answer_has_a_limit_and_all_of_them_are_within_a_lease(
    server: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []
    monkeypatch.setattr(smtp, "time", SimpleNamespace(monotonic=lambda: 7.0))
    read = smtp._Answers.readinto

    def noted(self: smtp._Answers, buffer: Any) -> int:
        limits.append(self.until - 7.0)
        return read(self, buffer)

    monkeypatch.setattr(smtp._Answers, "readinto", noted)
    with mail.get_connection() as opened:
        opened.send_messages([mail.EmailMessage("a", "b", to=["ana@example.com"])])

    # The greeting; EHLO, MAIL, RCPT, DATA; the mail; QUIT. On a busy machine an answer comes in several parts.
    assert [limit for limit, _ in groupby(limits)] == [5, smtp.TAKING, 5]
    assert limits.index(smtp.TAKING) >= 5
    assert smtp.EmailBackend(timeout=3600).timeout == smtp.COMMAND
    assert timedelta(seconds=7 * smtp.COMMAND + smtp.TAKING) <= smtp.LONGEST < services.LEASE


def test_an_answer_that_comes_letter_by_letter_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 4))
    monkeypatch.setattr(smtp, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    said = iter(b"250 OK\r\n")

    def one_letter(buffer: Any) -> int:
        buffer[0] = next(said)
        return 1

    spoken = smtp._Plain(timeout=smtp.COMMAND)
    sock: Any = SimpleNamespace(recv_into=one_letter, settimeout=lambda seconds: None, close=lambda: None)
    spoken.sock = sock

    # Each letter takes 4 seconds; Python's own limit would begin anew with each.
    with pytest.raises(smtplib.SMTPServerDisconnected, match="no whole answer in time"):
        spoken.getreply()

    # Two letters were said within ten seconds.
    assert bytes(said) == b"0 OK\r\n"


@pytest.mark.django_db
def test_a_server_that_takes_a_mail_and_says_nothing_is_asked_less_and_less_often(
    holding: Holding, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TAKING", 0.2)
    silent, rest = a_message(attempts=9), a_message()

    assert send() == 0

    silent.refresh_from_db()
    rest.refresh_from_db()
    assert (silent.state, silent.attempts, rest.state, rest.attempts) == ("retry", 10, "retry", 0)
    assert silent.error.startswith("AnswerMissing")
    # Not each two minutes, as when the server can't be reached: it may have taken the mail each time.
    assert silent.next_attempt_at - timezone.now() > timedelta(minutes=20)


@pytest.mark.django_db
@pytest.mark.parametrize("phase", ["EHLO", "RCPT"])
def test_a_server_that_hangs_earlier_is_left_and_no_mail_dies_of_it(
    holding: Holding, orders: Orders, settings: Any, phase: str
) -> None:
    settings.EMAIL_TIMEOUT, holding.at = 0.2, phase
    messages = [a_message(), a_message()]

    assert send() == 0

    for message in messages:
        message.refresh_from_db()
    assert {(one.state, one.lease_holder) for one in messages} == {("retry", "")}
    settings.EMAIL_TIMEOUT, holding.at = 5, ""
    come_due()
    assert send() == 2
    assert len(holding.taken) == 2


@pytest.mark.django_db
def test_a_slow_delivery_is_the_last_of_its_batch(
    server: Script, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(sender, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=lambda seconds: None))
    send_messages = smtp.EmailBackend.send_messages

    def slowly(self: smtp.EmailBackend, messages: Any) -> int:
        now[0] += 30
        return send_messages(self, messages)

    monkeypatch.setattr(smtp.EmailBackend, "send_messages", slowly)
    for _ in range(3):
        a_message()

    assert send() == 1

    # The others wait for no lease to run out.
    states = EmailMessage.objects.order_by("id").values_list("state", "attempts", "lease_holder")
    assert list(states) == [("sent", 1, ""), ("retry", 0, ""), ("retry", 0, "")]


@pytest.mark.django_db(transaction=True)
def test_another_sender_leaves_alone_what_one_waits_over(holding: Holding, orders: Orders) -> None:
    message = a_message()

    with in_thread(send):
        assert holding.asked.wait(PATIENCE)
        assert send() == 0
        holding.go_on.set()

    message.refresh_from_db()
    assert (message.state, message.attempts, len(holding.taken)) == ("sent", 1, 1)
    # The control: had the lease run out under the first, there would have been two at once.
    holding.asked.clear()
    holding.go_on.clear()
    message = a_message()
    with in_thread(send):
        assert holding.asked.wait(PATIENCE)
        outlive_leases()
        holding.asked.clear()
        with in_thread(send):
            assert holding.asked.wait(PATIENCE)
            holding.go_on.set()
    assert [taken["Message-ID"] for taken in holding.taken[1:]] == [message.message_id] * 2


@pytest.mark.django_db(transaction=True)
def test_the_workers_other_jobs_go_on_meanwhile(
    holding: Holding, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_message()
    ran, stop = threading.Semaphore(0), threading.Event()
    every = timedelta(milliseconds=10)
    both = {"send_mail": jobs.send_mail, "other": lambda now: ran.release()}
    monkeypatch.setattr(
        registry, "jobs", {name: Job(name=name, every=every, run=run) for name, run in both.items()}
    )

    with in_thread(lambda: run_jobs(stop)):
        assert holding.asked.wait(PATIENCE)
        while ran.acquire(blocking=False):
            pass
        # It has been at it since the mail server began to hang.
        assert ran.acquire(timeout=PATIENCE)
        assert ran.acquire(timeout=PATIENCE)
        assert holding.taken == []
        stop.set()
        holding.go_on.set()

    assert EmailMessage.objects.get().state == "sent"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("setting", "server_side"), [("EMAIL_USE_TLS", "tls_context"), ("EMAIL_USE_SSL", "ssl_context")]
)
def test_the_limits_hold_within_tls_too(
    orders: Orders, settings: Any, monkeypatch: pytest.MonkeyPatch, setting: str, server_side: str
) -> None:
    # Without certificates: what matters here is the socket that TLS puts in the place of the first.
    both = [ssl.SSLContext(kind) for kind in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)]
    both[1].check_hostname = False
    for context in both:
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    monkeypatch.setattr(smtp.EmailBackend, "ssl_context", both[1])
    monkeypatch.setattr("aiosmtpd.controller._server_to_client_ssl_ctx", lambda context: both[1])
    script = Script()
    tls: dict[str, Any] = {server_side: both[0]}
    controller = Controller(script, hostname="127.0.0.1", port=free_port(), **tls)
    controller.start()
    use_server(settings, controller.port)
    setattr(settings, setting, True)
    message = a_message()

    assert send() == 1

    controller.stop()
    assert [taken["Message-ID"] for taken in script.taken] == [message.message_id]

"""A mail server on this machine that does as it is told, and neighbours that answer with made-up orders."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage as ParsedMessage
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.exceptions import ObjectDoesNotExist

from notifications import letters
from notifications.tests.factories import an_order


class Script:
    """What the server answers, and what it took: ``rcpt`` and ``data`` are used up one by one."""

    def __init__(self) -> None:
        self.rcpt: list[str] = []
        self.data: list[str] = []
        self.taken: list[ParsedMessage] = []
        self.recipients: list[str] = []
        self.connections = 0
        # What it answers to STARTTLS; empty: it doesn't offer it.
        self.starttls = b""

    async def handle_EHLO(  # noqa: N802  (aiosmtpd looks for this name)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return [responses[0], "250-STARTTLS", *responses[1:]] if self.starttls else responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        answer = self.rcpt.pop(0) if self.rcpt else "250 OK"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data.pop(0) if self.data else "250 OK"
        if answer == "drop":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            return "421 gone"
        if answer.startswith("2"):
            assert isinstance(envelope.content, bytes)
            self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
            self.recipients += envelope.rcpt_tos
        return answer


class ScriptedSMTP(SMTP):
    """Answers STARTTLS as the script says, and goes on in clear whatever that was."""

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        assert isinstance(self.transport, asyncio.WriteTransport)
        self.transport.write(self.event_handler.starttls)


class ScriptedController(Controller):
    """Serves a script."""

    def factory(self) -> SMTP:
        """Return the server of one connection."""
        return ScriptedSMTP(self.handler, **self.SMTP_kwargs)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(settings: Any) -> Iterator[Script]:
    """Start a mail server and make it the shop's."""
    script = Script()
    with serve(script, settings):
        yield script


@contextmanager
def serve(script: Script, settings: Any) -> Iterator[None]:
    """Run a mail server that does what a script says, as the shop's."""
    controller = ScriptedController(script, hostname="127.0.0.1", port=free_port())
    controller.start()
    use_server(settings, controller.port)
    yield
    controller.stop()


@pytest.fixture
def no_server(settings: Any) -> None:
    """Make the shop's mail server one that refuses connections."""
    use_server(settings, free_port())


def use_server(settings: Any, port: int) -> None:
    settings.EMAIL_BACKEND = "notifications.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5


class Orders:
    """Stands in for ``orders.selectors``: every order is a made-up one."""

    def __init__(self) -> None:
        self.changes: dict[str, Any] = {}
        self.gone = False

    def order_for_mail(self, order_id: UUID) -> dict[str, Any]:
        if self.gone:
            raise ObjectDoesNotExist
        return an_order(id=str(order_id), **self.changes)


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> Orders:
    """Let messages about orders find one."""
    stand_in = Orders()
    monkeypatch.setattr(letters, "orders", stand_in)
    return stand_in


@pytest.fixture
def receipts(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Let paid orders have a receipt; ``issued`` takes it away."""
    state = SimpleNamespace(issued=True)
    document = SimpleNamespace(number="R-2026-000042", pdf=lambda: b"%PDF-1.7 receipt")

    def receipt_for_order(order_id: UUID) -> SimpleNamespace | None:
        return document if state.issued else None

    monkeypatch.setattr(letters, "payments", SimpleNamespace(receipt_for_order=receipt_for_order))
    return state

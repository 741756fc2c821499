"""Mail through a provider's API, as a made-up one on this machine answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.utils import timezone

from notifications import sender
from notifications.tests.conftest import Orders
from notifications.tests.factories import a_message
from shop import env

pytestmark = pytest.mark.django_db

INACTIVE = {
    "ErrorCode": 406,
    "Message": "You tried to send to recipient(s) that have been marked as inactive. "
    "Found inactive addresses: ana@example.com. Inactive recipients are ones that have generated a hard bounce.",
}


class Provider:
    """What the provider answers, each used up in turn, and what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, Any]]] = []
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []


@pytest.fixture
def provider(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Serve a provider with the API of Postmark, and configure it as an operator does."""
    script = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            script.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            script.keys.append(self.headers["X-Postmark-Server-Token"])
            status, said = script.answers.pop(0) if script.answers else (200, accepted())
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        address = f"http%3A%2F%2F127.0.0.1%3A{server.server_port}%2F"
        monkeypatch.setenv("EMAIL_URL", f"postmark:?server_token=made-up&api_url={address}")
        for name, value in env.email("EMAIL_URL").items():
            setattr(settings, name, value)
        yield script
        server.shutdown()
        thread.join()


def accepted() -> dict[str, Any]:
    """Return Postmark's answer to a mail that it takes."""
    return {"ErrorCode": 0, "Message": "OK", "MessageID": "made-up-id", "To": "ana@example.com"}


def send() -> int:
    return sender.send_due(now=timezone.now())


def test_a_mail_goes_out_and_the_providers_id_is_kept(provider: Provider, orders: Orders) -> None:
    message = a_message()

    assert send() == 1

    message.refresh_from_db()
    assert (message.state, message.provider_message_id) == ("sent", "made-up-id")
    (asked,) = provider.asked
    assert provider.keys == ["made-up"]
    assert (asked["To"], asked["Subject"]) == ("ana@example.com", "Your order K7Q2MXR94T")
    assert {"Name": "Message-ID", "Value": message.message_id} in asked["Headers"]
    assert asked["TextBody"]
    assert asked["HtmlBody"]


@pytest.mark.parametrize(
    ("status", "said", "asked"),
    [
        # About this message, perhaps: the next one is tried.
        (422, {"ErrorCode": 300, "Message": "Invalid 'From' address: ana@example.com"}, 2),
        # About the account or the provider: the next one needn't be.
        (401, {"ErrorCode": 10, "Message": "Bad token"}, 1),
        (429, {"ErrorCode": 429, "Message": "Slow down"}, 1),
        (500, {"ErrorCode": 500, "Message": "Sorry"}, 1),
    ],
)
def test_what_is_refused_is_tried_again(
    status: int, said: dict[str, Any], asked: int, provider: Provider, orders: Orders
) -> None:
    first, second = a_message(), a_message()
    provider.answers = [(status, said)]

    send()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.provider_message_id) == ("retry", "")
    assert str(status) in first.error
    assert "ana@example.com" not in first.error
    assert len(provider.asked) == asked
    assert second.state == ("sent" if asked == 2 else "retry")


def test_a_refused_recipient_is_given_up(provider: Provider, orders: Orders) -> None:
    message = a_message()
    provider.answers = [(422, INACTIVE)]

    assert send() == 0

    message.refresh_from_db()
    assert message.state == "dead"
    assert "ana@example.com" not in message.error


def test_a_provider_that_is_away_is_looked_for_soon(
    provider: Provider, orders: Orders, settings: LazySettings
) -> None:
    message = a_message()
    configured: Any = settings
    configured.ANYMAIL = {**configured.ANYMAIL, "POSTMARK_API_URL": "http://127.0.0.1:9/"}

    assert send() == 0

    message.refresh_from_db()
    assert message.state == "retry"
    assert (message.next_attempt_at - timezone.now()).total_seconds() < 180


def test_a_missing_setting_is_named_before_the_shop_starts(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_URL", "mailgun:")
    for name, value in env.email("EMAIL_URL").items():
        setattr(settings, name, value)

    with pytest.raises(SystemCheckError, match="MAILGUN_API_KEY"):
        call_command("check")

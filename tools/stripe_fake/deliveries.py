"""Webhooks: signed, sent by threads of their own, tried again until they are taken."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tools.stripe_fake.errors import Json
from tools.stripe_fake.ledger import public
from tools.stripe_fake.resources.webhook_endpoints import secret_of
from tools.stripe_fake.world import World

logger = logging.getLogger(__name__)
_IDLE = 5.0
"""The longest wait, in seconds, before looking again although nobody called."""
_PATIENCE = 2.0
"""How long, in seconds, stopping waits for attempts in hand."""


def sign(payload: bytes, secret: str, timestamp: int | None = None, *, old_secret: str | None = None) -> str:
    """Return the `Stripe-Signature` header for a body; with both signatures while a secret is rotated."""
    moment = int(time.time()) if timestamp is None else timestamp
    signed = f"{moment}.".encode() + payload
    macs = [hmac.new(key.encode(), signed, hashlib.sha256) for key in (secret, old_secret) if key]
    return ",".join([f"t={moment}", *(f"v1={mac.hexdigest()}" for mac in macs)])


@dataclass(frozen=True)
class Delivery:
    delivery_id: int
    event_id: str
    endpoint: str
    attempt: int
    first: float


class Deliveries:
    """The senders. `is_paused` holds what is due until it is lifted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stopping = False
        self._busy: set[int] = set()
        self._threads: list[threading.Thread] = []
        self.is_paused = False

    def start(self) -> None:
        for number in range(self._world.settings.delivery_threads):
            thread = threading.Thread(target=self._run, name=f"webhooks-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Wake the senders and wait a moment; an attempt that hangs is made again after the next start."""
        with self._world.ledger.lock:
            self._stopping = True
            self._world.ledger.changed.notify_all()
        until = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def pending(self) -> list[Json]:
        """Return what is still to be delivered, in order of its next attempt."""
        with self._world.ledger.lock:
            rows = self._world.ledger.db.execute(
                "SELECT event_id, endpoint, attempt, due FROM deliveries ORDER BY due, id"
            ).fetchall()
        return [dict(zip(("event", "endpoint", "attempts", "due"), row, strict=True)) for row in rows]

    def wait_until_delivered(self, timeout: float) -> bool:
        """Return whether nothing was left to deliver within that many seconds."""
        ledger = self._world.ledger
        with ledger.lock:
            return ledger.changed.wait_for(lambda: not self._is_anything_left(), timeout)

    def _is_anything_left(self) -> bool:
        return self._world.ledger.db.execute("SELECT 1 FROM deliveries LIMIT 1").fetchone() is not None

    def _run(self) -> None:
        while True:
            delivery = self._next()
            if delivery is None:
                return
            try:
                status = self._attempt(delivery)
            except Exception:
                logger.exception("The delivery of %s broke", delivery.event_id)
                status = 0
            self._note(delivery, status)

    def _next(self) -> Delivery | None:
        """Wait for a delivery that is due and take it; None when it is time to stop."""
        ledger = self._world.ledger
        with ledger.lock:
            while not self._stopping:
                taken, wait = (None, _IDLE) if self.is_paused else self._take()
                if taken is not None:
                    return taken
                ledger.changed.wait(wait)
        return None

    def _take(self) -> tuple[Delivery | None, float]:
        """Return a delivery that is due, or the seconds until there may be one."""
        now, wait = time.time(), _IDLE
        is_reversed = self._world.settings.webhooks_newest_first
        if is_reversed and self._busy:
            return None, _IDLE
        for *values, due in self._rows(newest_first=is_reversed):
            if values[0] in self._busy:
                continue
            if due > now:
                wait = min(wait, due - now)
                continue
            self._busy.add(values[0])
            return Delivery(*values), 0.0
        return None, wait

    def _rows(self, *, newest_first: bool) -> list[tuple[Any, ...]]:
        order = "id DESC" if newest_first else "due, id"
        return self._world.ledger.db.execute(
            f"SELECT id, event_id, endpoint, attempt, first, due FROM deliveries ORDER BY {order} LIMIT 50"  # noqa: S608
        ).fetchall()

    def _attempt(self, delivery: Delivery) -> int | None:
        """Return the status of one attempt, 0 without an answer, None when there is nobody to send to."""
        with self._world.ledger.lock:
            event = self._world.ledger.find(delivery.event_id)
            target = self.target(delivery.endpoint)
            payload = json.dumps(public(event), indent=2).encode() if event else b""
        if event is None or target is None:
            return None
        return post(target[0], payload, self._sign(payload, target[1]), self._world.settings.delivery_timeout)

    def _note(self, delivery: Delivery, status: int | None) -> None:
        settings, ledger = self._world.settings, self._world.ledger
        with ledger.lock:
            if ledger.is_closed:
                return
            self._busy.discard(delivery.delivery_id)
            now = time.time()
            is_over = status is None or 200 <= status < 300 or now - delivery.first > settings.retry_for
            if is_over:
                ledger.db.execute("DELETE FROM deliveries WHERE id = ?", (delivery.delivery_id,))
                event = ledger.find(delivery.event_id)
                if event is not None:
                    self._world.change(event, pending_webhooks=max(0, event["pending_webhooks"] - 1))
            else:
                delay = settings.retry_delays[min(delivery.attempt, len(settings.retry_delays) - 1)]
                ledger.db.execute(
                    "UPDATE deliveries SET attempt = attempt + 1, due = ? WHERE id = ?",
                    (now + delay, delivery.delivery_id),
                )
            ledger.commit()

    def target(self, endpoint: str) -> tuple[str, str] | None:
        """Return where an endpoint is and the secret it knows."""
        if endpoint == "default":
            url = self._world.settings.webhook_url
            return (url, self._world.settings.webhook_secret) if url else None
        found = self._world.ledger.find(endpoint)
        return (found["url"], secret_of(found)) if found and found["status"] == "enabled" else None

    def send_now(self, event_id: str) -> list[int]:
        """Send an event to everybody at once, whatever was sent before; return their statuses."""
        with self._world.ledger.lock:
            event = self._world.ledger.get("event", event_id)
            payload = json.dumps(public(event), indent=2).encode()
            targets = [self.target(endpoint) for endpoint in self._world.targets_of(event)]
        timeout = self._world.settings.delivery_timeout
        return [
            post(target[0], payload, self._sign(payload, target[1]), timeout) for target in targets if target
        ]

    def _sign(self, payload: bytes, secret: str) -> str:
        return sign(payload, secret, old_secret=self._world.settings.webhook_old_secret)


def post(url: str, payload: bytes, signature: str, timeout: float) -> int:
    """Send a signed body; return the status, or 0 when there was no answer. Redirects are not followed."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature,
        "User-Agent": "Stripe/1.0 (local fake)",
        "Connection": "close",
    }
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=timeout)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, payload, headers)
            return connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError):
        return 0

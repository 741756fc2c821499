"""What every resource works with: the ledger, the clock, events and what happens later."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.stripe_fake.errors import Json
from tools.stripe_fake.ids import new_id
from tools.stripe_fake.ledger import PRIVATE, Ledger, public
from tools.stripe_fake.registry import LISTENERS

API_VERSION = "2026-10-28.endive"


@dataclass
class Settings:
    """How this fake behaves; times in seconds."""

    webhook_url: str | None = None
    webhook_secret: str = "whsec_fake"  # noqa: S105 - the fake guards nothing
    webhook_old_secret: str | None = None
    """While a secret is rotated: each webhook is signed with both."""
    webhook_times: int = 1
    """How many times each webhook is sent."""
    webhook_delay: float = 0.0
    """How long each webhook waits before it is sent."""
    webhooks_newest_first: bool = False
    """Of those that wait, the newest is sent first, one at a time."""
    data: Path | None = None
    settle_after: float = 3.0
    """From `processing` to the end of an asynchronous payment."""
    refund_after: float = 1.0
    """Until a pending refund succeeds, or one that fails later fails."""
    dispute_after: float = 0.5
    """From the payment to its dispute, and from the evidence to the verdict."""
    search_lag: float = 0.0
    """How long a new object stays invisible to search; Stripe's own takes up to a minute."""
    delivery_threads: int = 4
    delivery_timeout: float = 10.0
    retry_delays: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
    """Waits before the next attempts; the last one repeats."""
    retry_for: float = 3 * 86400.0


@dataclass
class Cause:
    """Which call the present changes come from."""

    request_id: str | None = None
    idempotency_key: str | None = None
    endpoint: str | None = None


@dataclass
class World:
    """The one state of a fake. Its methods are called with the ledger's lock held."""

    ledger: Ledger
    settings: Settings
    base_url: str = ""
    cause: Cause = field(default_factory=Cause)
    drops_events: bool = False

    def create(self, thing: Json, **private: Any) -> Json:
        """Take a new object in; it remembers which call, under which key, made it."""
        made_by = {"idempotency_key": self.cause.idempotency_key, "endpoint": self.cause.endpoint}
        thing[PRIVATE] = {**made_by, **private}
        self.ledger.save(thing)
        return thing

    def change(self, thing: Json, **values: Any) -> Json:
        thing.update(values)
        self.ledger.save(thing)
        return thing

    def emit(self, event_type: str, thing: Json, previous: Json | None = None) -> Json:
        """Record an event about the object, plan its deliveries, and tell the listeners."""
        event = self.make_event(event_type, public(thing), previous)
        if not self.drops_events:
            self.plan_deliveries(event)
        for listener in LISTENERS.get(event_type, ()):
            listener(self, thing)
        return event

    def make_event(self, event_type: str, snapshot: Json, previous: Json | None = None) -> Json:
        """Record an event without any delivery."""
        payload: Json = {"object": snapshot}
        if previous is not None:
            payload["previous_attributes"] = previous
        event = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(time.time()),
            "data": payload,
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": self.cause.request_id, "idempotency_key": self.cause.idempotency_key},
            "type": event_type,
        }
        return self.create(event)

    def targets_of(self, event: Json) -> list[str]:
        """Return who gets the event: `default` for the configured URL, else ids of endpoints."""
        targets = ["default"] if self.settings.webhook_url else []
        for endpoint in self.ledger.all("webhook_endpoint"):
            wanted = endpoint["enabled_events"]
            if endpoint["status"] == "enabled" and ("*" in wanted or event["type"] in wanted):
                targets.append(endpoint["id"])
        return targets

    def plan_deliveries(self, event: Json) -> None:
        now = time.time()
        due = now + self.settings.webhook_delay
        targets = self.targets_of(event) * self.settings.webhook_times
        self.ledger.db.executemany(
            "INSERT INTO deliveries (event_id, endpoint, attempt, first, due) VALUES (?, ?, 0, ?, ?)",
            [(event["id"], target, now, due) for target in targets],
        )
        self.change(event, pending_webhooks=len(targets))

    def later(self, seconds: float, action: str, thing: Json) -> None:
        """Plan a named action on the object; it happens after a restart too."""
        self.ledger.db.execute(
            "INSERT INTO timers (action, object_id, due) VALUES (?, ?, ?)",
            (action, thing["id"], time.time() + seconds),
        )

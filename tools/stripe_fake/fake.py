"""The fake as one object: to start and stop, and to steer from a test in the same process."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from tools.stripe_fake.control import answer_control
from tools.stripe_fake.deliveries import Deliveries, sign
from tools.stripe_fake.errors import Json
from tools.stripe_fake.faults import Fault, Faults
from tools.stripe_fake.gate import Gate, Received
from tools.stripe_fake.http import Answer, Request, json_answer
from tools.stripe_fake.ledger import PRIVATE, Ledger, public
from tools.stripe_fake.pages import answer_page
from tools.stripe_fake.resources import disputes, payments, refunds
from tools.stripe_fake.server import HOST, Server
from tools.stripe_fake.timers import Timers
from tools.stripe_fake.world import Settings, World

Paused = bool | Literal["drop"]
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Stripe-Version",
    "Access-Control-Expose-Headers": "Request-Id, Idempotent-Replayed",
    "Access-Control-Max-Age": "300",
}


class StripeFake:
    """A local Stripe. Extra keywords are fields of `Settings`, such as `settle_after=0.05`."""

    def __init__(
        self,
        port: int = 0,
        data: Path | None = None,
        webhook_url: str | None = None,
        webhook_secret: str = "whsec_fake",  # noqa: S107 - the fake guards nothing
        **settings: Any,
    ) -> None:
        self._port = port
        self._settings = replace(
            Settings(webhook_url=webhook_url, webhook_secret=webhook_secret, data=data), **settings
        )
        self._world = World(Ledger(data), self._settings)
        self._stopping = threading.Event()
        self.faults = Faults()
        self._gate = Gate(self._world, self.faults, self._stopping)
        self._deliveries = Deliveries(self._world)
        self._timers = Timers(self._world)
        self._server: Server | None = None

    def start(self) -> StripeFake:
        """Bind, then serve in threads. The port is the old one after a restart with `port=fake.port`."""
        self._server = Server(self._port, self._answer)
        self._port = self._server.server_address[1]
        self._world.base_url = self.base_url
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="stripe-fake", daemon=True
        ).start()
        self._deliveries.start()
        self._timers.start()
        return self

    def stop(self) -> None:
        """End serving and delivering; what is still to be delivered stays in the folder."""
        if self._server is None:
            return
        self._stopping.set()
        self.faults.let_go()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._deliveries.stop()
        self._timers.stop()
        self._world.ledger.close()
        self._server = None

    def __enter__(self) -> StripeFake:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        return self._port

    @property
    def base_url(self) -> str:
        """Return the address without `/v1`."""
        return f"http://{HOST}:{self._port}"

    def _answer(self, request: Request) -> Answer:
        if request.path.startswith("/_fake/"):
            return answer_control(self, request)
        if request.path.startswith("/v1/") or request.method == "OPTIONS":
            answer = Answer(204) if request.method == "OPTIONS" else self._gate.answer(request)
            answer.headers.update(_CORS)
            return answer
        with self._world.ledger.lock:
            answer_of_page = answer_page(self._world, request)
            self._world.ledger.commit()
        return answer_of_page or json_answer(404, {"error": {"message": "There is no such page."}})

    @property
    def requests(self) -> list[Received]:
        """Return the calls of `/v1` as they arrived, oldest first; card numbers are masked."""
        return list(self._gate.received)

    def ledger(self, kind: str | None = None) -> list[Json]:
        """Return copies of every object, oldest first, with `_made_by` (idempotency key and endpoint)."""
        with self._world.ledger.lock:
            return [_with_origin(thing) for thing in self._world.ledger.all(kind)]

    def count(self) -> int:
        """Return how many objects there are."""
        with self._world.ledger.lock:
            return self._world.ledger.count()

    def get(self, object_id: str) -> Json:
        """
        Return a copy of one object.

        :raises KeyError: there is none.
        """
        with self._world.ledger.lock:
            thing = self._world.ledger.find(object_id)
            if thing is None:
                raise KeyError(object_id)
            return _with_origin(thing)

    def fail_next(self, method: str, path: str, how: str, *, times: int = 1, seconds: float = 30.0) -> None:
        """
        Script a fault for the next calls of a method (`*` for all) whose path the regex finds.

        :raises ValueError: no such kind; `faults.KINDS` describes them.
        """
        self.faults.add(Fault(method.upper(), re.compile(path), how, times, seconds))

    @property
    def webhooks_paused(self) -> Paused:
        """Return False, True (events wait until it is lifted) or `drop` (their deliveries are never made)."""
        return "drop" if self._world.drops_events else self._deliveries.is_paused

    @webhooks_paused.setter
    def webhooks_paused(self, value: Paused) -> None:
        if value not in (True, False, "drop"):
            raise ValueError("webhooks_paused is true, false or 'drop'")
        with self._world.ledger.lock:
            self._world.drops_events = value == "drop"
            self._deliveries.is_paused = value is True
            self._world.ledger.changed.notify_all()

    @property
    def webhook_url(self) -> str | None:
        return self._settings.webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._settings.webhook_url = url

    @property
    def webhook_secret(self) -> str:
        return self._settings.webhook_secret

    @webhook_secret.setter
    def webhook_secret(self, secret: str) -> None:
        self._settings.webhook_secret = secret

    def misdeliver(
        self, *, times: int | None = None, delay: float | None = None, newest_first: bool | None = None
    ) -> None:
        """Send webhooks so many times from now on, so late (in seconds), or the newest of those that wait first."""
        with self._world.ledger.lock:
            known = self._settings
            known.webhook_times = known.webhook_times if times is None else times
            known.webhook_delay = known.webhook_delay if delay is None else delay
            if newest_first is not None:
                known.webhooks_newest_first = newest_first

    def rotate_secret(self, secret: str, *, keep_old: bool = True) -> None:
        """Sign with another secret from now on, and with the old one too as long as that is kept."""
        self._settings.webhook_old_secret = self.webhook_secret if keep_old else None
        self.webhook_secret = secret

    def pending_deliveries(self) -> list[Json]:
        return self._deliveries.pending()

    def wait_until_delivered(self, timeout: float = 10.0) -> bool:
        """Return whether every delivery was taken within that many seconds."""
        return self._deliveries.wait_until_delivered(timeout)

    def make_event(self, event_type: str, thing: Json | str) -> Json:
        """Forge an event about an object, or about what an id names now. It is stored, not delivered."""
        with self._world.ledger.lock:
            snapshot = public(self._found(thing) if isinstance(thing, str) else thing)
            snapshot.pop("_made_by", None)
            event = self._world.make_event(event_type, snapshot)
            self._world.ledger.commit()
            return public(event)

    def send_event(self, event_id: str, times: int = 1, *, concurrent: bool = False) -> list[int]:
        """Deliver an event now, even while paused; return every status, 0 where no answer came."""
        with ThreadPoolExecutor(times if concurrent else 1) as pool:
            rounds = list(pool.map(self._deliveries.send_now, [event_id] * times))
        return [status for statuses in rounds for status in statuses]

    def sign(self, payload: bytes, timestamp: int | None = None) -> str:
        """Return the `Stripe-Signature` header of a body, made with the configured secrets."""
        old_secret = self._settings.webhook_old_secret
        return sign(payload, self.webhook_secret, timestamp, old_secret=old_secret)

    def settle(self, intent_id: str, *, succeeds: bool = True) -> Json:
        """End an asynchronous payment now."""
        return self._change(intent_id, partial(payments.finish_processing, succeeds=succeeds))

    def finish_refund(self, refund_id: str, *, succeeds: bool = True) -> Json:
        """Let a pending refund succeed, or any refund fail, now."""
        return self._change(refund_id, refunds.finish if succeeds else refunds.fail)

    def open_dispute(
        self,
        charge_id: str,
        *,
        amount: int | None = None,
        reason: str = "fraudulent",
        is_inquiry: bool = False,
    ) -> Json:
        """Let the cardholder dispute a charge; return the dispute."""
        with self._world.ledger.lock:
            charge = self._found(charge_id)
            dispute = disputes.open_dispute(
                self._world, charge, amount=amount, reason=reason, is_inquiry=is_inquiry
            )
            self._world.ledger.commit()
            return public(dispute)

    def close_dispute(self, dispute_id: str, verdict: str) -> Json:
        """
        Close a dispute as `won` or `lost`.

        :raises ValueError: another verdict.
        """
        if verdict not in ("won", "lost"):
            raise ValueError("the verdict is won or lost")
        return self._change(dispute_id, partial(disputes.conclude, verdict=verdict))

    def _change(self, object_id: str, act: Callable[[World, Json], object]) -> Json:
        with self._world.ledger.lock:
            thing = self._found(object_id)
            act(self._world, thing)
            self._world.ledger.commit()
            return public(thing)

    def _found(self, object_id: str) -> Json:
        thing = self._world.ledger.find(object_id)
        if thing is None:
            raise KeyError(object_id)
        return thing


def _with_origin(thing: Json) -> Json:
    made_by = {name: thing[PRIVATE][name] for name in ("idempotency_key", "endpoint")}
    return {**public(thing), "_made_by": made_by}

"""The way of a call through the API: key, route, faults, idempotency, effect, answer."""

from __future__ import annotations

import base64
import binascii
import logging
import re
import threading
from collections import deque
from dataclasses import dataclass, field

from tools.stripe_fake.call import Call
from tools.stripe_fake.errors import Json, StripeError, secret_key_required, unauthenticated, unknown_url
from tools.stripe_fake.expand import expand
from tools.stripe_fake.faults import Fault, Faults
from tools.stripe_fake.forms import Params, parse_form
from tools.stripe_fake.http import Answer, Request, json_answer
from tools.stripe_fake.idempotency import Keys, StoredAnswer
from tools.stripe_fake.ids import new_id
from tools.stripe_fake.ledger import public
from tools.stripe_fake.parameters import check_names
from tools.stripe_fake.registry import Route, find_route
from tools.stripe_fake.resources import browser_view
from tools.stripe_fake.world import API_VERSION, Cause, World

logger = logging.getLogger(__name__)
_API_KEY = re.compile(r"(sk|rk|pk)_test_\w+")
_SECRET_FIELDS = frozenset({"number", "cvc", "key"})
KEPT_REQUESTS = 10_000


@dataclass
class Received:
    """A call as it arrived, and what came of it."""

    method: str
    path: str
    params: Json
    idempotency_key: str | None
    request_id: str
    status: int | None = None
    """None while it runs, 0 when the connection was closed without an answer."""
    is_replay: bool = False


@dataclass
class Gate:
    """Answers every call of `/v1`."""

    world: World
    faults: Faults
    stopping: threading.Event
    received: deque[Received] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))

    def __post_init__(self) -> None:
        self._keys = Keys(self.world.ledger)

    def answer(self, request: Request) -> Answer:
        """Return what Stripe would answer, or what the script of faults says."""
        request_id = new_id("req", 14)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        note = Received(request.method, request.path, {}, key, request_id)
        self.received.append(note)
        try:
            answer = self._admit(request, note)
        except StripeError as error:
            answer = error_answer(error, request_id)
        note.status = 0 if answer.is_cut else answer.status
        if key is not None:
            answer.headers["Idempotency-Key"] = key
        answer.headers.update({"Request-Id": request_id, "Stripe-Version": API_VERSION})
        return answer

    def _admit(self, request: Request, note: Received) -> Answer:
        values = {**parse_form(request.query), **parse_form(request.body.decode("utf-8", "replace"))}
        note.params = _masked(values)
        is_browser = _is_publishable(request, values.pop("key", None))
        found = find_route(request.method, request.path)
        if found is None:
            raise unknown_url(request.method, request.path)
        route, path_values = found
        if is_browser and not route.for_browsers:
            raise secret_key_required()
        check_names(route, values)
        call = Call(self.world, request.method, request.path, Params(values), path_values, is_browser)
        fault = self.faults.take(request.method, request.path)
        if fault is not None and fault.how in ("before", "429", "409"):
            return _refusal(fault, note.request_id)
        if note.idempotency_key is None:
            return self._after_effect(self._perform(call, route, note, fault), fault)
        return self._once(call, route, note, fault)

    def _once(self, call: Call, route: Route, note: Received, fault: Fault | None) -> Answer:
        key = note.idempotency_key or ""
        with self.world.ledger.lock:
            stored = self._keys.claim(key, f"{call.method} {call.path}", call.params.values)
        if stored is not None:
            note.is_replay = True
            headers = {"Idempotent-Replayed": "true", "Original-Request": stored.request_id}
            return self._after_effect(Answer(stored.status, stored.body, headers=headers), fault)
        try:
            return self._after_effect(self._perform(call, route, note, fault), fault)
        finally:
            with self.world.ledger.lock:
                self._keys.release(key)

    def _perform(self, call: Call, route: Route, note: Received, fault: Fault | None) -> Answer:
        endpoint = f"{call.method} {call.path}"
        with self.world.ledger.lock:
            self.world.cause = Cause(note.request_id, note.idempotency_key, endpoint)
            try:
                answer, is_stored = self._run(call, route, note.request_id, fault)
                if is_stored and note.idempotency_key is not None:
                    stored = StoredAnswer(answer.status, answer.body, note.request_id)
                    self._keys.store(note.idempotency_key, endpoint, call.params.values, stored)
            finally:
                self.world.cause = Cause()
                self.world.ledger.commit()
        return answer

    def _run(self, call: Call, route: Route, request_id: str, fault: Fault | None) -> tuple[Answer, bool]:
        how = fault.how if fault is not None else ""
        try:
            if how == "500":
                raise _broken()
            shown = public(route.handler(call))
            if call.is_browser:
                shown = browser_view(shown)
            answer = json_answer(200, expand(self.world.ledger, shown, call.params.items("expand")))
            if how == "500_after":
                raise _broken()
        except StripeError as error:
            return error_answer(error, request_id), error.began
        except Exception:
            logger.exception("%s %s failed in the fake itself", call.method, call.path)
            return error_answer(_broken(), request_id), True
        return answer, True

    def _after_effect(self, answer: Answer, fault: Fault | None) -> Answer:
        how = fault.how if fault is not None else ""
        if how == "after":
            answer.is_cut = True
        elif how == "malformed":
            answer.body = answer.body[: len(answer.body) // 2]
        elif how == "hang" and fault is not None and not self.stopping.is_set():
            self.faults.hang(fault.seconds)
        return answer


def error_answer(error: StripeError, request_id: str) -> Answer:
    log_url = f"/_fake/requests#{request_id}"
    return json_answer(error.status, {"error": {**error.error, "request_log_url": log_url}})


def _broken() -> StripeError:
    return StripeError(500, {"type": "api_error", "message": "An unknown error occurred."}, began=True)


def _refusal(fault: Fault, request_id: str) -> Answer:
    if fault.how == "before":
        return Answer(0, is_cut=True)
    if fault.how == "429":
        error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests."}
        return error_answer(StripeError(429, error), request_id)
    message = "Another call holds this object."
    error = {"type": "invalid_request_error", "code": "lock_timeout", "message": message}
    return error_answer(StripeError(409, error), request_id)


def _is_publishable(request: Request, key_in_form: object) -> bool:
    """
    Tell whether the call's key is a publishable one.

    :raises StripeError: there is no key, or none of test mode.
    """
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    key = credentials.strip()
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(key, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    if not key and isinstance(key_in_form, str):
        key = key_in_form
    if not key:
        raise unauthenticated("No API key was given. Send it as 'Authorization: Bearer sk_test_...'.")
    if not _API_KEY.fullmatch(key):
        raise unauthenticated(f"Invalid API key: {key[:3]}... The local fake takes test keys only.")
    return key.startswith("pk_")


def _masked(values: Json) -> Json:
    masked: Json = {}
    for name, value in values.items():
        masked[name] = _masked(value) if isinstance(value, dict) else value
        if name in _SECRET_FIELDS and isinstance(value, str):
            masked[name] = "****"
    return masked

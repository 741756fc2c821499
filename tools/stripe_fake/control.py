"""`/_fake/...`: the JSON calls by which drills and tests steer a fake in another process."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tools.stripe_fake.errors import Json, StripeError
from tools.stripe_fake.http import Answer, Request, json_answer

if TYPE_CHECKING:
    from tools.stripe_fake.fake import StripeFake

Control = Callable[["StripeFake", Json, str], Any]
_CONTROLS: list[tuple[str, re.Pattern[str], Control]] = []


def answer_control(fake: StripeFake, request: Request) -> Answer:
    """Answer a control call. Posts must be JSON: then no foreign web page can send them unasked."""
    if request.method == "POST" and not request.headers.get("content-type", "").startswith(
        "application/json"
    ):
        return json_answer(415, {"error": "POST needs Content-Type: application/json"})
    try:
        values = dict(parse_qsl(request.query))
        values.update(json.loads(request.body or b"{}"))
        for method, pattern, control in _CONTROLS:
            match = pattern.fullmatch(request.path)
            if match is not None and method == request.method:
                return json_answer(
                    200, control(fake, values, match["id"] if "id" in pattern.groupindex else "")
                )
    except StripeError as error:
        return json_answer(error.status, {"error": str(error)})
    except (KeyError, TypeError, ValueError, re.error) as error:
        return json_answer(400, {"error": f"{type(error).__name__}: {error}"})
    known = [f"{method} {pattern.pattern}" for method, pattern, _ in _CONTROLS]
    return json_answer(404, {"error": "unknown control", "known": known})


def _control(method: str, path: str) -> Callable[[Control], Control]:
    pattern = re.compile("/_fake" + path.replace("{id}", "(?P<id>[^/]+)"))

    def enter(control: Control) -> Control:
        _CONTROLS.append((method, pattern, control))
        return control

    return enter


@_control("GET", "/health")
def _health(fake: StripeFake, values: Json, object_id: str) -> Json:
    return {
        "status": "ok",
        "base_url": fake.base_url,
        "objects": fake.count(),
        "pending_deliveries": len(fake.pending_deliveries()),
        "webhooks_paused": fake.webhooks_paused,
        "webhook_url": fake.webhook_url,
    }


@_control("GET", "/ledger")
def _ledger(fake: StripeFake, values: Json, object_id: str) -> Json:
    return {"data": fake.ledger(values.get("object"))}


@_control("GET", "/requests")
def _requests(fake: StripeFake, values: Json, object_id: str) -> Json:
    return {"data": [asdict(received) for received in fake.requests]}


@_control("GET", "/deliveries")
def _deliveries(fake: StripeFake, values: Json, object_id: str) -> Json:
    return {"data": fake.pending_deliveries()}


@_control("POST", "/faults")
def _add_fault(fake: StripeFake, values: Json, object_id: str) -> Json:
    fake.fail_next(
        values.get("method", "*"), values["path"], str(values["how"]),
        times=int(values.get("times", 1)), seconds=float(values.get("seconds", 30)),
    )  # fmt: skip
    return {"faults": len(fake.faults)}


@_control("DELETE", "/faults")
def _clear_faults(fake: StripeFake, values: Json, object_id: str) -> Json:
    fake.faults.clear()
    return {"faults": 0}


@_control("POST", "/webhooks")
def _webhooks(fake: StripeFake, values: Json, object_id: str) -> Json:
    if "url" in values:
        fake.webhook_url = values["url"]
    if "secret" in values:
        fake.rotate_secret(str(values["secret"]), keep_old=bool(values.get("keep_old", False)))
    fake.misdeliver(
        times=values.get("times"), delay=values.get("delay"), newest_first=values.get("newest_first")
    )
    if "paused" in values:
        fake.webhooks_paused = values["paused"]
    return {"webhooks_paused": fake.webhooks_paused, "webhook_url": fake.webhook_url}


@_control("POST", "/events")
def _make_event(fake: StripeFake, values: Json, object_id: str) -> Json:
    return fake.make_event(values["type"], values["object"])


@_control("POST", "/events/{id}/send")
def _send_event(fake: StripeFake, values: Json, object_id: str) -> Json:
    times, concurrent = int(values.get("times", 1)), bool(values.get("concurrent", False))
    return {"statuses": fake.send_event(object_id, times=times, concurrent=concurrent)}


@_control("POST", "/payment_intents/{id}/settle")
def _settle(fake: StripeFake, values: Json, object_id: str) -> Json:
    return fake.settle(object_id, succeeds=_is_success(values))


@_control("POST", "/refunds/{id}/finish")
def _finish_refund(fake: StripeFake, values: Json, object_id: str) -> Json:
    return fake.finish_refund(object_id, succeeds=_is_success(values))


@_control("POST", "/disputes")
def _open_dispute(fake: StripeFake, values: Json, object_id: str) -> Json:
    reason, is_inquiry = values.get("reason", "fraudulent"), bool(values.get("inquiry", False))
    return fake.open_dispute(
        values["charge"], amount=values.get("amount"), reason=reason, is_inquiry=is_inquiry
    )


@_control("POST", "/disputes/{id}/close")
def _close_dispute(fake: StripeFake, values: Json, object_id: str) -> Json:
    return fake.close_dispute(object_id, values["verdict"])


def _is_success(values: Json) -> bool:
    if values["result"] not in ("succeed", "fail"):
        raise ValueError("result must be succeed or fail")
    return bool(values["result"] == "succeed")

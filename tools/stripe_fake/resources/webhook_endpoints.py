"""Webhook endpoints: further addresses that get signed events."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from tools.stripe_fake.call import Call
from tools.stripe_fake.errors import Json, invalid
from tools.stripe_fake.ids import new_id
from tools.stripe_fake.ledger import PRIVATE
from tools.stripe_fake.lists import page
from tools.stripe_fake.registry import route


@route("POST", "/v1/webhook_endpoints")
def create(call: Call) -> Json:
    params = call.params
    secret = new_id("whsec", 32)
    endpoint = {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": params.text("api_version"),
        "application": None,
        "created": int(time.time()),
        "description": params.text("description"),
        "enabled_events": _enabled_events(call),
        "livemode": False,
        "metadata": params.metadata(),
        "status": "enabled",
        "url": _checked_url(params.required("url")),
    }
    call.world.create(endpoint, secret=secret)
    # The secret is shown once, at creation.
    return {**endpoint, "secret": secret}


@route("GET", "/v1/webhook_endpoints")
def list_all(call: Call) -> Json:
    return page(call, call.world.ledger.all("webhook_endpoint"))


@route("GET", "/v1/webhook_endpoints/{id}")
def retrieve(call: Call) -> Json:
    return call.get("webhook_endpoint")


@route("POST", "/v1/webhook_endpoints/{id}")
def update(call: Call) -> Json:
    endpoint, params = call.get("webhook_endpoint"), call.params
    values: Json = {"metadata": params.metadata(endpoint["metadata"])}
    if "url" in params:
        values["url"] = _checked_url(params.required("url"))
    if "enabled_events" in params:
        values["enabled_events"] = _enabled_events(call)
    if "description" in params:
        values["description"] = params.text("description")
    if "disabled" in params:
        values["status"] = "disabled" if params.flag("disabled") else "enabled"
    return call.world.change(endpoint, **values)


@route("DELETE", "/v1/webhook_endpoints/{id}")
def delete(call: Call) -> Json:
    endpoint = call.get("webhook_endpoint")
    call.world.ledger.remove(endpoint["id"])
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


def secret_of(endpoint: Json) -> str:
    return str(endpoint[PRIVATE]["secret"])


def _checked_url(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise invalid("Invalid URL: an absolute http or https URL is needed.", "url", "url_invalid")
    return url


def _enabled_events(call: Call) -> list[Any]:
    events = call.params.items("enabled_events")
    if not events:
        raise invalid("Missing required param: enabled_events.", "enabled_events", "parameter_missing")
    return events

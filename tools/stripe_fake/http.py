"""Requests and answers, apart from the sockets they travel on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.stripe_fake.errors import Json


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass
class Answer:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False
    """Whether the connection is closed instead of answering."""


def json_answer(status: int, value: Json) -> Answer:
    return Answer(status, json.dumps(value, indent=2).encode())


def page_answer(status: int, html: str) -> Answer:
    headers = {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return Answer(status, html.encode(), "text/html; charset=utf-8", headers)


def redirect(url: str) -> Answer:
    return Answer(303, b"", "text/plain", {"Location": url, "Cache-Control": "no-store"})

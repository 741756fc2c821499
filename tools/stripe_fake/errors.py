"""The refusals of the fake, in the shape that Stripe gives its errors."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class StripeError(Exception):
    """An answer other than 200. `began` tells whether it is stored under the idempotency key."""

    def __init__(self, status: int, error: Json, *, began: bool = False) -> None:
        super().__init__(error.get("message", ""))
        self.status = status
        self.error = {name: value for name, value in error.items() if value is not None}
        self.began = began


class CardDeclined(StripeError):
    """A 402: the card said no."""

    def __init__(
        self, code: str, decline_code: str | None, message: str, *, param: str | None = None
    ) -> None:
        error = {"type": "card_error", "code": code, "decline_code": decline_code, "message": message}
        super().__init__(402, {**error, "param": param, "doc_url": doc_url(code)}, began=True)


def doc_url(code: str) -> str:
    return "https://stripe.com/docs/error-codes/" + code.replace("_", "-")


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """Return the refusal of a parameter: nothing began, so nothing is stored under the key."""
    error = {"type": "invalid_request_error", "message": message, "param": param, "code": code}
    return StripeError(400, {**error, "doc_url": doc_url(code) if code else None})


def refused(message: str, code: str | None = None, **more: Any) -> StripeError:
    """Return the refusal of a well-formed request by the state of things: stored under the key."""
    error = {"type": "invalid_request_error", "message": message, "code": code, **more}
    return StripeError(400, {**error, "doc_url": doc_url(code) if code else None}, began=True)


def missing(noun: str, object_id: str, param: str = "id", *, status: int = 404) -> StripeError:
    """Return the refusal of an unknown id: 404 when the path names it, 400 when a parameter does."""
    error = {"type": "invalid_request_error", "code": "resource_missing", "param": param}
    message = f"No such {noun}: '{object_id}'"
    return StripeError(status, {**error, "message": message, "doc_url": doc_url("resource_missing")})


def unknown_url(method: str, path: str) -> StripeError:
    message = f"Unrecognized request URL ({method}: {path}). The local fake does not know it."
    return StripeError(404, {"type": "invalid_request_error", "message": message})


def unauthenticated(message: str) -> StripeError:
    return StripeError(401, {"type": "invalid_request_error", "message": message})


def secret_key_required() -> StripeError:
    message = "A publishable API key may not make this call: use a secret key."
    error = {"type": "invalid_request_error", "code": "secret_key_required", "message": message}
    return StripeError(403, error)

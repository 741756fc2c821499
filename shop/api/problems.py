"""The problems that HTTP itself knows; a domain's own stand in its ``errors`` module."""

from __future__ import annotations

from shop.core.errors import DomainError, Kind


class MalformedBody(DomainError):
    """Raised when a body isn't the JSON object it must be."""

    code = "malformed_body"
    kind = Kind.INVALID
    title = "The body can't be read"
    message = "The body can't be read: {reason}"
    remedy = "Send one JSON object in UTF-8 with finite numbers and each key once."
    example = {"reason": "a key stands twice in one object."}


class UnknownField(DomainError):
    """Raised when a body has fields that the call doesn't know."""

    code = "unknown_field"
    kind = Kind.INVALID
    title = "Unknown field"
    message = "This call knows no field {fields}."
    remedy = "Leave out the fields named; the schema lists those that the call knows."
    example = {"fields": ["colour"]}


class UnknownFilter(DomainError):
    """Raised when a list is asked for by a filter or ordering it doesn't have."""

    code = "unknown_filter"
    kind = Kind.INVALID
    title = "Unknown filter or ordering"
    message = "This list has no filter or ordering {names}."
    remedy = "Use the filters and orderings that the schema lists for this address."
    example = {"names": ["colour"]}


class IdempotencyKeyRequired(DomainError):
    """Raised when a call that must not happen twice comes without a key."""

    code = "idempotency_key_required"
    kind = Kind.INVALID
    title = "Idempotency-Key required"
    message = "This call needs an Idempotency-Key header of 1 to 255 printable ASCII characters."
    remedy = "Send a fresh random key (a UUID) for each new intention, and the same one when you try again."


class IdempotencyInProgress(DomainError):
    """Raised when the first request under a key is still at work."""

    code = "idempotency_in_progress"
    kind = Kind.CONFLICT
    title = "The first request is still at work"
    message = "Another request with this Idempotency-Key is still at work."
    remedy = "Wait as many seconds as Retry-After says and send the same request with the same key."


class IdempotencyKeyReused(DomainError):
    """Raised when a key comes back with another request."""

    code = "idempotency_key_reused"
    kind = Kind.REFUSED
    title = "The key belongs to another request"
    message = "This Idempotency-Key was used for another request."
    remedy = "Use a fresh key for a new intention; use an old one only to repeat the very same request."


class PreconditionFailed(DomainError):
    """Raised when ``If-Match`` names a state that is no longer the current one; maps to 412."""

    code = "precondition_failed"
    kind = Kind.CONFLICT
    title = "It has changed meanwhile"
    message = "This has changed since you read it."
    remedy = "Read it again, apply your change to what is there now, and send that with the new ETag."


# Codes that are raised by the framework and not by a class of ours: title and remedy for the problem pages.
FRAMEWORK_PROBLEMS: dict[str, tuple[int, str, str]] = {
    "not_authenticated": (
        401,
        "Sign-in needed",
        "Sign in and send the access token as Authorization: Bearer.",
    ),
    "token_invalid": (401, "The token is not valid", "Refresh the access token or sign in again."),
    "method_not_allowed": (405, "Method not allowed", "Use a method that the Allow header lists."),
    "not_acceptable": (406, "No such format", "Ask for a media type that the call offers."),
    "body_too_large": (413, "The body is too large", "Send at most one megabyte, or ten for an image."),
    "unsupported_media_type": (415, "Unsupported media type", "Send application/json."),
    "internal_error": (500, "Internal error", "Try again; if it stays, tell the shop the request id."),
}

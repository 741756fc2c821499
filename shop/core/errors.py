"""Named refusals: what went wrong, of which kind, and what to do next. No HTTP here."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, ClassVar


class Kind(enum.Enum):
    """The kind of a refusal; ``shop/api/errors.py`` alone knows which status it becomes."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    REFUSED = "refused"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"


class DomainError(Exception):
    """
    A refusal that callers may expect.

    A subclass names its ``code`` (part of the API contract, unique), its ``kind``, a short
    ``title``, the ``message`` a buyer may read (formatted with the given facts) and the
    ``remedy`` that ``/problems/{code}/`` shows. The facts become members of the problem body,
    so they must be JSON-ready. ``retry_after`` is in whole seconds. ``example`` holds the facts of
    one such refusal, for the page.
    """

    code: ClassVar[str]
    kind: ClassVar[Kind]
    title: ClassVar[str]
    message: ClassVar[str]
    remedy: ClassVar[str]
    example: ClassVar[dict[str, Any]] = {}
    registry: ClassVar[dict[str, type[DomainError]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" in cls.__dict__:
            known = DomainError.registry.setdefault(cls.code, cls)
            if known is not cls:
                raise TypeError(f"{cls.__qualname__} and {known.__qualname__} share the code {cls.code!r}")

    def __init__(self, *, retry_after: int | None = None, **facts: Any) -> None:
        self.facts = facts
        self.retry_after = retry_after
        said = {n: ", ".join(map(str, v)) if isinstance(v, list) else v for n, v in facts.items()}
        super().__init__(self.message.format(**said))


@dataclass(frozen=True)
class FieldError:
    """One field of a request that can't be accepted; ``field`` is a dotted path into the body."""

    field: str
    code: str
    detail: str


class ValidationFailed(DomainError):
    """Raised when fields of a request can't be accepted; carries one entry a field."""

    code = "validation_failed"
    kind = Kind.INVALID
    title = "Some values can't be accepted"
    message = "Some values can't be accepted; see errors."
    remedy = "Correct the fields named in errors and send the request again."
    example = {"errors": [{"field": "quantity", "code": "min_value", "detail": "Write 1 or more."}]}

    def __init__(self, *errors: FieldError) -> None:
        self.errors = errors
        super().__init__()


def does_not_exist(field: str) -> ValidationFailed:
    """Return the refusal of an id in a body that is missing or somebody else's: both look alike."""
    return ValidationFailed(FieldError(field, "does_not_exist", "This does not exist."))


class NotFound(DomainError):
    """Raised when a thing is missing or belongs to somebody else: both look alike."""

    code = "not_found"
    kind = Kind.NOT_FOUND
    title = "Not found"
    message = "There is nothing here that you may see."
    remedy = "Check the address and the token or sign-in it needs."


class PermissionDenied(DomainError):
    """Raised when somebody known may not do this."""

    code = "permission_denied"
    kind = Kind.FORBIDDEN
    title = "Not allowed"
    message = "You are not allowed to do this."
    remedy = "Ask an administrator of the shop for the permission."


class RateLimited(DomainError):
    """Raised when somebody tries too often; always carries ``retry_after``."""

    code = "rate_limited"
    kind = Kind.LIMITED
    title = "Too many requests"
    message = "That was too often. Try again later."
    remedy = "Wait as many seconds as Retry-After says, then try again."


class Unavailable(DomainError):
    """Raised when a part of the shop doesn't answer just now; nothing was changed."""

    code = "unavailable"
    kind = Kind.UNAVAILABLE
    title = "Not available just now"
    message = "The shop can't do this just now. Nothing was changed."
    remedy = "Wait as many seconds as Retry-After says and send the same request again."

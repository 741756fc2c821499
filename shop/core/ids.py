"""Identifiers: keys that sort by time, numbers that people can read out, secrets nobody can guess."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID

from uuid_utils import compat

# Without 0 O 1 I L U: nothing that is misread, and no accidental words with U.
_READABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> UUID:
    """Return a UUID version 7: unique, and roughly ascending with time."""
    return compat.uuid7()


def readable_number(length: int = 10) -> str:
    """Return random characters that survive being read out on the phone; 10 of them are 49 bits."""
    return "".join(secrets.choice(_READABLE) for _ in range(length))


def new_token() -> str:
    """Return a URL-safe secret of 256 bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what is stored of a secret: its SHA-256 in hex. The secret itself is never stored."""
    return hashlib.sha256(token.encode()).hexdigest()

"""Idempotency keys: one effect a key, and the same answer every time."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass

from tools.stripe_fake.errors import Json, StripeError
from tools.stripe_fake.ledger import Ledger

KEPT_FOR = 86400.0


@dataclass(frozen=True)
class StoredAnswer:
    status: int
    body: bytes
    request_id: str


def fingerprint(params: Json) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()


class Keys:
    """The keys of the last day. Called with the ledger's lock held."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db
        self._db.execute("DELETE FROM answers WHERE created < ?", (time.time() - KEPT_FOR,))
        self._db.commit()
        self._in_use: set[str] = set()

    def claim(self, key: str, endpoint: str, params: Json) -> StoredAnswer | None:
        """
        Return the stored answer, or take the key for this call, which must `release` it.

        :raises StripeError: the key was used for something else, or its first call still runs.
        """
        if len(key) > 255:
            raise _conflict(400, None, "An idempotency key has at most 255 characters.")
        if key in self._in_use:
            message = "Another call with this idempotency key is under way."
            raise _conflict(409, "idempotency_key_in_use", message)
        self._db.execute("DELETE FROM answers WHERE key = ? AND created < ?", (key, time.time() - KEPT_FOR))
        row = self._db.execute(
            "SELECT fingerprint, endpoint, status, body, request_id FROM answers WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            self._in_use.add(key)
            return None
        if row[1] != endpoint:
            raise _conflict(
                400, None, f"The idempotency key was first used for {row[1]}, not for {endpoint}."
            )
        if row[0] != fingerprint(params):
            raise _conflict(400, None, f"The idempotency key '{key}' was first used with other parameters.")
        return StoredAnswer(*row[2:])

    def store(self, key: str, endpoint: str, params: Json, answer: StoredAnswer) -> None:
        """Keep the answer; it lasts with the effect, by the same commit."""
        self._db.execute(
            "INSERT INTO answers (key, fingerprint, endpoint, status, body, request_id, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, fingerprint(params), endpoint, answer.status, answer.body, answer.request_id, time.time()),
        )

    def release(self, key: str) -> None:
        self._in_use.discard(key)


def _conflict(status: int, code: str | None, message: str) -> StripeError:
    return StripeError(status, {"type": "idempotency_error", "code": code, "message": message})

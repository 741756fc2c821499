"""Calls that must not happen twice: the key, the effect and the answer commit together."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from rest_framework.response import Response

from shop.api.json import dumps
from shop.api.models import IdempotencyKey
from shop.api.problems import IdempotencyInProgress, IdempotencyKeyRequired, IdempotencyKeyReused
from shop.core.errors import Unavailable
from shop.core.transactions import forbid_transaction, lock_timed_out, use_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from rest_framework.request import Request

# Printable ASCII, so that a key can be logged and compared without surprises.
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# Longer than any client tries again.
KEEP = timedelta(days=2)


@dataclass(frozen=True)
class Answer:
    """What a guarded call answers: a status of success, a JSON body, and headers of the first answer only."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


class Guard:
    """One request under an ``Idempotency-Key``, for one principal."""

    def __init__(
        self,
        request: Request,
        *,
        principal: str,
        secrets: Mapping[str, Callable[[dict[str, Any]], str]] | None = None,
    ) -> None:
        """
        Read the key and what is asked under it.

        :param principal: whose key it is: ``user:<id>``, ``cart:<token hash>`` or ``order:<id>``.
        :param secrets: members of the answer that are never stored, each with a function that makes the same
            value again from the stored body.
        :raises IdempotencyKeyRequired: the header is missing or not printable ASCII.
        """
        key = request.headers.get("Idempotency-Key", "")
        if not _KEY.fullmatch(key):
            raise IdempotencyKeyRequired
        said = b"\n".join((str(request.method).encode(), request.path.encode(), dumps(_sorted(request.data))))
        self._fingerprint = hashlib.sha256(said).hexdigest()
        self._key = {"principal": principal, "key": key}
        self._secrets = secrets or {}

    def once(self, effect: Callable[[datetime], Answer]) -> Response:
        """
        Run the effect once, in one transaction with its stored answer, or replay the answer.

        The first statement claims the key. A twin waits for it up to the lock timeout and then replays.

        :raises IdempotencyInProgress: the first request is still at work after 3 seconds; nothing is written.
        :raises IdempotencyKeyReused: the key belongs to another request; nothing is written.
        """
        forbid_transaction("An idempotency guard")
        return use_case(self._claim_and_run, effect)

    def _claim_and_run(self, effect: Callable[[datetime], Answer]) -> Response:
        now = timezone.now()
        try:
            # The savepoint keeps the transaction usable when the key is taken.
            with transaction.atomic():
                claim = IdempotencyKey.objects.create(
                    **self._key, fingerprint=self._fingerprint, created_at=now
                )
        except IntegrityError:
            return self._replay()
        except OperationalError as error:
            if lock_timed_out(error):
                raise IdempotencyInProgress(retry_after=1) from error
            raise
        answer = effect(now)
        IdempotencyKey.objects.filter(pk=claim.pk).update(
            status=answer.status, body=self._stored(answer.body)
        )
        return Response(answer.body, status=answer.status, headers=answer.headers)

    def around(self, effect: Callable[[datetime], Answer]) -> Response:
        """
        Run an effect that calls another system, and store its answer afterwards; or replay the answer.

        The effect is no transaction, so it must claim what it does by itself: two requests under one key may
        both run it and must come to the same end.

        :raises IdempotencyKeyReused: the key belongs to another request; nothing is written.
        """
        forbid_transaction("An idempotency guard")
        if IdempotencyKey.objects.filter(**self._key).exists():
            return self._replay()
        now = timezone.now()
        answer = effect(now)
        try:
            with transaction.atomic():
                IdempotencyKey.objects.create(
                    **self._key,
                    fingerprint=self._fingerprint,
                    status=answer.status,
                    body=self._stored(answer.body),
                    created_at=now,
                )
        except IntegrityError:
            return self._replay()
        return Response(answer.body, status=answer.status, headers=answer.headers)

    def _replay(self) -> Response:
        stored = IdempotencyKey.objects.filter(**self._key).first()
        if stored is None:
            # The first request was refused between the two statements: its key is free again.
            raise Unavailable(retry_after=1)
        if stored.fingerprint != self._fingerprint:
            raise IdempotencyKeyReused
        if stored.status is None:
            raise IdempotencyInProgress(retry_after=1)
        body = json.loads(stored.body)
        for name, restore in self._secrets.items():
            if name in body:
                body[name] = restore(body)
        return Response(body, status=stored.status, headers={"Idempotent-Replayed": "true"})

    def _stored(self, body: dict[str, Any]) -> str:
        return dumps(
            {name: None if name in self._secrets else value for name, value in body.items()}
        ).decode()


def _sorted(data: Any) -> Any:
    """Return the body with its keys in order: the same request with keys shuffled is the same request."""
    if isinstance(data, dict):
        return {name: _sorted(data[name]) for name in sorted(data)}
    if isinstance(data, list):
        return [_sorted(item) for item in data]
    return data


def forget_old_keys(*, now: datetime) -> int:
    """Delete stored answers that nobody asks for any more and return how many there were."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEEP).delete()
    return deleted


def forget_keys_of(principals: Iterable[str]) -> int:
    """Delete the stored answers of principals and return how many there were: they repeat names and addresses."""
    deleted, _ = IdempotencyKey.objects.filter(principal__in=list(principals)).delete()
    return deleted

"""Idempotency keys: one effect, one answer, for one principal."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from shop.api.idempotency import KEEP, Answer, Guard, forget_old_keys
from shop.api.json import dumps
from shop.api.models import IdempotencyKey
from shop.api.parsers import StrictJSONParser
from shop.api.problems import IdempotencyKeyRequired, IdempotencyKeyReused
from shop.core.errors import DomainError, NotFound
from shop.core.ids import new_id
from shop.events.models import InboxEvent


def guard(
    body: Any = None,
    *,
    key: str | None = "key-1",
    principal: str = "user:1",
    path: str = "/api/v1/orders/",
    secrets: Any = None,
) -> Guard:
    said = dumps({"total": "1.00"} if body is None else body)
    headers = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}
    plain = APIRequestFactory().post(path, said, content_type="application/json", **headers)
    return Guard(Request(plain, parsers=[StrictJSONParser()]), principal=principal, secrets=secrets)


def effect(now) -> Answer:
    row = InboxEvent.objects.create(group="tests", event_id=new_id(), handled_at=now)
    return Answer(201, {"id": str(row.event_id), "total": "1.00"}, {"X-Cart-Token": "fresh"})


def refuse(now) -> Answer:
    effect(now)
    raise NotFound


@pytest.mark.django_db
class TestKey:
    @pytest.mark.parametrize("key", [None, "", "two words", "ünïcode", "x" * 256, "tab\t"])
    def test_is_needed_and_printable(self, key):
        with pytest.raises(IdempotencyKeyRequired):
            guard(key=key)

    def test_may_have_255_characters(self):
        assert guard(key="~" * 255).once(effect).status_code == 201


@pytest.mark.django_db
class TestOnce:
    def test_the_first_answer_is_the_effects(self):
        answer = guard().once(effect)

        assert answer.status_code == 201
        assert answer.headers["X-Cart-Token"] == "fresh"
        assert "Idempotent-Replayed" not in answer.headers
        assert InboxEvent.objects.count() == 1

    def test_a_replay_has_the_same_bytes_and_no_effect(self):
        first = guard().once(effect)

        again = guard().once(effect)

        assert dumps(again.data) == dumps(first.data)
        assert again.status_code == first.status_code
        assert again.headers["Idempotent-Replayed"] == "true"
        assert InboxEvent.objects.count() == 1

    def test_keys_of_the_body_in_another_order_are_the_same_request(self):
        guard({"a": 1, "b": [{"c": 1, "d": 2}]}).once(effect)

        again = guard({"b": [{"d": 2, "c": 1}], "a": 1}).once(effect)

        assert again.headers["Idempotent-Replayed"] == "true"

    @pytest.mark.parametrize(
        "other",
        [{"body": {"total": "2.00"}}, {"path": "/api/v1/payments/"}, {"body": {}}, {"body": {"total": 1}}],
    )
    def test_another_request_under_the_key_is_refused(self, other):
        guard().once(effect)

        with pytest.raises(IdempotencyKeyReused):
            guard(**other).once(effect)

        assert InboxEvent.objects.count() == 1
        assert IdempotencyKey.objects.count() == 1

    def test_a_refused_request_leaves_no_row_and_frees_the_key(self):
        with pytest.raises(NotFound):
            guard().once(refuse)

        assert not IdempotencyKey.objects.exists()
        assert not InboxEvent.objects.exists()
        assert guard().once(effect).status_code == 201

    def test_a_key_belongs_to_one_principal(self):
        mine = guard(principal="user:1").once(effect)

        theirs = guard(principal="user:2").once(effect)

        assert "Idempotent-Replayed" not in theirs.headers
        assert theirs.data["id"] != mine.data["id"]

    def test_secrets_are_not_stored_and_come_back_the_same(self):
        def with_secret(now) -> Answer:
            return Answer(201, {"id": "7", "access_token": "s3cret-7"})

        secrets = {"access_token": lambda body: f"s3cret-{body['id']}"}
        first = guard(secrets=secrets).once(with_secret)

        again = guard(secrets=secrets).once(with_secret)

        assert dumps(again.data) == dumps(first.data)
        assert "s3cret" not in IdempotencyKey.objects.get().body


@pytest.mark.django_db
class TestAround:
    def test_a_replay_has_the_same_bytes_and_no_effect(self):
        first = guard().around(effect)

        again = guard().around(effect)

        assert dumps(again.data) == dumps(first.data)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert InboxEvent.objects.count() == 1

    def test_another_body_is_refused(self):
        guard().around(effect)

        with pytest.raises(IdempotencyKeyReused):
            guard({}).around(effect)

    def test_a_refusal_stores_nothing(self):
        def refuse_only(now) -> Answer:
            raise NotFound

        with pytest.raises(NotFound):
            guard().around(refuse_only)

        assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestTwins:
    def test_run_the_effect_once(self):
        answers, refusals = _race(6, lambda: guard().once(_slow))

        assert refusals == []
        assert InboxEvent.objects.count() == 1
        assert len({dumps(answer.data) for answer in answers}) == 1
        assert (
            sorted(answer.headers.get("Idempotent-Replayed", "first") for answer in answers)
            == ["first"] + ["true"] * 5
        )

    def test_without_a_guard_every_one_has_an_effect(self):
        """The race is real: the same calls without the guard write six rows."""
        _race(6, lambda: _slow(timezone.now()))

        assert InboxEvent.objects.count() == 6

    def test_the_second_goes_on_when_the_first_is_refused(self):
        tries = []

        def refused_first(now) -> Answer:
            tries.append(1)
            if len(tries) == 1:
                time.sleep(0.1)
                raise NotFound
            return effect(now)

        answers, refusals = _race(2, lambda: guard().once(refused_first))

        assert [refusal.code for refusal in refusals] in (["not_found"], ["not_found", "unavailable"])
        assert InboxEvent.objects.count() == len(answers)


@pytest.mark.django_db
def test_old_keys_are_forgotten():
    now = timezone.now()
    for name, at in (("old", now - KEEP - KEEP / 100), ("young", now - KEEP / 2)):
        IdempotencyKey.objects.create(principal="user:1", key=name, fingerprint="x", created_at=at)

    assert forget_old_keys(now=now) == 1
    assert IdempotencyKey.objects.get().key == "young"


def _slow(now) -> Answer:
    time.sleep(0.05)
    return effect(now)


def _race(count: int, call) -> tuple[list[Any], list[DomainError]]:
    """Run a call in threads that start together; return the answers and the refusals."""
    answers: list[Any] = []
    refusals: list[DomainError] = []
    gate = threading.Barrier(count)

    def run() -> None:
        gate.wait()
        try:
            answers.append(call())
        except DomainError as error:
            refusals.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, refusals

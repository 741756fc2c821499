"""Querysets that are built once and run with other values each time."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db.models import CharField, F

from shop.core.sql import Given, given
from users.models import CustomerGroup

pytestmark = pytest.mark.django_db


def test_runs_with_what_is_given_then():
    for code in ("a", "b"):
        CustomerGroup.objects.create(code=code, name=code)
    wanted = CustomerGroup.objects.filter(code=Given("code", CharField())).annotate(
        said=Given("said", CharField())
    )

    found: list[tuple[str, str]] = []
    for code in ("a", "b"):
        with given(code=code, said=f"{code}!"):
            found += wanted.values_list("name", F("said"))

    assert found == [("a", "a!"), ("b", "b!")]


def test_does_not_run_outside():
    with pytest.raises(LookupError):
        list(CustomerGroup.objects.filter(code=Given("code", CharField())))


@pytest.mark.once
def test_each_thread_has_its_own():
    meeting, said = Barrier(2), {}

    def say(word: str) -> None:
        with given(word=word):
            meeting.wait(10)
            wanted = CustomerGroup.objects.annotate(word=Given("word", CharField()))
            said[word] = wanted.query.sql_with_params()[1]

    threads = [Thread(target=say, args=[word]) for word in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert said == {"one": ("one",), "two": ("two",)}

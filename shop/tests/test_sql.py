"""SQL that Django has no word for: values given later, and keys as one parameter."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db.models import CharField, F, TextField, UUIDField

from shop.core.sql import Among, Given, given
from users.models import CustomerGroup, User

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


# What an array or a list means something by.
TEXTS = ["a", 'a"b', "a\\b", "{a,b}", "a,b", "NULL", "it's", "Ä\n"]


class TestAmong:
    def test_finds_each_text_as_it_is(self):
        for code in (*TEXTS, "other"):
            CustomerGroup.objects.create(code=code, name=code)

        found = CustomerGroup.objects.filter(code__in=Among(TEXTS, TextField())).values_list(
            "code", flat=True
        )

        assert sorted(found) == sorted(TEXTS)

    def test_finds_ids_and_numbers(self):
        users = [User.objects.create(email=f"{name}@example.com") for name in "abc"]
        groups = [CustomerGroup.objects.create(code=name, name=name) for name in "abc"]

        ids, numbers = [user.pk for user in users[:2]], [group.pk for group in groups[1:]]

        assert set(User.objects.filter(pk__in=Among(ids, UUIDField()))) == set(users[:2])
        assert set(CustomerGroup.objects.filter(pk__in=Among(numbers))) == set(groups[1:])

    def test_finds_nothing_among_nothing(self):
        CustomerGroup.objects.create(code="a", name="a")

        assert not CustomerGroup.objects.filter(pk__in=Among([])).exists()

"""Pages: every row once, in order, forwards and backwards, whatever ties and gaps there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from shop.api import paging
from shop.api.paging import KeysetPagination, Ordering
from shop.core.errors import ValidationFailed
from shop.core.ids import new_id
from shop.events.models import OutboxEvent

START = datetime(2026, 11, 23, 8, tzinfo=UTC)


def fill(*minutes: int | None) -> None:
    """Add one row a number: minutes after the start, the same number twice for a tie, None for no value."""
    OutboxEvent.objects.bulk_create(
        OutboxEvent(
            event_id=new_id(), type="tests.thing_made.v1", topic="t", aggregate_type="thing",
            key=str(new_id()), version=1,
            payload={}, occurred_at=START,
            next_attempt_at=None if minute is None else START + timedelta(minutes=minute),
        )
        for minute in minutes
    )  # fmt: skip


def page(query: dict[str, str], ordering: Ordering, path: str = "/api/v1/things/", rows=None):
    view = type("View", (), {"ordering": ordering})()
    request = Request(APIRequestFactory().get(path, query))
    pages = KeysetPagination()
    found = pages.paginate_queryset(OutboxEvent.objects.all() if rows is None else rows, request, view)
    return pages.get_paginated_response([row.pk for row in found]).data


def walk(ordering: Ordering, link: str = "next", size: int = 2, query: dict[str, str] | None = None):
    query = query or {"page_size": str(size)}
    while True:
        answer = page(query, ordering)
        yield answer
        if answer[link] is None:
            return
        query = {name: values[0] for name, values in parse_qs(urlsplit(answer[link]).query).items()}


ORDERINGS = [
    Ordering("next_attempt_at"),
    Ordering("next_attempt_at", descending=True),
    Ordering("occurred_at"),
    Ordering("occurred_at", descending=True),
]


@pytest.mark.django_db
class TestWalk:
    @pytest.mark.parametrize("ordering", ORDERINGS)
    @pytest.mark.parametrize("size", [1, 2, 3, 100])
    def test_shows_every_row_once_in_order(self, ordering, size):
        fill(5, 1, 1, None, 3, 1, None, 9)
        expected = [row.pk for row in ordering.apply(OutboxEvent.objects.all())]

        seen = [pk for answer in walk(ordering, size=size) for pk in answer["results"]]

        assert seen == expected

    @pytest.mark.parametrize("ordering", ORDERINGS)
    def test_backwards_is_the_same_way_back(self, ordering):
        fill(5, 1, 1, None, 3, 1, None)
        forwards = list(walk(ordering))
        last = {name: values[0] for name, values in parse_qs(urlsplit(forwards[-2]["next"]).query).items()}

        backwards = list(walk(ordering, link="previous", query=last))

        assert [answer["results"] for answer in backwards] == [
            answer["results"] for answer in reversed(forwards)
        ]

    def test_a_row_added_behind_the_cursor_moves_nothing(self):
        fill(1, 2, 3, 4)
        ordering = Ordering("next_attempt_at")
        first = page({"page_size": "2"}, ordering)
        rest = {name: values[0] for name, values in parse_qs(urlsplit(first["next"]).query).items()}

        fill(0)

        assert len(page(rest, ordering)["results"]) == 2
        assert page(rest, ordering)["next"] is None

    def test_links_stay_on_the_path_and_keep_the_filters(self):
        fill(1, 2, 3)

        link = page({"page_size": "1", "status": "paid"}, Ordering("next_attempt_at"))["next"]

        assert link.startswith("/api/v1/things/?")
        assert parse_qs(urlsplit(link).query)["status"] == ["paid"]

    def test_an_empty_list_has_no_links(self):
        assert page({}, Ordering("occurred_at")) == {
            "count": 0,
            "next": None,
            "previous": None,
            "results": [],
        }


@pytest.mark.django_db
class TestCount:
    def test_is_exact_up_to_the_limit_and_null_beyond(self, monkeypatch):
        monkeypatch.setattr(paging.KeysetPagination, "most_counted", 3)
        fill(1, 2, 3)
        assert page({}, Ordering("occurred_at"))["count"] == 3

        fill(4)

        assert page({}, Ordering("occurred_at"))["count"] is None

    @pytest.mark.parametrize("rows", [1, 20])
    def test_costs_two_statements(self, rows, django_assert_num_queries):
        fill(*range(rows))
        with django_assert_num_queries(2):
            page({}, Ordering("occurred_at"))


@pytest.mark.django_db
class TestRefusals:
    @pytest.mark.parametrize("size", ["0", "-1", "x", "1.5", "", "٣", "9" * 10])
    def test_a_page_size_that_is_no_number(self, size):
        with pytest.raises(ValidationFailed) as refused:
            page({"page_size": size}, Ordering("occurred_at"))

        assert [(error.field, error.code) for error in refused.value.errors] == [("page_size", "invalid")]

    def test_a_page_size_beyond_the_most_is_the_most(self):
        fill(*range(101))

        assert len(page({"page_size": "1000000"}, Ordering("occurred_at"))["results"]) == 100

    @pytest.mark.parametrize("cursor", ["", "x", "%00", "AAAA", "bnVsbA", "W10", "é"])
    def test_a_cursor_that_is_none(self, cursor):
        with pytest.raises(ValidationFailed) as refused:
            page({"cursor": cursor}, Ordering("occurred_at"))

        assert [error.field for error in refused.value.errors] == ["cursor"]

    @pytest.mark.parametrize(
        "other",
        [
            {"path": "/api/v1/others/"},
            {"ordering": Ordering("next_attempt_at", descending=True)},
            {"query": {"status": "paid"}},
        ],
    )
    def test_the_cursor_of_another_list(self, other):
        fill(1, 2, 3)
        link = page({"page_size": "1"}, Ordering("next_attempt_at"))["next"]
        cursor = parse_qs(urlsplit(link).query)["cursor"][0]

        with pytest.raises(ValidationFailed):
            page(
                {"cursor": cursor, **other.get("query", {})},
                other.get("ordering", Ordering("next_attempt_at")),
                path=other.get("path", "/api/v1/things/"),
            )

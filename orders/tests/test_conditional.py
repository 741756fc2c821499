"""Reading an order again and again: who has the body already is told so, and nothing more."""

from __future__ import annotations

import pytest

from orders.tests.factories import paid
from orders.tests.parcels import deliver, ship
from orders.tests.shopping import order_url, token_of
from users.tests.clients import anonymous

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("call", ["", "track"])
def test_answers_the_body_once(call):
    order = paid()
    ship(order)
    first = anonymous().get(order_url(order, call), headers=token_of(order))
    seen = {**token_of(order), "If-None-Match": first.headers["ETag"]}

    again = anonymous().get(order_url(order, call), headers=seen)
    deliver(order)
    later = anonymous().get(order_url(order, call), headers=seen)

    assert (first.status_code, first.json()["stage"]) == (200, "shipped")
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (later.status_code, later.json()["stage"]) == (200, "delivered")
    assert later.headers["ETag"] != first.headers["ETag"]
    assert {one.headers["Cache-Control"] for one in (first, again, later)} == {"no-store"}


def test_is_nobody_elses_tag():
    order = paid()
    tag = anonymous().get(order_url(order), headers=token_of(order)).headers["ETag"]

    response = anonymous().get(order_url(order), headers={"If-None-Match": tag})

    assert response.status_code == 404


def test_nothing_is_expected_any_more_once_it_is_there():
    order = paid()
    track = order_url(order, "track")
    before = anonymous().get(track, headers=token_of(order)).json()["estimated_delivery"]
    ship(order)
    deliver(order)

    assert before is not None
    assert anonymous().get(track, headers=token_of(order)).json()["estimated_delivery"] is None

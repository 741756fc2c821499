"""The link to an order for whoever knows its number and address: mailed to the owner, told to nobody."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache

from orders.models import Order
from orders.tests.factories import place
from orders.tests.shopping import code
from shop.events.models import OutboxEvent
from users.tests.clients import anonymous
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/orders/lookup/"


def ask(**said: Any) -> Any:
    return anonymous().post(URL, said)


def asked_for() -> list[str]:
    rows = OutboxEvent.objects.filter(type="orders.order_link_requested.v1").order_by("pk")
    return [payload["order_id"] for payload in rows.values_list("payload", flat=True)]


class TestLookup:
    def test_takes_a_number_and_an_address_as_people_write_them(self):
        order = place()
        written = f" {order.number[:4].lower()}-{order.number[4:].lower()} "

        assert ask(number=written, email="ADA@Example.com").status_code == 202

        assert asked_for() == [str(order.pk)]

    def test_says_the_same_of_what_isnt_there(self):
        order = place()
        known = ask(number=order.number, email="ada@example.com")

        for said in (
            {"number": order.number, "email": "eve@example.com"},
            {"number": "2222222222", "email": "ada@example.com"},
        ):
            response = ask(**said)
            assert (response.status_code, response.content) == (known.status_code, known.content)

        assert asked_for() == [str(order.pk)]

    def test_of_an_erased_order_mails_nobody(self):
        order = place()
        Order.objects.filter(pk=order.pk).update(email="")

        assert ask(number=order.number, email="ada@example.com").status_code == 202

        assert asked_for() == []

    def test_of_an_accounts_order_mails_the_account(self):
        order = place(user=UserFactory(email="ada@example.com"))

        ask(number=order.number, email="ada@example.com")

        assert asked_for() == [str(order.pk)]

    def test_may_be_asked_five_times_an_hour(self, settings):
        settings.LIMITS_FACTOR = 1
        cache.clear()
        order = place()
        said = {"number": order.number, "email": "ada@example.com"}

        answers = [ask(**said).status_code for _ in range(6)]

        assert answers == [202] * 5 + [429]
        assert len(asked_for()) == 5

    @pytest.mark.parametrize("said", [{}, {"number": "K7"}, {"number": "K7", "email": "no"}, {"number": 7}])
    def test_refuses_what_cant_be_read(self, said):
        assert code(ask(**said)) == (400, "validation_failed")

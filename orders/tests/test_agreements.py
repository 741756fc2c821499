"""Terms and ages that a shop may ask for: said before, refused where missing, and kept with the order."""

from __future__ import annotations

from typing import Any

import pytest

from cart.tests.guests import Guest
from orders.digest import digest
from orders.models import Order
from orders.tests.factories import place
from orders.tests.footprint import footprint
from orders.tests.shopping import buyer
from orders.tests.test_staff_orders import body_of, send
from products.models import Product, Variant
from products.tests.factories import NOW, variant
from shop.audit.models import AuditEntry
from tests.statements import statements
from users.tests.clients import client_of
from users.tests.factories import StaffFactory

pytestmark = pytest.mark.django_db


def aged(years: int, **values: Any) -> Variant:
    made = variant(**values)
    Product.objects.filter(pk=made.product_id).update(minimum_age=years)
    return made


def errors(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 400, response.json()
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


class TestTold:
    def test_the_cart_says_what_will_be_asked_in_no_more_statements(self, settings):
        settings.ORDER_TERMS_VERSION = "2026-11"
        guest = Guest()
        for one in (variant(), aged(16), aged(18)):
            guest.add(one)

        with statements() as sent:
            said = guest("get", "").json()

        assert (said["requires"], len(sent)) == ({"terms": "2026-11", "minimum_age": 18}, 2)

    def test_what_is_gone_asks_nothing(self):
        guest, whisky = Guest(), aged(18)
        guest.add(whisky)
        Product.objects.update(published_at=None)

        assert guest("get", "").json()["requires"] == {"terms": None, "minimum_age": None}

    def test_the_product_says_it(self):
        whisky = aged(18)
        client = client_of(StaffFactory(permissions=["products.change_product"]))
        url = f"/api/v1/products/{whisky.product_id}/"

        assert client.get(url).json()["minimum_age"] == 18
        assert client.patch(url, {"minimum_age": None}).json()["minimum_age"] is None
        for bad in (0, 100, "18"):
            assert client.patch(url, {"minimum_age": bad}).status_code == 400


class TestTerms:
    @pytest.mark.parametrize("said", [True, "2026-11"])
    def test_are_kept_with_the_order(self, settings, said):
        settings.ORDER_TERMS_VERSION = "2026-11"

        response = buyer(variant()).place(terms_accepted=said)

        assert (response.status_code, response.json()["terms_version"]) == (201, "2026-11")
        order = Order.objects.get()
        assert (order.terms_version, order.age_confirmed) == ("2026-11", None)
        assert order.digest == digest(order, order.lines.all(), order.addresses.all())
        order.terms_version = "2027-01"
        assert order.digest != digest(order, order.lines.all(), order.addresses.all())

    def test_that_are_missing_or_old_refuse_it(self, settings):
        settings.ORDER_TERMS_VERSION = "2026-11"
        who = buyer(variant())
        before = footprint()

        assert errors(who.place()) == [("terms_accepted", "required")]
        assert errors(who.place(terms_accepted=False)) == [("terms_accepted", "required")]
        old = who.place(terms_accepted="2025-01")
        assert errors(old) == [("terms_accepted", "terms_changed")]
        assert "2026-11" in old.json()["errors"][0]["detail"]
        assert errors(who.place(terms_accepted=1)) == [("terms_accepted", "invalid")]
        assert errors(who.place(shipping_method="")) == [
            ("shipping_method", "required"),
            ("terms_accepted", "required"),
        ]
        assert footprint() == before

    def test_that_nobody_asks_for_are_not_kept(self):
        assert buyer(variant()).place(terms_accepted="v1", age_confirmed=True).status_code == 201

        order = Order.objects.get()
        assert (order.terms_version, order.age_confirmed) == ("", None)

    def test_leave_the_digests_of_earlier_orders_as_they_are(self, settings):
        order = place()
        settings.ORDER_TERMS_VERSION = "2026-11"

        assert order.digest == digest(order, order.lines.all(), order.addresses.all())


class TestAge:
    @pytest.mark.parametrize("said", [{"age_confirmed": True}, {"birth_date": "1990-05-04"}])
    def test_is_kept_and_the_birth_date_is_not(self, said):
        response = buyer(aged(16), aged(18)).place(**said)

        assert (response.status_code, response.json()["age_confirmed"]) == (201, 18)
        assert "1990" not in str(list(Order.objects.values()))

    def test_that_is_missing_or_too_low_refuses_it(self):
        who = buyer(aged(18))
        before = footprint()

        missing = who.place()
        assert errors(missing) == [("age_confirmed", "minimum_age")]
        assert "18" in missing.json()["errors"][0]["detail"]
        assert errors(who.place(age_confirmed=False)) == [("age_confirmed", "minimum_age")]
        # Who says both is as old as the date says.
        young: dict[str, Any] = {"age_confirmed": True, "birth_date": "2020-01-01"}
        assert errors(who.place(**young)) == [("birth_date", "minimum_age")]
        assert errors(who.place(birth_date="long ago")) == [("birth_date", "invalid")]
        assert footprint() == before

    @pytest.mark.parametrize(("born", "status"), [("2008-03-02", 201), ("2008-03-03", 400)])
    def test_is_reached_on_the_birthday(self, born, status, monkeypatch):
        monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)

        assert buyer(aged(18)).place(birth_date=born).status_code == status


class TestStaff:
    def test_confirm_it_for_the_shopper_and_are_on_record(self, settings):
        settings.ORDER_TERMS_VERSION = "2026-11"
        clerk = StaffFactory(permissions=["orders.add_order"])
        body = body_of(aged(18))

        assert errors(send(clerk, body)) == [
            ("terms_accepted", "required"),
            ("age_confirmed", "minimum_age"),
        ]
        response = send(clerk, body | {"terms_accepted": True, "age_confirmed": True})

        assert (response.json()["terms_version"], response.json()["age_confirmed"]) == ("2026-11", 18)
        entry = AuditEntry.objects.get(action="orders.placed_by_staff")
        assert (entry.actor_id, entry.facts) == (clerk.pk, {"terms": "2026-11", "minimum_age": 18})

"""Placing orders over HTTP: statuses and whole bodies."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from cart import services as carts
from cart.tests.factories import coupon, shopper
from orders.models import Order
from orders.tests.footprint import footprint
from orders.tests.shopping import URL, buyer, code, order_url
from orders.tokens import access_token
from products import services as products
from products.tests.factories import NOW, product, variant, variant_data
from shop.api.models import IdempotencyKey
from users.tests.factories import AddressFactory, UserFactory

pytestmark = pytest.mark.django_db

SHIPPED_TO = {
    "full_name": "Ada Lovelace", "company": "", "line1": "Hauptstr. 1", "line2": "", "city": "Berlin", "region": "",
    "postal_code": "10115", "country": "DE", "phone": "+493012345",
}  # fmt: skip


def errors(response) -> list[tuple]:
    assert code(response) == (400, "validation_failed")
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


def refused(who, **changes):
    """Place, and prove that whatever was wrong left nothing behind; return the answer."""
    before = footprint()
    response = who.place(**changes)
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert (footprint(), IdempotencyKey.objects.count()) == (before, 0)
    return response


class TestPlace:
    def test_answers_a_guest_the_order_with_its_token(self):
        lamp = product(variant_data(options={"Size": "L"}), name="Lamp", option_names=["Size"]).variants.get()
        coupon()
        who = buyer(lamp)
        carts.add_coupon(owner=shopper(token=who.token).owner, code="TEN", now=NOW)

        response = who.place(note="Ring twice.", expected_total="22.81")

        order = Order.objects.get()
        assert response.status_code == 201
        assert response.json() == {
            "id": str(order.pk),
            "number": order.number,
            "status": "pending",
            "payment_status": "unpaid",
            "fulfilment_status": "unfulfilled",
            "stage": "placed",
            "email": "ada@example.com",
            "language": "en",
            "items": [
                {
                    "id": str(order.lines.get().pk),
                    "product": lamp.product_id,
                    "variant": lamp.pk,
                    "sku": lamp.sku,
                    "name": "Lamp",
                    "options": {"Size": "L"},
                    "quantity": 1,
                    "unit_price": "19.90",
                    "line_total": "19.90",
                    "discount_amount": "1.99",
                    "tax_rate": "0.19",
                    "tax_amount": "2.86",
                    "shipped": 0,
                    "cancelled": 0,
                    "returned": 0,
                }
            ],
            "shipping_address": SHIPPED_TO,
            "billing_address": SHIPPED_TO,
            "shipping_method": "standard",
            "coupons": ["TEN"],
            "discounts": [{"name": "TEN", "code": "TEN", "amount": "1.99"}],
            "note": "Ring twice.",
            "subtotal": "19.90",
            "discount_total": "1.99",
            "shipping_total": "4.90",
            "terms_version": None,
            "age_confirmed": None,
            "tax_total": "3.64",
            "tax_added": "0.00",
            "prices_include_tax": True,
            "tax_treatment": "standard",
            "vat_id": None,
            "tax_lines": [{"name": "VAT", "rate": "0.19", "taxable": "19.17", "amount": "3.64"}],
            "total": "22.81",
            "refunded_total": "0.00",
            "currency": "EUR",
            "shipments": [],
            "placed_at": order.placed_at.isoformat().replace("+00:00", "Z"),
            "payment_due_at": (order.placed_at + timedelta(minutes=30)).isoformat().replace("+00:00", "Z"),
            "access_token": access_token(order.pk, 1),
        }
        assert response.headers["Location"] == order_url(order)
        assert response.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("signed_in", [True, False])
    def test_answers_what_reading_it_answers(self, signed_in):
        who = buyer(variant(), variant(), user=UserFactory() if signed_in else None)

        placed = who.place().json()

        token = placed.pop("access_token", None)
        assert (token is None) is signed_in
        read = who.client.get(f"{URL}{placed['id']}/", headers={"X-Order-Token": token or ""})
        assert read.json() == placed

    def test_takes_the_customers_address_and_language_unless_told(self):
        user = UserFactory(language="de")
        told = buyer(variant(), user=user).place(email="gift@example.com").json()
        untold = buyer(variant(), user=user).place().json()

        assert (told["email"], untold["email"], untold["language"]) == ("gift@example.com", user.email, "de")

    def test_of_a_signed_in_customer_takes_their_own_cart_and_not_the_tokens(self):
        customer, guest = buyer(variant(), user=UserFactory()), buyer(variant())
        customer.token = guest.token

        response = customer.place()

        assert response.status_code == 201
        assert Order.objects.get().user_id is not None
        assert guest.place().status_code == 201

    def test_bills_to_another_address_when_one_is_given(self):
        billing = {**SHIPPED_TO, "full_name": "Charles Babbage", "company": "Engines Ltd"}

        answer = buyer(variant()).place(billing_address=billing).json()

        assert (answer["shipping_address"], answer["billing_address"]) == (SHIPPED_TO, billing)

    def test_of_what_is_not_sent_needs_neither_address_nor_method(self):
        who = buyer(variant(requires_shipping=False))

        del who.body["shipping_address"], who.body["shipping_method"]
        answer = who.place()

        assert answer.status_code == 201
        assert (answer.json()["shipping_address"], answer.json()["shipping_method"]) == (None, None)

    def test_ignores_what_is_the_shops_to_say(self):
        who = buyer(variant())

        answer = who.place(
            total="0.01", subtotal="0.01", status="confirmed", payment_status="paid", currency="JPY", id=str(uuid4())
        )  # fmt: skip

        assert answer.status_code == 201
        assert (answer.json()["total"], answer.json()["status"], answer.json()["currency"]) == (
            "24.80", "pending", "EUR",
        )  # fmt: skip

    @pytest.mark.parametrize(
        "name", ["user", "user_id", "cart", "discount", "unit_price", "token_version", "stripe_id", "version"]
    )
    def test_refuses_fields_that_it_does_not_know(self, name):
        response = refused(buyer(variant()), **{name: 1})

        assert code(response) == (400, "unknown_field")
        assert response.json()["fields"] == [name]


class TestPlaceRefuses:
    def test_a_guest_without_email(self):
        who = buyer(variant())
        del who.body["email"]

        assert errors(refused(who)) == [("email", "required")]

    @pytest.mark.parametrize(
        ("name", "value", "where"),
        [
            ("email", "nobody", "email"),
            ("email", "a@example.com\r\nBcc: b@example.com", "email"),
            ("email", None, "email"),
            ("shipping_address", "not an id", "shipping_address"),
            ("shipping_address", 7, "shipping_address"),
            ("shipping_address", ["x"], "shipping_address"),
            ("shipping_address", {**SHIPPED_TO, "country": "ZZ"}, "shipping_address.country"),
            ("shipping_address", {**SHIPPED_TO, "line1": "a\nb"}, "shipping_address.line1"),
            ("shipping_address", {**SHIPPED_TO, "postal_code": "1011"}, "shipping_address.postal_code"),
            ("shipping_address", {**SHIPPED_TO, "country": "AT"}, "shipping_address.postal_code"),
            ("billing_address", {**SHIPPED_TO, "postal_code": ""}, "billing_address.postal_code"),
            ("billing_address", {**SHIPPED_TO, "phone": "030"}, "billing_address.phone"),
            ("billing_address", {**SHIPPED_TO, "city": "x" * 101}, "billing_address.city"),
            ("shipping_method", "../x", "shipping_method"),
            ("note", "x" * 1001, "note"),
            ("note", {"a": 1}, "note"),
            ("expected_total", 24.8, "expected_total"),
            ("expected_total", True, "expected_total"),
            ("expected_total", None, "expected_total"),
            ("expected_total", "-24.80", "expected_total"),
            ("expected_total", "24,80", "expected_total"),
            ("expected_total", "1e9", "expected_total"),
            ("expected_total", "NaN", "expected_total"),
            ("expected_total", "9" * 24, "expected_total"),
        ],
    )
    def test_values_that_cannot_be_read(self, name, value, where):
        assert [field for field, _ in errors(refused(buyer(variant()), **{name: value}))] == [where]

    @pytest.mark.parametrize("name", ["shipping_address", "shipping_method"])
    def test_goods_without_a_way(self, name):
        who = buyer(variant())
        del who.body[name]

        assert errors(refused(who)) == [(name, "required")]

    def test_goods_without_a_total(self):
        who = buyer(variant())
        del who.body["expected_total"]

        assert errors(refused(who)) == [("expected_total", "required")]

    def test_a_stale_total_with_the_difference(self):
        lamp = variant()
        who = buyer(lamp)
        products.set_price(variant_id=lamp.pk, currency="EUR", amount=2500, now=NOW)

        response = refused(who)

        body = response.json()
        assert code(response) == (409, "price_changed")
        assert (body["expected"], body["actual"], body["currency"]) == ("24.80", "29.90", "EUR")
        assert [(c["code"], c["old"], c["new"]) for c in body["changes"]] == [("price_up", "19.90", "25.00")]
        assert (body["cart"]["total"], len(body["cart"]["items"])) == ("29.90", 1)

    def test_not_a_lower_price(self):
        lamp = variant()
        who = buyer(lamp)
        products.set_price(variant_id=lamp.pk, currency="EUR", amount=1000, now=NOW)

        assert who.place().json()["total"] == "14.90"

    def test_more_than_there_is(self):
        lamp = variant(on_hand=1)
        who = buyer(lamp, quantity=2)

        response = refused(who)

        assert code(response) == (409, "out_of_stock")
        assert response.json()["lines"] == [
            {
                "variant": lamp.pk, "sku": lamp.sku, "requested": 2, "available": 1, "held": 0, "held_until": None,
            }
        ]  # fmt: skip

    def test_what_is_gone(self):
        lamp = variant()
        who = buyer(lamp)
        products.archive_product(product_id=lamp.product_id, actor_id=None, now=NOW)

        response = refused(who)

        assert (code(response), response.json()["lines"][0]["available"]) == ((409, "out_of_stock"), 0)

    def test_a_method_that_does_not_go_there(self):
        assert code(refused(buyer(variant()), shipping_method="pigeon")) == (422, "shipping_not_available")

    def test_an_empty_cart(self):
        who = buyer(variant())
        carts.clear(owner=shopper(token=who.token).owner, now=NOW)

        assert code(refused(who)) == (422, "cart_empty")

    @pytest.mark.parametrize("token", ["", "nonsense", "ü" * 30])
    def test_a_cart_that_is_not_there(self, token):
        who = buyer(variant())
        who.token = token.encode().decode("latin-1")

        assert code(refused(who)) == (404, "not_found")

    def test_a_dead_bearer(self):
        who = buyer(variant())
        who.client.credentials(HTTP_AUTHORIZATION="Bearer nonsense")

        assert code(refused(who)) == (401, "token_invalid")


class TestAddresses:
    def test_are_kept_in_the_form_of_their_country(self):
        bill = {**SHIPPED_TO, "country": "GB", "postal_code": "sw1a1aa", "phone": "020 7946 0018"}

        order = buyer(variant()).place(
            shipping_address={**SHIPPED_TO, "postal_code": "10 115", "phone": "030 12345"},
            billing_address=bill,
        )

        assert order.json()["shipping_address"] == SHIPPED_TO
        assert order.json()["billing_address"] == {
            **bill, "postal_code": "SW1A 1AA", "phone": "+442079460018",
        }  # fmt: skip

    def test_may_lack_a_code_where_there_are_none(self):
        bill = {**SHIPPED_TO, "country": "AE", "city": "Dubai", "postal_code": "", "phone": ""}

        order = buyer(variant()).place(billing_address=bill)

        assert (order.status_code, order.json()["billing_address"]) == (201, bill)


class TestAddressBook:
    def test_gives_an_own_address_by_its_id(self):
        user = UserFactory()
        own = AddressFactory(user=user)

        answer = buyer(variant(), user=user).place(shipping_address=str(own.pk))

        assert answer.json()["shipping_address"]["line1"] == "Lindenweg 4"

    def test_gives_an_own_address_as_it_was_read(self):
        user = UserFactory()
        own = AddressFactory(user=user)
        who = buyer(variant(), user=user)
        read = who.client.get(f"/api/v1/users/me/shipping_addresses/{own.pk}/").json()

        answer = who.place(shipping_address=read)

        assert answer.status_code == 201
        assert answer.json()["shipping_address"]["line1"] == "Lindenweg 4"

    @pytest.mark.parametrize("name", ["shipping_address", "billing_address"])
    @pytest.mark.parametrize("signed_in", [True, False])
    def test_hides_whether_an_address_is_somebody_elses_or_missing(self, name, signed_in):
        foreign = AddressFactory()
        who = buyer(variant(), user=UserFactory() if signed_in else None)

        answers = [refused(who, **{name: str(pk)}) for pk in (foreign.pk, uuid4())]

        assert [errors(answer) for answer in answers] == [[(name, "does_not_exist")]] * 2

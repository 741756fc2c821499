"""Where every cent comes from, over HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import override_settings

from cart import schemas
from cart.tests.factories import coupon, promotion, selling
from cart.tests.guests import API, Guest
from products.tests.factories import variant
from users.models import CustomerGroup
from users.tests.clients import anonymous, client_of
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest() -> Guest:
    return Guest()


def explained(guest: Guest) -> dict:
    response = guest("get", "?explain=1")
    assert response.status_code == 200
    body: dict = response.json()
    return body


def test_is_only_told_when_asked_for(guest):
    guest.add(variant())

    assert "explanation" not in guest("get").json()
    assert "explanation" not in guest("get", "?explain=0").json()
    assert set(explained(guest)["explanation"]) == set(schemas.Explanation().fields)


@pytest.mark.parametrize(
    ("query", "code"), [("explain=maybe", "validation_failed"), ("x=1", "unknown_filter")]
)
def test_refuses_what_it_does_not_know(query, code):
    response = anonymous().get(f"{API}?{query}")

    assert (response.status_code, response.json()["code"]) == (400, code)


def test_whole_body(guest):
    selling("DE")
    made = variant(price=1190)
    promotion(name="Autumn", value=100_000, priority=1)
    coupon("FREE", kind="free_shipping", value=0)
    promotion(name="From fifty", kind="fixed", value=500, min_subtotal=5000)
    guest.add(made, 2)
    guest("post", "coupons/", {"code": "FREE"})
    guest("patch", "", {"country": "DE", "shipping_method": "standard"})

    body = explained(guest)

    autumn, free = {"name": "Autumn", "code": None}, {"name": "FREE", "code": "FREE"}
    assert body["explanation"] == {
        "items": [
            {
                "item": body["items"][0]["id"],
                "steps": [
                    {"step": "list_price", "amount": "23.80"},
                    {"step": "promotion", "amount": "-2.38", **autumn},
                ],
                "total": "21.42",
                "tax": {"included": True, "name": "VAT", "rate": "0.19", "amount": "3.42"},
            }
        ],
        "shipping": {
            "steps": [
                {"step": "method", "name": "standard", "amount": "4.90"},
                {"step": "promotion", "amount": "-4.90", **free},
            ],
            "total": "0.00",
            "tax": {"included": True, "amount": "0.00"},
        },
        "totals": [
            {"step": "subtotal", "amount": "23.80"},
            {"step": "discount", "amount": "-7.28"},
            {"step": "shipping", "amount": "4.90"},
            {"step": "tax_added", "amount": "0.00"},
        ],
        "promotions": [
            {**autumn, "applied": True, "amount": "2.38", "reasons": []},
            {
                "name": "From fifty",
                "code": None,
                "applied": False,
                "amount": "0.00",
                "reasons": [
                    {
                        "rule": "min_subtotal",
                        "needed": "50.00",
                        "missing": "26.20",
                        "detail": "Add 26.20 EUR more.",
                    }
                ],
            },
            {**free, "applied": True, "amount": "4.90", "reasons": []},
        ],
    }
    assert body["total"] == "21.42"


@pytest.mark.parametrize("included", [True, False])
@pytest.mark.parametrize("country", ["DE", "CH", ""])
def test_steps_sum_to_what_they_explain(guest, country, included):
    with override_settings(PRICES_INCLUDE_TAX=included):
        selling("DE")
        promotion(value=333_333)
        promotion(name="Three", kind="fixed", value=300)
        promotion(name="2+1", kind="buy_x_get_y", value=1_000_000, buy_quantity=2, get_quantity=1)
        for amount in (999, 1, 4999):
            guest.add(variant(price=amount), 3)
        if country:
            guest("patch", "", {"country": country})
        body = explained(guest)

    told = body["explanation"]
    for line in told["items"]:
        assert sum(Decimal(step["amount"]) for step in line["steps"]) == Decimal(line["total"])
    lines = sum(Decimal(line["total"]) for line in told["items"])
    assert lines == Decimal(body["subtotal"]) - Decimal(body["discount_total"])
    assert sum(Decimal(step["amount"]) for step in told["totals"]) == Decimal(body["total"])
    assert sum(Decimal(one["amount"]) for one in told["promotions"]) == Decimal(body["discount_total"])
    if country:
        taxes = sum(Decimal(line["tax"]["amount"]) for line in told["items"])
        assert taxes == Decimal(body["tax_total"])
    else:
        assert {line["tax"] for line in told["items"]} == {None}


def test_a_sale_without_the_tax_that_prices_include_says_what_was_taken_out(guest):
    selling("DE")
    guest.add(variant(price=1190), 2)
    guest("patch", "", {"country": "CH"})

    line = explained(guest)["explanation"]["items"][0]

    assert [(step["step"], step["amount"]) for step in line["steps"]] == [
        ("list_price", "23.80"),
        ("tax_taken_out", "-3.80"),
    ]
    assert line["tax"] == {"included": False, "name": "", "rate": "0", "amount": "0.00"}


def test_what_is_no_business_of_the_shoppers_is_not_told(guest):
    secret = CustomerGroup.objects.create(code="wholesale", name="Wholesale")
    promotion(name="Wholesale", groups=[secret])
    promotion(name="First", first_order=True)
    made = variant(price=1000)
    guest.add(made)
    customer = client_of(UserFactory())
    customer.post(f"{API}items/", {"variant": made.pk, "quantity": 1})

    told = {
        name: {one["name"]: (one["applied"], one["reasons"]) for one in body["explanation"]["promotions"]}
        for name, body in (("guest", explained(guest)), ("customer", customer.get(f"{API}?explain=1").json()))
    }

    assert told["customer"] == {"First": (True, [])}
    assert set(told["guest"]) == {"First"}
    assert [reason["rule"] for reason in told["guest"]["First"][1]] == ["sign_in"]

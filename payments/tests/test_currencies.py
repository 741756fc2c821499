"""Orders in currencies of no and of three decimal places: exact over HTTP, and always what a card can be charged."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cart.models import ShippingMethod
from cart.pricing import Line, Promotion, Sale, Tax, TaxRules, price
from cart.tests.factories import coupon, rate_to, selling
from orders.models import Order
from payments.errors import GatewayRefused
from payments.models import Payment
from payments.provider import chargeable
from products.filling import fill_prices
from products.models import Variant
from products.tests.exchanging import rate_of
from products.tests.factories import NOW, variant
from shop.core.money import EXPONENTS, Money, payable_step
from users.tests.clients import anonymous

API = "/api/v1/"
TOKYO = {
    "full_name": "Ada Lovelace", "line1": "1-1 Marunouchi", "city": "Chiyoda-ku", "region": "Tokyo",
    "postal_code": "100-0005", "country": "JP",
}  # fmt: skip
KUWAIT = {
    "full_name": "Ada Lovelace", "line1": "Block 1", "city": "Kuwait City", "postal_code": "13001", "country": "KW",
}  # fmt: skip


@pytest.mark.django_db
class TestOrder:
    @pytest.fixture(autouse=True)
    def shop(self, settings, stripe):
        settings.CURRENCIES = ["EUR", "JPY", "KWD"]
        settings.COUNTRY_CURRENCIES = {"JP": "JPY", "KW": "KWD"}
        self.stripe = stripe

    @pytest.fixture
    def lamp(self) -> Variant:
        """Return a lamp at 19.90 EUR, 3231 JPY and 6.610 KWD."""
        made = variant(price=1990)
        rate_of("JPY", rate=162_340_000)
        rate_of("KWD", rate=332_100)
        fill_prices(now=NOW)
        return made

    def ordered(self, lamp: Variant, quantity: int, address: dict[str, str]) -> tuple[Any, Any, Any]:
        """Buy a lamp by its country's currency with ten per cent off; return the cart, the order and the payment."""
        coupon("TEN")
        client = anonymous()
        added = client.post(f"{API}cart/items/", {"variant": lamp.pk, "quantity": quantity})
        token = {"X-Cart-Token": added.headers["X-Cart-Token"]}
        client.post(f"{API}cart/coupons/", {"code": "TEN"}, headers=token)
        place = {"country": address["country"], "shipping_method": "standard"}
        cart = client.patch(f"{API}cart/", place, headers=token).json()
        body = {
            "email": "ada@example.com", "shipping_address": address, "shipping_method": "standard",
            "expected_total": cart["total"],
        }  # fmt: skip
        order = client.post(f"{API}orders/", body, headers=token | {"Idempotency-Key": str(uuid4())}).json()
        payment = client.post(
            f"{API}payments/",
            {"order": order["id"]},
            headers={"X-Order-Token": order["access_token"], "Idempotency-Key": str(uuid4())},
        ).json()
        return cart, order, payment

    def test_in_yen_has_no_decimals_anywhere(self, lamp):
        selling("JP", rate=100_000, shipping=0)
        rate_to(ShippingMethod.objects.get(), "JP", currency="JPY", amount=800)

        cart, order, payment = self.ordered(lamp, 2, TOKYO)

        # 2 × 3231 less 646; a tenth of the net amounts is tax: 529 in 5816 and 73 in 800.
        amounts = {
            "currency": "JPY", "subtotal": "6462", "discount_total": "646", "shipping_total": "800",
            "tax_total": "602", "tax_added": "0", "total": "6616",
        }  # fmt: skip
        assert {name: cart[name] for name in amounts} == amounts
        assert {name: order[name] for name in amounts} == amounts
        assert (order["items"][0]["unit_price"], order["items"][0]["line_total"]) == ("3231", "6462")
        assert (payment["amount"], payment["currency"]) == ("6616", "JPY")
        assert Order.objects.values_list("total", "currency").get() == (6616, "JPY")
        intent = self.stripe.get(Payment.objects.get().pi_id)
        assert (intent["amount"], intent["currency"]) == (6616, "jpy")

    def test_in_dinars_ends_in_0_everywhere(self, lamp, settings):
        settings.PRICES_INCLUDE_TAX = False
        selling("KW", rate=50_000, shipping=0)
        rate_to(ShippingMethod.objects.get(), "KW", currency="KWD", amount=2500)

        cart, order, payment = self.ordered(lamp, 3, KUWAIT)

        # 3 × 6.610 less 1.983, of which 1.980 can be paid; five per cent are 0.8925 on 17.850 and 0.125 on 2.500.
        amounts = {
            "currency": "KWD", "subtotal": "19.830", "discount_total": "1.980", "shipping_total": "2.500",
            "tax_total": "1.020", "tax_added": "1.020", "total": "21.370",
        }  # fmt: skip
        assert {name: cart[name] for name in amounts} == amounts
        assert {name: order[name] for name in amounts} == amounts
        assert (order["items"][0]["unit_price"], order["items"][0]["line_total"]) == ("6.610", "19.830")
        assert (payment["amount"], payment["currency"]) == ("21.370", "KWD")
        assert Order.objects.values_list("total", "currency").get() == (21370, "KWD")
        intent = self.stripe.get(Payment.objects.get().pi_id)
        assert (intent["amount"], intent["currency"]) == (21370, "kwd")


CLASSES = ("standard", "reduced", "zero")
RATES = st.integers(0, 1_000_000)


@st.composite
def sales(draw: Any) -> tuple[str, int]:
    """Return a currency and the total of some cart in it, whose amounts are as staff may enter them."""
    currency = draw(st.sampled_from(sorted(EXPONENTS)))
    step = payable_step(currency)
    amounts = st.integers(0, 10**6).map(lambda units: units * step)
    rules = TaxRules(
        by_class={"standard": Tax(name="A", rate=draw(RATES)), "reduced": Tax(name="B", rate=draw(RATES))},
        shipping=Tax(name="A", rate=draw(RATES)),
        prices_include_tax=draw(st.booleans()),
        home=draw(st.sampled_from(({}, {"standard": Tax(name="H", rate=190_000)}))),
        step=step,
    )
    rows = draw(
        st.lists(st.tuples(amounts, st.integers(1, 999), st.sampled_from(CLASSES)), min_size=1, max_size=6)
    )
    lines = [
        Line(key=str(number), unit_price=rules.charged(amount, kind), quantity=units, tax_class=kind)
        for number, (amount, units, kind) in enumerate(rows)
    ]
    promotions = draw(
        st.lists(
            st.one_of(
                st.builds(
                    Promotion, key=st.uuids().map(str), kind=st.just("percent"), value=st.integers(1, 10**6)
                ),
                st.builds(
                    Promotion,
                    key=st.uuids().map(str),
                    kind=st.just("fixed"),
                    value=amounts,
                    currency=st.just(currency),
                ),
                st.builds(
                    Promotion,
                    key=st.uuids().map(str),
                    kind=st.just("buy_x_get_y"),
                    buy=st.integers(1, 3),
                    get=st.integers(1, 3),
                    value=st.integers(1, 10**6),
                ),
                st.builds(Promotion, key=st.uuids().map(str), kind=st.just("free_shipping")),
            ),
            max_size=4,
        )
    )
    sale = Sale(now=NOW, currency=currency, promotions=promotions, step=step)
    shipping = draw(st.one_of(st.none(), amounts))
    return currency, price(lines, sale, tax=draw(st.sampled_from((None, rules))), shipping=shipping).total


def refusal(amount: Money) -> str:
    """Return why a card can't be charged, or nothing when it can."""
    try:
        chargeable(amount)
    except GatewayRefused as error:
        return str(error.facts["reason"])
    return ""


@pytest.mark.once
def test_what_ends_in_another_digit_could_not():
    assert refusal(Money(1005, "KWD")) == "amount_must_end_in_0"


@pytest.mark.once
@given(sales())
def test_a_total_can_always_be_charged_unless_it_is_too_small_or_too_large(sale):
    currency, total = sale

    assert refusal(Money(total, currency)) in ("", "amount_too_small", "amount_too_large")
    assert total % payable_step(currency) == 0

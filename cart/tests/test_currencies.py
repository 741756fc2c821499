"""The currency of a cart: chosen, or that of the country it goes to; never changed behind the shopper's back."""

from __future__ import annotations

from typing import Any

import pytest

from cart.checks import currencies_are_known
from cart.models import Cart, CartItem, ShippingMethod
from cart.services import merge_guest_cart
from cart.tests.factories import coupon, rate_to, selling
from cart.tests.guests import Guest
from products import services as products
from products.filling import fill_prices
from products.models import Price, Variant
from products.tests.exchanging import rate_of
from products.tests.factories import NOW, variant
from shop.core.ids import token_hash
from tests.statements import statements
from users.tests.clients import client_of
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop(settings):
    settings.CURRENCIES = ["EUR", "USD", "JPY", "KWD"]
    settings.COUNTRY_CURRENCIES = {"US": "USD", "JP": "JPY", "KW": "KWD"}


@pytest.fixture
def lamp() -> Variant:
    """Return a lamp at 19.90 EUR, 21.56 USD, 3231 JPY and 6.610 KWD."""
    made = variant(price=1990)
    rate_of("USD")
    rate_of("JPY", rate=162_340_000)
    rate_of("KWD", rate=332_100)
    fill_prices(now=NOW)
    return made


def only_in_euro() -> Variant:
    made = variant(price=500)
    Price.objects.filter(variant=made).exclude(currency="EUR").delete()
    return made


def shown(answer: Any) -> tuple[str, list[str | None], list[Any]]:
    """Return currency, unit prices and changes."""
    body = answer.json()
    return body["currency"], [item["unit_price"] for item in body["items"]], body["changes"]


def kept() -> tuple[Any, ...]:
    return Cart.objects.values_list("currency", "currency_chosen", "country", "version").get()


class TestCountry:
    @pytest.mark.parametrize(
        ("country", "currency", "price"),
        [("US", "USD", "21.56"), ("JP", "JPY", "3231"), ("KW", "KWD", "6.610"), ("FR", "EUR", "19.90")],
    )
    def test_brings_its_currency_without_a_word_of_dearer_prices(self, lamp, country, currency, price):
        guest = Guest()
        guest.add(lamp)

        answer = guest("patch", "", {"country": country})

        assert answer.status_code == 200
        assert shown(answer) == (currency, [price], [])
        assert shown(guest("get")) == (currency, [price], [])
        assert kept() == (currency, False, country, 3)

    def test_that_is_not_named_has_the_base_currency_again(self, lamp):
        guest = Guest()
        guest.add(lamp)
        guest("patch", "", {"country": "US"})

        assert shown(guest("patch", "", {"country": "DE"})) == ("EUR", ["19.90"], [])

    def test_changes_nothing_where_a_line_has_no_price_in_it(self, lamp):
        guest = Guest()
        guest.add(lamp)
        guest.add(only_in_euro())

        answer = guest("patch", "", {"country": "US"})

        assert answer.status_code == 200
        assert shown(answer) == ("EUR", ["19.90", "5.00"], [])
        assert kept() == ("EUR", False, "US", 4)
        assert list(CartItem.objects.order_by("seen_price").values_list("seen_price", flat=True)) == [
            500,
            1990,
        ]

    def test_brings_it_where_only_what_is_gone_has_no_price_in_it(self, lamp):
        guest, gone = Guest(), only_in_euro()
        guest.add(lamp)
        guest.add(gone)
        products.archive_variant(variant_id=gone.pk, actor_id=None, now=NOW)

        currency, prices, _ = shown(guest("patch", "", {"country": "US"}))

        assert (currency, prices) == ("USD", ["21.56", None])

    def test_leaves_a_chosen_currency(self, lamp):
        guest = Guest()
        guest.add(lamp)
        guest("patch", "", {"currency": "EUR"})

        assert shown(guest("patch", "", {"country": "US"})) == ("EUR", ["19.90"], [])
        assert kept() == ("EUR", True, "US", 4)

    def test_of_an_own_address_counts_as_well(self, lamp):
        user = UserFactory()
        client = client_of(user)
        client.post("/api/v1/cart/items/", {"variant": lamp.pk, "quantity": 1})
        address = {
            "full_name": "Ada", "line1": "1 Main St", "city": "Austin", "region": "TX", "postal_code": "73301",
            "country": "US",
        }  # fmt: skip
        made = client.post("/api/v1/users/me/shipping_addresses/", address).json()

        answer = client.patch("/api/v1/cart/", {"shipping_address": made["id"]})

        assert shown(answer) == ("USD", ["21.56"], [])

    def test_changes_nothing_in_a_shop_that_names_none(self, lamp, settings):
        settings.COUNTRY_CURRENCIES = {}
        guest = Guest()
        guest.add(lamp)

        assert shown(guest("patch", "", {"country": "US"})) == ("EUR", ["19.90"], [])

    def test_together_with_a_currency_leaves_that(self, lamp):
        guest = Guest()
        guest.add(lamp)

        assert shown(guest("patch", "", {"country": "US", "currency": "JPY"})) == ("JPY", ["3231"], [])
        assert kept() == ("JPY", True, "US", 3)

    def test_prices_shipping_and_codes_in_its_currency(self, lamp):
        selling("US", rate=0)
        rate_to(ShippingMethod.objects.get(), "US", currency="USD", amount=700)
        coupon("TEN")
        coupon("FIVE", kind="fixed", value=500)
        guest = Guest()
        guest.add(lamp)
        guest("post", "coupons/", {"code": "TEN"})
        guest("post", "coupons/", {"code": "FIVE"})

        answer = guest("patch", "", {"country": "US", "shipping_method": "standard"})

        body = answer.json()
        assert (body["currency"], body["shipping_total"], body["coupons"]) == ("USD", "7.00", ["TEN"])
        # 21.56 less 2.16; five euro are no amount in dollars.
        assert (body["discount_total"], body["total"]) == ("2.16", "26.40")
        assert [(change["code"], change["old"]) for change in body["changes"]] == [("coupon_dropped", "FIVE")]

    def test_costs_one_statement_more_than_another_place(self, lamp):
        guest = Guest()
        guest.add(lamp)
        with statements() as same:
            guest("patch", "", {"country": "DE"})
        with statements() as other:
            guest("patch", "", {"country": "US"})

        # The prices in it are read, and what was seen is forgotten and remembered anew.
        assert len(other) - len(same) == 3


class TestChoice:
    def test_changes_the_cart_and_stays(self, lamp):
        guest = Guest()
        guest.add(lamp)

        assert shown(guest("patch", "", {"currency": "JPY"})) == ("JPY", ["3231"], [])
        assert kept() == ("JPY", True, "", 3)

    @pytest.mark.parametrize("currency", ["GBP", "CHF"])
    def test_of_what_the_shop_does_not_sell_in_is_refused(self, lamp, currency):
        guest = Guest()
        guest.add(lamp)

        answer = guest("patch", "", {"currency": currency, "country": "US"})

        assert (answer.status_code, answer.json()["code"]) == (422, "currency_not_available")
        assert kept() == ("EUR", False, "", 2)

    def test_of_what_a_line_has_no_price_in_is_refused(self, lamp):
        guest = Guest()
        guest.add(lamp)
        guest.add(only_in_euro())

        answer = guest("patch", "", {"currency": "USD"})

        assert (answer.status_code, answer.json()["code"]) == (422, "currency_not_available")
        assert kept() == ("EUR", False, "", 3)
        assert set(CartItem.objects.values_list("seen_price", flat=True)) == {500, 1990}


class TestNewCart:
    def add(self, guest: Guest, made: Variant, **more: Any) -> Any:
        return guest("post", "items/", {"variant": made.pk, "quantity": 1, **more})

    def test_is_opened_in_the_currency_that_is_asked_for(self, lamp):
        guest = Guest()

        answer = self.add(guest, lamp, currency="jpy")

        assert answer.status_code == 201
        assert shown(answer) == ("JPY", ["3231"], [])
        assert kept() == ("JPY", True, "", 2)
        assert shown(guest("patch", "", {"country": "US"})) == ("JPY", ["3231"], [])

    def test_is_opened_in_the_base_currency_where_none_is(self, lamp):
        assert shown(self.add(Guest(), lamp)) == ("EUR", ["19.90"], [])
        assert kept() == ("EUR", False, "", 2)

    @pytest.mark.parametrize(
        ("currency", "status", "code"),
        [
            ("GBP", 422, "currency_not_available"),
            ("XYZ", 400, "validation_failed"),
            ("EU", 400, "validation_failed"),
        ],
    )
    def test_is_not_opened_in_another(self, lamp, currency, status, code):
        answer = self.add(Guest(), lamp, currency=currency)

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert not Cart.objects.exists()

    def test_is_not_opened_for_what_has_no_price_in_it(self):
        answer = self.add(Guest(), only_in_euro(), currency="USD")

        assert (answer.status_code, answer.json()["code"]) == (422, "currency_not_available")
        assert not Cart.objects.exists()

    def test_that_is_open_already_keeps_its_currency(self, lamp):
        guest = Guest()
        self.add(guest, lamp)

        answer = self.add(guest, lamp, currency="USD")

        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "currency_not_available")
        assert problem["detail"] == "The cart is in EUR, not in USD."
        assert (problem["currency"], problem["cart_currency"]) == ("USD", "EUR")
        assert shown(guest("get")) == ("EUR", ["19.90"], [])
        assert kept() == ("EUR", False, "", 2)
        assert shown(self.add(guest, lamp, currency="EUR"))[:2] == ("EUR", ["19.90"])


class TestMerge:
    def signed_in(self, guest: Guest) -> Any:
        user = UserFactory()
        merge_guest_cart(user_id=user.pk, token_hash=token_hash(guest.token or ""), now=NOW)
        return client_of(user), user

    def test_brings_currency_and_choice_along_where_there_is_no_other_cart(self, lamp):
        guest = Guest()
        guest("post", "items/", {"variant": lamp.pk, "quantity": 1, "currency": "USD"})

        client, user = self.signed_in(guest)

        assert client.get("/api/v1/cart/").json()["currency"] == "USD"
        assert Cart.objects.get(user=user).currency_chosen

    def test_keeps_the_customers_currency_and_tells_of_what_has_no_price_in_it(self, lamp):
        guest, euro = Guest(), only_in_euro()
        guest.add(lamp)
        guest.add(euro)
        user = UserFactory()
        client = client_of(user)
        client.post("/api/v1/cart/items/", {"variant": lamp.pk, "quantity": 1, "currency": "USD"})

        merge_guest_cart(user_id=user.pk, token_hash=token_hash(guest.token or ""), now=NOW)

        body = client.get("/api/v1/cart/").json()
        assert (body["currency"], [item["unit_price"] for item in body["items"]]) == ("USD", ["21.56", None])
        assert [(change["code"], change["old"]) for change in body["changes"]] == [
            ("merged", 1), ("merged", 0), ("gone", None)
        ]  # fmt: skip
        assert body["subtotal"] == "43.12"


@pytest.mark.once
class TestSettings:
    def found(self) -> list[str | None]:
        return [found.id for found in currencies_are_known()]

    def test_of_this_shop_are_fine(self):
        assert self.found() == []

    @pytest.mark.parametrize(
        ("name", "value", "found"),
        [
            ("CURRENCIES", ["EUR", "USD", "JPY", "KWD", "XYZ"], ["cart.E003"]),
            ("CURRENCIES", ["USD", "JPY", "KWD"], ["cart.E004"]),
            ("COUNTRY_CURRENCIES", {"XX": "USD"}, ["cart.E005"]),
            ("COUNTRY_CURRENCIES", {"GB": "GBP", "US": "USD"}, ["cart.E006"]),
        ],
    )
    def test_that_name_what_there_is_not_stop_the_start(self, settings, name, value, found):
        setattr(settings, name, value)

        assert self.found() == found

"""Filling and changing a cart: each rule, each refusal, and what a refusal leaves as it was."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from cart import models, selectors, services
from cart.errors import CartConverted, CartFull, CurrencyNotAvailable, PriceChanged, ShippingNotAvailable
from cart.models import Cart, CartItem, ZoneArea
from cart.tests.factories import bound_for, coupon, filled, selling, shopper
from products import services as catalogue
from products.selectors import Choice
from products.tests.factories import NOW, product, variant, variant_data
from shop.api.problems import PreconditionFailed
from shop.core.errors import NotFound, ValidationFailed
from shop.core.ids import new_id
from shop.core.transactions import TransactionRequired, use_case
from users.tests.factories import UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db


def add(who, made, quantity: int = 1, **values):
    return services.add_item(
        shopper=who, choice=Choice(variant=made.pk), quantity=quantity, now=NOW, **values
    )


def set_place(who, values: dict[str, Any]):
    return services.set_place(owner=who.owner, now=NOW, **values)


def codes(cart) -> list[tuple]:
    return [(change["code"], change["old"], change["new"]) for change in cart.changes]


class TestAddItem:
    def test_opens_a_cart_and_adds_up(self):
        who, lamp, desk = shopper(), variant(price=1990), variant(price=500)

        add(who, lamp, 2)
        cart = filled(who, desk, lamp)

        assert [(i.variant_id, i.quantity, i.seen_price) for i in cart.items] == [
            (lamp.pk, 3, 1990),
            (desk.pk, 1, 500),
        ]
        assert (cart.totals.total, cart.version, Cart.objects.count()) == (3 * 1990 + 500, 4, 1)

    def test_takes_more_than_there_is_and_says_so(self):
        cart = add(shopper(), variant(on_hand=2, backorder_limit=1), 5)

        assert codes(cart) == [("stock_short", 5, 3)]

    def test_refuses_more_units_than_a_line_takes(self):
        who, lamp = shopper(), variant()
        add(who, lamp, 999)

        with pytest.raises(CartFull):
            add(who, lamp)

        assert CartItem.objects.get().quantity == 999
        assert Cart.objects.get().version == 2

    def test_refuses_more_lines_than_a_cart_takes(self, monkeypatch):
        monkeypatch.setattr(services.lines, "MAX_LINES", 2)
        who, lamp = shopper(), variant()
        filled(who, lamp, variant())

        with pytest.raises(CartFull):
            add(who, variant())

        assert add(who, lamp).items[0].quantity == 2

    @pytest.mark.parametrize("field", ["variant", "product", "sku"])
    def test_refuses_what_is_not_for_sale_and_opens_no_cart(self, field):
        hidden = product(variant_data(sku="A"), published=False)
        value: Any = {"variant": hidden.variants.get().pk, "product": hidden.pk, "sku": "A"}[field]

        with pytest.raises(ValidationFailed):
            services.add_item(shopper=shopper(), choice=Choice(**{field: value}), quantity=1, now=NOW)

        assert not Cart.objects.exists()

    def test_refuses_what_has_no_price_in_the_carts_currency(self):
        with pytest.raises(CurrencyNotAvailable):
            add(shopper(), variant(currency="JPY"))

        assert not Cart.objects.exists()

    def test_refuses_a_cart_that_is_not_as_it_was_seen(self):
        who, lamp, another = shopper(), variant(), shopper()
        first = add(who, lamp, seen="no-cart")
        of_another = add(another, lamp)

        assert of_another.version == first.version
        for seen in ("no-cart", "", f"cart-{first.id}-1", f"cart-{first.id}-3", of_another.state):
            with pytest.raises(PreconditionFailed):
                add(who, lamp, seen=seen)

        assert CartItem.objects.get(cart=first.id).quantity == 1
        assert add(who, lamp, seen=first.state).items[0].quantity == 2

    @pytest.mark.django_db(transaction=True)
    def test_at_once_from_everywhere_opens_one_cart(self):
        who, lamp = shopper(), variant()

        together(10, lambda _: use_case(add, who, lamp))

        assert CartItem.objects.get().quantity == 10
        assert Cart.objects.get().version == 11


class TestAddQuantities:
    def test_puts_in_what_can_be_bought_and_tells_the_rest(self, monkeypatch):
        monkeypatch.setattr(services.lines, "MAX_LINES", 1)
        who, lamp, gone, extra = shopper(), variant(), variant(sku="GONE"), variant()
        catalogue.archive_variant(variant_id=gone.pk, actor_id=None, now=NOW)

        cart = services.add_quantities(
            shopper=who, quantities={lamp.pk: 2, gone.pk: 1, extra.pk: 3, 999: 1}, now=NOW
        )

        assert [(item.variant_id, item.quantity) for item in cart.items] == [(lamp.pk, 2)]
        assert codes(cart) == [("gone", "GONE", None), ("cut", 3, 0), ("gone", None, None)]
        assert codes(selectors.read_cart(who.owner, now=NOW)) == codes(cart)


class TestSetQuantity:
    def test_sets_and_removes(self):
        who = shopper()
        item = filled(who, variant(price=100)).items[0]

        five = services.set_quantity(owner=who.owner, item_id=item_id(item), quantity=5, now=NOW)
        none = services.set_quantity(owner=who.owner, item_id=item_id(item), quantity=0, now=NOW)

        assert (five.totals.total, none.totals.total, none.items) == (500, 0, ())
        assert not CartItem.objects.exists()

    def test_refuses_a_line_that_is_somebody_elses(self):
        other, who = shopper(), shopper()
        theirs = filled(other, variant()).items[0]
        filled(who, variant())

        with pytest.raises(NotFound):
            services.set_quantity(owner=who.owner, item_id=item_id(theirs), quantity=5, now=NOW)

        assert set(CartItem.objects.values_list("quantity", flat=True)) == {1}

    def test_refuses_without_a_cart(self):
        for owner in (shopper().owner, shopper(user=UserFactory()).owner, selectors.CartOwner()):
            with pytest.raises(NotFound):
                services.set_quantity(owner=owner, item_id=new_id(), quantity=1, now=NOW)


def item_id(item):
    return CartItem.objects.get(pk=item.id).pk


class TestClear:
    def test_takes_out_everything_and_keeps_the_place(self):
        selling()
        who = shopper()
        filled(who, variant(price=5000))
        coupon("TEN")
        services.add_coupon(owner=who.owner, code="TEN", now=NOW)
        bound_for(who)

        cart = services.clear(owner=who.owner, now=NOW)

        assert (cart.items, cart.coupons, cart.totals.total, cart.place.country) == ((), [], 0, "DE")


class TestSetPlace:
    def test_adds_tax_and_shipping(self):
        selling("DE")
        who = shopper()
        filled(who, variant(price=1190))

        cart = bound_for(who)

        assert (cart.totals.shipping, cart.totals.tax, cart.totals.total) == (490, 190 + 78, 1680)

    def test_refuses_a_method_that_does_not_go_there(self):
        selling("DE")
        who = shopper()
        filled(who, variant())

        for values in ({"country": "FR", "shipping_method": "standard"}, {"shipping_method": "none"}):
            with pytest.raises(ShippingNotAvailable):
                set_place(who, values)

        cart = Cart.objects.get()
        assert (cart.country, cart.shipping_method, cart.version) == ("", "", 2)

    def test_drops_the_method_when_the_new_place_has_none(self):
        selling("DE")
        who = shopper()
        filled(who, variant())
        bound_for(who)

        cart = services.set_place(owner=who.owner, now=NOW, country="FR")

        assert (cart.shipping_method, cart.totals.shipping) == ("", None)
        assert Cart.objects.get().shipping_method == ""

    def test_drops_the_method_when_the_postal_code_is_not_served(self):
        selling("DE")
        ZoneArea.objects.update(postal_pattern="10*")
        who = shopper()
        filled(who, variant())
        services.set_place(
            owner=who.owner, now=NOW, country="DE", postal_code="10 115", shipping_method="standard"
        )

        cart = services.set_place(owner=who.owner, now=NOW, postal_code="80331")

        assert cart.shipping_method == ""

    def test_drops_region_and_postal_code_of_another_country(self):
        who = shopper()
        filled(who, variant())
        services.set_place(owner=who.owner, now=NOW, postal_code="10115", region="BE")
        services.set_place(owner=who.owner, now=NOW, country="DE")

        assert Cart.objects.get().postal_code == "10115"
        place = services.set_place(owner=who.owner, now=NOW, country="US", region="CA").place
        assert (place.country, place.region, place.postal_code) == ("US", "CA", "")

    def test_takes_the_rates_of_a_region_in_any_case_and_of_no_other(self):
        selling("US", rate=0)
        models.TaxRate.objects.create(name="CA", country="US", region="California", rate=100_000)
        who = shopper()
        filled(who, variant(price=1100))

        taxes = [
            services.set_place(owner=who.owner, now=NOW, country="US", region=region).totals.tax
            for region in ("california", "Nevada", "%", "C_lifornia")
        ]

        assert taxes == [100, 0, 0, 0]

    def test_changes_the_currency_when_everything_is_sold_in_it(self, settings):
        settings.CURRENCIES = ["EUR", "JPY"]
        who, lamp, gone = shopper(), variant(price=1000), variant(price=1)
        catalogue.set_price(variant_id=lamp.pk, amount=1500, currency="JPY", now=NOW)
        filled(who, lamp, gone)
        catalogue.archive_variant(variant_id=gone.pk, actor_id=None, now=NOW)

        cart = services.set_place(owner=who.owner, now=NOW, currency="JPY")

        assert (cart.currency, cart.totals.total) == ("JPY", 1500)
        assert codes(cart) == [("gone", None, None)]
        assert codes(selectors.read_cart(who.owner, now=NOW)) == [("gone", None, None)]

    @pytest.mark.parametrize("currency", ["USD", "JPY"])
    def test_refuses_a_currency_that_is_not_sold_in(self, settings, currency):
        settings.CURRENCIES = ["EUR", "JPY"]
        who = shopper()
        filled(who, variant(price=1000))

        with pytest.raises(CurrencyNotAvailable):
            services.set_place(owner=who.owner, now=NOW, currency=currency)

        assert Cart.objects.values_list("currency", "version").get() == ("EUR", 2)
        assert CartItem.objects.get().seen_price == 1000

    def test_refuses_a_cart_that_is_not_as_it_was_seen(self):
        who = shopper()
        filled(who, variant())

        with pytest.raises(PreconditionFailed):
            services.set_place(owner=who.owner, now=NOW, seen="no-cart", country="DE")

        assert Cart.objects.get().country == ""


class TestChanges:
    def test_tell_prices_until_the_next_write(self):
        who, up, down = shopper(), variant(price=1000), variant(price=1000)
        filled(who, up, down)
        catalogue.set_price(variant_id=up.pk, amount=1200, currency="EUR", now=NOW)
        catalogue.set_price(variant_id=down.pk, amount=900, currency="EUR", now=NOW)

        for _ in range(2):
            cart = selectors.read_cart(who.owner, now=NOW)
            assert codes(cart) == [("price_up", "10.00", "12.00"), ("price_down", "10.00", "9.00")]
        add(who, up)

        assert codes(selectors.read_cart(who.owner, now=NOW)) == []

    def test_tell_what_is_short_gone_or_dropped_as_long_as_it_is(self):
        who, lamp, gone = shopper(), variant(price=1000, on_hand=5), variant(price=500)
        filled(who, lamp, gone, quantity=3)
        coupon("BIG", min_subtotal=4000)
        services.add_coupon(owner=who.owner, code="big", now=NOW)
        catalogue.adjust_stock(variant_id=lamp.pk, delta=-4, reason="", actor_id=None, now=NOW)
        catalogue.archive_variant(variant_id=gone.pk, actor_id=None, now=NOW)

        expected = [("stock_short", 3, 1), ("gone", "5.00", None), ("coupon_dropped", "BIG", None)]
        assert codes(selectors.read_cart(who.owner, now=NOW)) == expected
        cart = bound_for(who, method="")
        assert codes(cart) == expected
        assert (cart.totals.subtotal, cart.totals.discount) == (3000, 0)


class TestCheckTotal:
    @pytest.mark.parametrize("expected", [1000, 1001, 10**13])
    def test_lets_a_lower_price_pass(self, expected):
        services.check_total(filled(shopper(), variant(price=1000)), expected=expected)

    def test_refuses_a_higher_one_and_shows_the_cart(self):
        cart = filled(shopper(), variant(price=1000))

        with pytest.raises(PriceChanged) as refusal:
            services.check_total(cart, expected=999)

        facts = refusal.value.facts
        assert (facts["expected"], facts["actual"], facts["currency"]) == ("9.99", "10.00", "EUR")
        assert facts["cart"]["total"] == "10.00"


class TestConvert:
    def test_closes_a_cart_once(self):
        who = shopper()
        cart = filled(who, variant())
        convert(cart.id)

        with pytest.raises(CartConverted):
            convert(cart.id)

        stored = Cart.objects.get()
        assert (stored.status, stored.converted_at, stored.version) == ("converted", NOW, 3)
        assert selectors.read_cart(who.owner, now=NOW) is None

    def test_needs_a_transaction(self):
        with pytest.raises(TransactionRequired):
            services.convert(cart_id=new_id(), now=NOW)

    def test_the_token_goes_on_naming_the_shopper(self):
        who, lamp = shopper(), variant()
        convert(filled(who, lamp).id)

        assert selectors.is_alive(who.owner)
        add(who, lamp)
        assert list(Cart.objects.order_by("pk").values_list("status", flat=True)) == ["converted", "open"]


def convert(cart_id) -> None:
    with transaction.atomic():
        services.convert(cart_id=cart_id, now=NOW)


class TestIsAlive:
    def test_knows_customers_and_tokens_of_carts_and_orders(self):
        who, dead = shopper(), shopper()
        filled(who, variant())
        filled(dead, variant())
        Cart.objects.filter(token_hash=dead.owner.token_hash).update(status="merged")

        assert selectors.is_alive(who.owner)
        assert selectors.is_alive(shopper(user=UserFactory()).owner)
        assert not selectors.is_alive(dead.owner)
        assert not selectors.is_alive(shopper().owner)
        assert not selectors.is_alive(selectors.CartOwner())

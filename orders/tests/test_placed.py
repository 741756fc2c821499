"""Placing an order: everything it writes, and that it stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cart import services as carts
from cart.models import Cart
from cart.tests.factories import bound_for, coupon, filled, selling, shopper
from orders.digest import digest
from orders.models import Order, OrderAddress, OrderLine
from orders.tests.factories import ADDRESS, place, place_cart
from orders.tests.invariants import check_invariants
from products import services as products
from products.models import Product, Reservation, StockItem, Variant
from products.tests.factories import NOW, product, variant, variant_data
from shop.events.models import OutboxEvent
from users.models import Address
from users.selectors import address_of
from users.tests.factories import AddressFactory, UserFactory

pytestmark = pytest.mark.django_db

TOTAL = 1990 + 490


@pytest.fixture
def lamp() -> Variant:
    selling()
    return variant(on_hand=3)


@pytest.fixture
def guest(lamp):
    """A guest with one lamp in the cart, bound for Germany: 19.90 and 4.90 for shipping."""
    who = shopper()
    filled(who, lamp)
    bound_for(who)
    return who


class TestPlacing:
    def test_writes_what_was_agreed(self, guest, lamp):
        order = place_cart(guest, TOTAL, note="Ring twice.")

        order.refresh_from_db()
        assert (order.status, order.payment_status, order.fulfilment_status, order.version) == (
            "pending", "unpaid", "unfulfilled", 1,
        )  # fmt: skip
        assert (order.subtotal, order.discount_total, order.shipping_total, order.total) == (
            1990, 0, 490, TOTAL,
        )  # fmt: skip
        assert (order.tax_total, order.shipping_tax, order.tax_added) == (318 + 78, 78, 0)
        assert order.tax_lines == [{"name": "VAT", "rate": 190_000, "taxable": TOTAL - 396, "amount": 396}]
        assert (order.email, order.language, order.note) == ("ada@example.com", "en", "Ring twice.")
        assert (order.placed_at, order.payment_due_at) == (NOW, NOW + timedelta(minutes=30))
        assert (order.shipping_method, order.shipping_name, order.max_days) == ("standard", "Standard", 3)
        line = order.lines.get()
        assert (line.position, line.sku, line.quantity, line.unit_price, line.tax_amount) == (
            0, lamp.sku, 1, 1990, 318,
        )  # fmt: skip
        assert list(order.addresses.order_by("kind").values_list("kind", "line1")) == [
            ("billing", "Hauptstr. 1"), ("shipping", "Hauptstr. 1"),
        ]  # fmt: skip
        assert Cart.objects.get().status == "converted"
        check_invariants()

    def test_holds_its_stock_until_the_time_to_pay_is_over(self, guest, lamp):
        order = place_cart(guest, TOTAL)

        hold = Reservation.objects.get()
        assert (hold.order_ref, hold.quantity, hold.expires_at) == (order.pk, 1, order.payment_due_at)
        assert StockItem.objects.values_list("on_hand", "reserved").get(pk=lamp.pk) == (3, 1)

    def test_announces_ids_and_facts_only(self, guest):
        order = place_cart(guest, TOTAL)

        event = OutboxEvent.objects.get(topic="shop.orders")
        assert (event.type, event.key, event.version) == ("orders.order_placed.v1", str(order.pk), 1)
        assert event.payload == {
            "version": 1, "order_id": str(order.pk), "user_id": None, "currency": "EUR", "total": TOTAL,
        }  # fmt: skip

    def test_begins_the_history_with_who_placed_it(self, guest, lamp):
        user = UserFactory()

        by = [place_cart(guest, TOTAL), place(lamp, user=user)]

        assert [order.moves.values_list("version", "actor", "actor_id").get() for order in by] == [
            (1, "guest", None),
            (1, "customer", user.pk),
        ]

    def test_takes_a_lower_price(self, guest, lamp):
        products.set_price(variant_id=lamp.pk, currency="EUR", amount=1500, now=NOW)

        assert place_cart(guest, TOTAL).total == 1990

    def test_counts_a_coupon_and_shares_it_among_the_lines(self, guest):
        filled(guest, variant(price=10))
        ten = coupon(max_uses=2).promotion
        total = carts.add_coupon(owner=guest.owner, code="TEN", now=NOW).totals.total

        order = place_cart(guest, total)

        ten.refresh_from_db()
        assert (ten.used, order.coupons, order.discount_total) == (1, ["TEN"], 200)
        assert sum(order.lines.values_list("discount_amount", flat=True)) == 200
        check_invariants()

    def test_of_what_is_not_sent_needs_neither_address_nor_method(self):
        selling()
        who = shopper()
        filled(who, variant(requires_shipping=False))

        order = place_cart(who, 1990, shipping_address=None, shipping_method="")

        assert (order.shipping_total, order.shipping_method, order.addresses.count()) == (0, "", 0)
        check_invariants()

    def test_of_what_is_not_sent_is_taxed_where_the_bill_goes(self):
        selling()
        who = shopper()
        filled(who, variant(requires_shipping=False))

        order = place_cart(
            who, 1990, shipping_address=None, shipping_method="standard", billing_address=ADDRESS
        )

        assert (order.tax_total, order.shipping_total, order.shipping_method) == (318, 0, "")
        assert order.addresses.get().kind == "billing"

    def test_takes_the_language_of_the_cart_unless_one_is_said(self, guest, lamp):
        carts.set_place(owner=guest.owner, now=NOW, language="de")

        assert place_cart(guest, TOTAL, language="").language == "de"

    def test_of_untracked_goods_holds_nothing(self):
        selling()
        made = variant(tracked=False, on_hand=0)

        place(made, quantity=50)

        assert not Reservation.objects.exists()
        check_invariants()

    def test_of_the_same_shopper_again_opens_a_new_cart_under_the_same_token(self, guest, lamp):
        first = place_cart(guest, TOTAL)
        filled(guest, lamp)
        bound_for(guest)

        second = place_cart(guest, TOTAL)

        assert first.cart_id != second.cart_id


class TestFreeOrder:
    @pytest.fixture
    def free(self) -> Order:
        selling(shipping=0)
        lamp = variant(on_hand=3)
        coupon("GIFT", kind="percent", value=1_000_000)
        who = shopper()
        filled(who, lamp)
        carts.add_coupon(owner=who.owner, code="GIFT", now=NOW)
        bound_for(who)
        return place_cart(who, 0)

    def test_is_confirmed_and_paid_at_once(self, free):
        free.refresh_from_db()

        assert (free.status, free.payment_status, free.version) == ("confirmed", "paid", 3)
        assert (free.total, free.payment_due_at) == (0, None)
        assert StockItem.objects.values_list("on_hand", "reserved").get() == (2, 0)
        check_invariants()

    def test_announces_both(self, free):
        events = OutboxEvent.objects.filter(key=str(free.pk)).order_by("pk")

        assert list(events.values_list("type", "version")) == [
            ("orders.order_placed.v1", 1),
            ("orders.order_paid.v1", 3),
        ]


class TestSnapshot:
    def test_stays_when_catalogue_and_address_book_change(self):
        selling()
        user = UserFactory()
        address = AddressFactory(user=user)
        lamp = product(
            variant_data(options={"Size": "L", "Colour": "Green"}), option_names=["Size", "Colour"]
        )
        sold = lamp.variants.get()
        order = place(sold, user=user, shipping_address=address_of(user.pk, address.pk))
        before = [*OrderLine.objects.values(), *OrderAddress.objects.order_by("kind").values()]

        products.set_price(variant_id=sold.pk, currency="EUR", amount=1, now=NOW)
        Product.objects.update(name="Something else")
        Variant.objects.update(sku="OTHER", options={})
        products.archive_product(product_id=lamp.pk, actor_id=None, now=NOW)
        Address.objects.all().delete()

        assert [*OrderLine.objects.values(), *OrderAddress.objects.order_by("kind").values()] == before
        order.refresh_from_db()
        assert order.total == TOTAL
        check_invariants()

    def test_has_a_digest_that_the_stored_rows_prove(self):
        sold = product(
            variant_data(options={"Size": "L", "Colour": "Green"}), option_names=["Size", "Colour"]
        ).variants.get()
        placed = place(sold)

        stored = Order.objects.get()

        assert digest(stored, stored.lines.all(), stored.addresses.all()) == placed.digest

    @pytest.mark.parametrize(
        ("model", "change"),
        [
            (OrderLine, {"name": "Other"}),
            (OrderLine, {"tax_amount": 1}),
            (OrderLine, {"options": {"Size": "S"}}),
            (OrderAddress, {"line1": "Elsewhere 2"}),
            (Order, {"tax_lines": []}),
            (Order, {"coupons": ["FREE"]}),
        ],
    )
    def test_has_a_digest_that_shows_a_change(self, model, change):
        place()
        model.objects.update(**change)

        stored = Order.objects.get()

        assert digest(stored, stored.lines.all(), stored.addresses.all()) != stored.digest

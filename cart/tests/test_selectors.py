"""Reading a cart: what it costs in statements, and texts that a list in JSON must carry unharmed."""

from __future__ import annotations

from typing import Any

import pytest

from cart import selectors
from cart.models import Cart, TaxRate
from cart.tests.factories import coupon, filled, promotion, selling, shopper
from products.tests.factories import NOW, product, variant, variant_data
from tests.statements import statements
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

WEIRD = "Say \"hi\" \\ 'quote' Größe 🌿 100% _ </b>"


def read(owner) -> Any:
    return selectors.read_cart(owner, now=NOW)


class TestReadCart:
    @pytest.mark.parametrize("rows", [1, 20])
    def test_takes_two_statements(self, rows):
        who = shopper()
        filled(who, *(variant() for _ in range(rows)))

        with statements() as seen:
            cart = read(who.owner)

        assert (len(seen), len(cart.items)) == (2, rows)

    def test_writes_nothing(self):
        who = shopper()
        filled(who, variant())
        before = Cart.objects.values().get()

        read(who.owner)
        read(shopper().owner)

        assert Cart.objects.values().get() == before

    def test_belongs_to_its_owner_alone(self):
        user, guest = UserFactory(), shopper()
        filled(shopper(user=user), variant())
        filled(guest, variant(), variant())

        assert len(read(shopper(user=user).owner).items) == 1
        assert len(read(guest.owner).items) == 2
        for nobody in (selectors.CartOwner(), shopper().owner, shopper(user=UserFactory()).owner):
            assert read(nobody) is None

    def test_carries_any_text(self):
        selling("DE")
        TaxRate.objects.update(name=WEIRD)
        who = shopper()
        made = product(variant_data(sku=WEIRD, options={WEIRD: WEIRD}), name=WEIRD)
        filled(who, made.variants.get())
        promotion(name=WEIRD)
        cart = Cart.objects.get()
        cart.coupons.create(coupon_id=coupon("X").pk)
        Cart.objects.update(country="DE", region=WEIRD, postal_code=WEIRD[:20])

        found = read(who.owner)

        assert found.totals.tax_lines[0].name == WEIRD
        assert found.items[0].offer.options == {WEIRD: WEIRD}
        assert ([one.promotion.name for one in found.applied], found.coupons) == ([WEIRD, "X"], ["X"])

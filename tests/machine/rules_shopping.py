"""Rules of shoppers: carts, orders, and what staff change in the catalogue meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from cart import services as cart
from cart.models import CartItem
from cart.selectors import Shopper as CartShopper
from orders import services as orders
from orders.models import Order as OrderRow
from orders.tests.factories import placing
from orders.tokens import access_token
from products import services as products
from products.selectors import Choice
from tests.machine import expected_goods as goods
from tests.machine.model import Cart, Goods, Shopper, refuse_unless
from tests.machine.shop import CODE, Shop, pick

ANY = st.integers(0, 11)
FEW = st.integers(1, 3)
MOST_UNITS = 999


class Shopping(Shop):
    """Carts and orders."""

    def at(self, number: int) -> tuple[Shopper, CartShopper]:
        """Return a shopper, and who that is in the shop."""
        place = number % len(self.model.shoppers)
        who = CartShopper(owner=self.world.owners[place], currency="EUR", language="en")
        return self.model.shoppers[place], who

    def variant(self, number: int) -> int:
        return int(pick(list(self.model.goods), number))

    @rule(shopper=ANY, variant=ANY, units=FEW)
    def add(self, shopper: int, variant: int, units: int) -> None:
        model, who = self.at(shopper)
        key = self.variant(variant)

        def put() -> None:
            refuse_unless(self.model.goods[key].published, "validation_failed")
            model.cart = model.cart or Cart()
            model.cart.units[key] = model.cart.units.get(key, 0) + units

        self.ask("add", put, cart.add_item, shopper=who, choice=Choice(variant=key), quantity=units)

    @precondition(lambda self: any(one.cart and one.cart.units for one in self.model.shoppers))
    @rule(shopper=ANY, line=ANY, units=st.integers(0, 3))
    def set_quantity(self, shopper: int, line: int, units: int) -> None:
        full = [i for i, one in enumerate(self.model.shoppers) if one.cart and one.cart.units]
        model, who = self.at(pick(full, shopper))
        assert model.cart is not None
        key = pick(list(model.cart.units), line)
        lying = model.cart.units
        owned = {"cart__user": None} if model.is_guest else {"cart__user": self.world.customer}
        item = CartItem.objects.get(cart__status="open", variant=key, **owned)

        def change() -> None:
            lying[key] = units
            if not units:
                del lying[key]

        name = "set quantity" if units else "remove"
        self.ask(name, change, cart.set_quantity, owner=who.owner, item_id=item.pk, quantity=units)

    @precondition(lambda self: any(self._has_goods(one) for one in self.model.shoppers))
    @rule(shopper=ANY)
    def coupon(self, shopper: int) -> None:
        ready = [i for i, one in enumerate(self.model.shoppers) if self._has_goods(one)]
        model, who = self.at(pick(ready, shopper))
        assert model.cart is not None
        lying = model.cart
        if lying.code and shopper % 2:

            def take_off() -> None:
                lying.code = False

            self.ask("take code off", take_off, cart.remove_coupon, owner=who.owner, code=CODE)
            return

        def put_on() -> None:
            refuse_unless(self.model.used < self.model.most_uses, "coupon_used_up")
            lying.code = True

        self.ask("put code on", put_on, cart.add_coupon, owner=who.owner, code=CODE)

    def _has_goods(self, shopper: Shopper) -> bool:
        lying = shopper.cart.units if shopper.cart else ()
        return any(self.model.goods[key].published for key in lying)

    @rule(shopper=ANY, variant=ANY, units=FEW, cheaper_by=st.sampled_from([0, 0, 0, 0, -100, 10]))
    def place(self, shopper: int, variant: int, units: int, cheaper_by: int) -> None:
        model, who = self.at(shopper)
        key = self.variant(variant)
        if model.cart is None and self.model.goods[key].published and shopper < 8:
            # Most of those who order have something in their cart.
            self.add(shopper, variant, units)
        total = self.model.priced(model.cart)[1] - cheaper_by if model.cart else 0
        said: Any = placing(total, email=self.world.customer.email)
        placed = self.ask(
            "place",
            lambda: self.model.place(model, cheaper_by=cheaper_by),
            orders.place_order,
            owner=who.owner,
            placing=said,
        )
        if placed is not None:
            self.model.orders[-1].id = placed.pk

    @precondition(lambda self: self.model.orders)
    @rule(order=ANY)
    def reorder(self, order: int) -> None:
        bought = pick(self.model.orders, order)
        model, who = self.at(0 if bought.is_guests else 1)

        def put() -> None:
            model.cart = model.cart or Cart()
            for line in bought.lines:
                units = model.cart.units.get(line.goods.key, 0) + line.quantity
                if line.goods.published and units <= MOST_UNITS:
                    model.cart.units[line.goods.key] = units

        wanted = {line.goods.key: line.quantity for line in bought.lines}
        self.ask("reorder", put, cart.add_quantities, shopper=who, quantities=wanted)

    @precondition(lambda self: self.model.orders)
    @rule(order=ANY, right=st.booleans())
    def claim(self, order: int, right: bool) -> None:
        mine = pick(self.model.orders, order)
        row = OrderRow.objects.get(pk=mine.id)
        token = access_token(row.pk, row.token_version) if right else "another"

        def take_over() -> None:
            refuse_unless(right or not mine.is_guests, "not_found")
            mine.is_guests = False

        who = self.world.customer.pk
        self.ask("claim", take_over, orders.claim_order, order_id=mine.id, user_id=who, token=token)

    @precondition(lambda self: self.model.orders)
    @rule(order=ANY, by_staff=st.booleans())
    def cancel(self, order: int, by_staff: bool) -> None:
        ended = pick(self.model.orders, order)
        actor = self.clerk if by_staff else self.shopper_of(ended)
        self.ask(
            "cancel",
            lambda: goods.cancel(self.model, ended),
            orders.cancel_order,
            order_id=ended.id,
            actor=actor,
        )

    @rule(
        variant=ANY, delta=st.integers(-4, 6).filter(bool), price=st.sampled_from([990, 1000, 2490]), what=ANY
    )
    def edit(self, variant: int, delta: int, price: int, what: int) -> None:
        """Count again, change a price, hide or show."""
        one = self.model.goods[self.variant(variant)]
        if what < 6:
            self._adjust(one, delta)
        elif what < 10 and one.published:
            self._change_price(one, price)
        else:
            self._publish(one)

    def _adjust(self, one: Goods, delta: int) -> None:
        def change() -> None:
            refuse_unless(self.model.free(one.key) + delta >= 0, "stock_too_low")
            one.on_hand += delta

        said = {"variant_id": one.key, "delta": delta, "reason": "counted", "actor_id": self.world.staff.pk}
        self.ask("adjust", change, products.adjust_stock, **said)

    def _change_price(self, one: Goods, price: int) -> None:
        def change() -> None:
            one.price = price

        self.ask("price", change, products.set_price, variant_id=one.key, amount=price, currency="EUR")

    def _publish(self, one: Goods) -> None:
        shown = not one.published

        def change() -> None:
            one.published = shown

        said = {"product_id": self.world.products[one.key], "actor_id": self.world.staff.pk}
        name = "publish" if shown else "unpublish"
        self.ask(name, change, products.update_product, **said, published=shown, published_at=None)

    @rule(minutes=st.sampled_from([5, 31, 31, 24 * 60, 15 * 24 * 60]))
    def wait(self, minutes: int) -> None:
        self.model.now += timedelta(minutes=minutes)
        self.world.seen["wait"] += 1

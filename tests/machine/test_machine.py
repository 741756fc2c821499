"""Carts, orders, payments and goods in any order, against a simple model; and that the machine finds what is wrong."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from cart.selectors import CartOwner
from cart.tests.factories import coupon, selling
from payments import stripe_client
from products.tests.factories import NOW, variant
from tests.machine.bank import SECRET, Bank
from tests.machine.rules_goods import GoodsAndReturns
from tests.machine.rules_money import Money
from tests.machine.rules_shopping import ANY, FEW, Shopping
from tests.machine.shop import CODE, MOST_USES, World
from users.tests.factories import StaffFactory, UserFactory

if TYPE_CHECKING:
    from collections.abc import Iterator

# In one transaction that is taken back, on the database that is a part of the process: a hundred times as cheap.
pytestmark = [pytest.mark.django_db, pytest.mark.needs_sqlite, pytest.mark.timeout(900)]

# Each part is as much as one worker should do in a row. MACHINE_SCALE=100 makes a night of it.
PARTS, STEPS = 4, 1_250
EXAMPLES, LENGTH = 5, 60
SCALE = int(os.environ.get("MACHINE_SCALE", "1"))
PRICES = {990: 6, 1000: 8, 2490: 5}


class Machine(Shopping, Money, GoodsAndReturns):
    """All rules together, beginning with some orders: most of what can happen happens to those."""

    @initialize(orders=st.lists(st.tuples(ANY, ANY, FEW, st.integers(0, 3)), min_size=1, max_size=3))
    def begin(self, orders: list[tuple[int, int, int, int]]) -> None:
        for shopper, variant_, units, how_far in orders:
            self.add(shopper, variant_ + 1, units)
            before = len(self.model.orders)
            self.place(shopper, variant_, units, 0)
            if how_far and len(self.model.orders) > before:
                self.pay(before)
            if how_far > 1 and len(self.model.orders) > before:
                self.ship(before, None if how_far > 2 else (1,), any_order=True)
                self.deliver(before, None)


@pytest.fixture
def no_old_garbage() -> Iterator[None]:
    """Have the collector pass over what was there before: it would go through all of it every few steps."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def world(monkeypatch, settings, no_old_garbage) -> World:
    """Return a shop with three variants, a code for a tenth, a guest, a customer and a member of staff."""
    bank = Bank()
    client = bank.client()
    monkeypatch.setattr(stripe_client, "client_for", lambda *_: client)
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    selling()
    coupon(CODE, max_uses=MOST_USES)
    customer = UserFactory(email_verified_at=NOW)
    made = {variant(price=price, on_hand=units): (price, units) for price, units in PRICES.items()}
    Machine.world = World(
        bank=bank,
        variants={one.pk: said for one, said in made.items()},
        products={one.pk: one.product_id for one in made},
        owners=[CartOwner.of(user_id=None, token="t" * 43), CartOwner.of(user_id=customer.pk, token="")],
        customer=customer,
        staff=StaffFactory(),
    )
    return Machine.world


@pytest.mark.parametrize("part", range(PARTS))
def test_shop_and_model_agree_after_each_step(world, part):
    while world.steps < STEPS * SCALE:
        run_state_machine_as_test(
            Machine, settings=settings(max_examples=EXAMPLES, stateful_step_count=LENGTH)
        )

    assert PARTS * world.steps >= 5_000 * SCALE


def nothing_goes_back(break_: pytest.MonkeyPatch) -> None:
    """A cancelled order keeps its goods."""
    break_.setattr("orders.services.ending.products.return_to_stock", lambda **_: None)


def kept_for_ever(break_: pytest.MonkeyPatch) -> None:
    """An order that wasn't paid in time keeps its hold."""
    break_.setattr("orders.services.ending.products.release", lambda **_: None)


@pytest.mark.parametrize("mistake", [nothing_goes_back, kept_for_ever])
def test_negative_control_a_mistake_is_found(world, monkeypatch, mistake):
    mistake(monkeypatch)
    profile = settings(
        max_examples=20 * EXAMPLES,
        stateful_step_count=LENGTH,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
    )

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Machine, settings=profile)

"""Promotions as orders use them: first orders, and limits that are set when orders are there."""

from __future__ import annotations

from typing import Any

import pytest

from cart import services
from cart.digests import guest_digest
from cart.models import CustomerUses, Promotion, Redemption
from cart.services import PromotionData
from cart.tests.factories import filled, promotion, shopper
from orders.tests.factories import paid, place
from orders.tests.invariants import check_invariants
from products.tests.factories import NOW, variant
from shop.core.errors import ValidationFailed
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def applied(cart: Any) -> dict[str, int]:
    """Return what each promotion takes off."""
    return {one.promotion.name: one.amount for one in cart.applied}


class TestFirstOrder:
    def test_ends_with_the_first_that_is_paid(self):
        newcomer, regular = UserFactory(), UserFactory()
        paid(user=regular)
        promotion(first_order=True)
        lamp = variant(price=1000)

        found = [applied(filled(shopper(user), lamp)) for user in (newcomer, regular, None)]

        assert found == [{"Autumn": 100}, {}, {}]

    def test_is_given_once_however_many_are_placed_before_one_is_paid(self):
        user = UserFactory()
        promotion(first_order=True)
        assert place(user=user).discount_total == 199

        cart = filled(shopper(user), variant(price=1000))

        assert applied(cart) == {}
        assert [reason.rule for one in cart.totals.considered for reason in one.reasons] == ["used_by_you"]


class TestLimitsThatAreSetLate:
    """Nothing is counted without a limit, so setting one counts what was used before."""

    @pytest.fixture
    def autumn(self):
        return promotion(name="Ten")

    def change(self, promotion: Promotion, **values: Any) -> None:
        data = PromotionData(
            name="Ten", kind="percent", value=100_000, currency="EUR", needs_code=False, **values
        )
        services.save_promotion(data=data, promotion_id=promotion.pk, actor_id=None, now=NOW)

    def test_count_every_use_that_is_held(self, autumn):
        kept, ended = place(), place(email="bob@example.com")
        services.give_back_coupons(cart_id=ended.cart_id)

        self.change(autumn, max_uses=1)

        assert Promotion.objects.values_list("used", "max_uses").get() == (1, 1)
        services.give_back_coupons(cart_id=kept.cart_id)
        assert Promotion.objects.get().used == 0

    def test_are_refused_below_what_was_used(self, autumn):
        place()
        place()

        with pytest.raises(ValidationFailed) as refusal:
            self.change(autumn, max_uses=1)

        assert [error.field for error in refusal.value.errors] == ["max_uses"]
        assert Promotion.objects.values_list("used", "max_uses").get() == (0, None)

    def test_count_customers_and_guests(self, autumn):
        user = UserFactory()
        for whose in (user, user, None, None):
            place(user=whose, email="Ada@example.com")
        place(email="bob@example.com")

        self.change(autumn, max_uses_each=2)

        found = {row.user_id or row.guest: row.used for row in CustomerUses.objects.all()}
        assert found == {user.pk: 2, guest_digest("ada@example.com"): 2, guest_digest("bob@example.com"): 1}
        check_invariants()

    def test_count_no_use_twice(self, autumn):
        user = UserFactory()
        self.change(autumn, max_uses_each=5)
        place(user=user)
        self.change(autumn, max_uses_each=4, max_uses=9)
        place(user=user)

        assert CustomerUses.objects.values_list("user", "used").get() == (user.pk, 2)
        check_invariants()

    def test_that_are_taken_away_count_nothing_any_more(self, autumn):
        self.change(autumn, max_uses=5, max_uses_each=5)
        order = place()
        self.change(autumn)

        assert (Promotion.objects.get().used, CustomerUses.objects.count()) == (0, 0)
        services.give_back_coupons(cart_id=order.cart_id)
        check_invariants()

    def test_that_come_back_count_what_was_used_meanwhile(self, autumn):
        user = UserFactory()
        self.change(autumn, max_uses_each=5)
        place(user=user)
        self.change(autumn)
        place(user=user)
        self.change(autumn, first_order=True)

        assert CustomerUses.objects.get().used == 2
        assert not Redemption.objects.filter(uses__isnull=True).exists()

"""Limits of promotions under many checkouts at once, each with a connection of its own."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from cart import selectors, services
from cart.models import Cart, Coupon, CustomerUses, Promotion, Redemption
from cart.services import PromotionData, redeeming
from cart.tests.factories import coupon, filled, promotion, shopper
from orders.models import Order
from orders.tests.factories import place
from orders.tests.invariants import check_invariants, uses_miscounted
from orders.tests.shopping import Buyer, buyer
from orders.tests.test_races import codes, outcome, until_somebody_waits
from products.models import StockItem
from products.tests.factories import variant
from shop.core import transactions
from users.tests.factories import UserFactory
from users.tests.races import together

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db(transaction=True)]

TIMES = 50
PRICE_CHANGED, USED_UP = (409, "price_changed"), (422, "coupon_used_up")


def buyers(times: int = TIMES, *put: str) -> list[Buyer]:
    """Return guests with a lamp and these codes in their carts, all with the same address."""
    lamp = variant(on_hand=100)
    found = [buyer(lamp) for _ in range(times)]
    for who in found:
        for code in put:
            answer = who.client.post("/api/v1/cart/coupons/", {"code": code}, headers=who.cart)
            who.body["expected_total"] = answer.json()["total"]
    return found


def place_all(found: list[Buyer]) -> Counter[Any]:
    return codes(together(len(found), lambda number: found[number].place()))


def assert_carried_by(times: int) -> None:
    """Prove that so many orders carry the promotion, and that whoever was refused holds nothing."""
    assert Order.objects.exclude(discount_total=0).count() == Order.objects.count() == times
    assert Redemption.objects.filter(state="held").count() == Redemption.objects.count() == times
    assert StockItem.objects.values_list("reserved", flat=True).get() == times
    assert Cart.objects.filter(status="converted").count() == times
    check_invariants()


class TestTotalLimit:
    def test_of_an_automatic_promotion_is_kept_and_the_others_are_told_the_price(self):
        promotion(max_uses=7)

        assert place_all(buyers()) == {201: 7, PRICE_CHANGED: TIMES - 7}

        assert Promotion.objects.get().used == 7
        assert_carried_by(7)

    def test_of_a_promotion_with_a_code_is_kept(self):
        coupon(max_uses=7)

        answers = place_all(buyers(TIMES, "TEN"))

        # Who prices after the last one's commit is told the price without it, who prices before that it is used up.
        assert answers[201] == 7
        assert set(answers) <= {201, PRICE_CHANGED, USED_UP}
        assert Promotion.objects.get().used == 7
        assert_carried_by(7)

    def test_of_a_code_for_one_use_is_kept(self):
        coupon()
        Coupon.objects.update(max_uses=1)

        answers = place_all(buyers(TIMES, "TEN"))

        assert answers[201] == 1
        assert set(answers) <= {201, PRICE_CHANGED, USED_UP}
        assert (Coupon.objects.get().used, Promotion.objects.get().used) == (1, 0)
        assert_carried_by(1)

    def test_negative_control_where_all_look_before_any_counts_all_have_it(self, monkeypatch):
        looked = threading.Barrier(TIMES)

        def take(limited):
            (use,) = limited
            looked.wait(timeout=60)
            Promotion.objects.filter(pk=use.promotion_id).update(used=use.promotion.used + 1)

        monkeypatch.setattr(redeeming, "_take", take)
        promotion(max_uses=7)

        assert place_all(buyers()) == {201: TIMES}

        assert [(used, held) for _, used, held, _ in uses_miscounted()] == [(1, TIMES)]


class TestLimitOfEach:
    def test_is_kept_by_a_guest_who_orders_many_times_at_once(self):
        promotion(max_uses_each=1)

        assert place_all(buyers()) == {201: 1, PRICE_CHANGED: TIMES - 1}

        assert CustomerUses.objects.values_list("used", flat=True).get() == 1
        assert_carried_by(1)

    def test_of_several_is_used_to_the_last(self):
        coupon(max_uses_each=3)

        answers = place_all(buyers(TIMES, "TEN"))

        assert answers[201] == 3
        assert set(answers) <= {201, PRICE_CHANGED, USED_UP}
        assert_carried_by(3)

    def test_negative_control_uncounted_all_have_it(self, monkeypatch):
        monkeypatch.setattr(redeeming, "_take_of_customer", lambda *args, **values: None)
        promotion(max_uses_each=1)

        assert place_all(buyers()) == {201: TIMES}


class TestFirstOrder:
    def redeem_twice(self) -> list[str]:
        """Redeem two carts of one customer at once, which were both priced before."""
        user, lamp = UserFactory(), variant()
        priced = []
        for _ in range(2):
            who = shopper(user)
            filled(who, lamp)
            priced.append(selectors.read_cart(who.owner, now=timezone.now()))
            Cart.objects.filter(user=user).update(status="expired")

        def redeem(*, number, now):
            services.redeem(priced[number], email=user.email, now=now)

        return sorted(together(2, lambda number: outcome(redeem, number=number)))

    def test_is_given_to_one_of_two_carts(self):
        promotion(first_order=True)

        for _ in range(10):
            assert self.redeem_twice() == ["coupon_used_up", "ok"]

        assert Redemption.objects.count() == 10
        check_invariants()

    def test_negative_control_uncounted_both_have_it(self, monkeypatch):
        monkeypatch.setattr(redeeming, "_take_of_customer", lambda *args, **values: None)
        promotion(first_order=True)

        assert self.redeem_twice() == ["ok", "ok"]


class TestCrossedCodes:
    @pytest.fixture(autouse=True)
    def _no_second_try(self, monkeypatch):
        # A circle would be tried again, and nobody would notice.
        monkeypatch.setattr(transactions, "_RETRYABLE", frozenset())

    def crossed(self, times: int, **values: Any) -> list[Buyer]:
        """Return buyers of whom every other one has put the two codes on the cart in the opposite order."""
        coupon("A", kind="fixed", value=10, **values)
        coupon("B", kind="fixed", value=20, **values)
        Coupon.objects.update(max_uses=TIMES)
        pairs = (buyers(1, *("AB" if number % 2 else "BA")) for number in range(times))
        return [who for pair in pairs for who in pair]

    def test_do_not_wait_for_each_other_in_a_circle(self):
        found = self.crossed(20, max_uses=TIMES, max_uses_each=TIMES)

        assert place_all(found) == {201: 20}

        for model in (Coupon, Promotion, CustomerUses):
            assert set(model.objects.values_list("used", flat=True)) == {20}
        check_invariants()

    def test_negative_control_counted_in_another_order_they_do(self, monkeypatch):
        found = self.crossed(2)
        hold_one, turns = threading.Barrier(2), iter((1, -1))

        def crosswise(uses, key):
            uses = sorted(uses, key=lambda use: getattr(use, key))
            if len(uses) == 2:
                first, second = uses[:: next(turns)]
                yield first
                hold_one.wait(timeout=30)
                yield second

        monkeypatch.setattr(redeeming, "_in_turn", crosswise)

        assert place_all(found) == {201: 1, (503, "unavailable"): 1}


class TestGiveBack:
    def test_while_others_redeem_leaves_each_use_counted_once(self):
        promotion(max_uses=2)
        lamp = variant(on_hand=100)
        for _ in range(10):
            held = place(lamp)
            found = [buyer(lamp), buyer(lamp)]

            def either(number, held=held, found=found):
                if number == 2:
                    return outcome(give_back, cart_id=held.cart_id)
                return found[number].place().status_code

            first, second, given = together(3, either)

            assert given == "ok"
            assert {first, second} <= {201, 409}
            check_invariants()
            for use in Redemption.objects.filter(state="held"):
                services.give_back_coupons(cart_id=use.cart_id)
        assert Promotion.objects.get().used == 0

    def given_back_at_once(self) -> int:
        """Give one of two uses back many times at once, and return how many uses count then."""
        promotion(max_uses=9)
        ended = place()
        for _ in range(8):
            place()
        assert set(together(8, lambda _: outcome(give_back, cart_id=ended.cart_id))) == {"ok"}
        return Promotion.objects.get().used

    def test_of_one_order_many_times_at_once_lowers_once(self):
        assert self.given_back_at_once() == 8

        check_invariants()

    def test_negative_control_without_its_lock_lowers_many_times(self, monkeypatch):
        looked = threading.Barrier(8)

        def look(cart_id, state):
            found = list(Redemption.objects.filter(cart=cart_id, state=state).values_list("pk", flat=True))
            looked.wait(timeout=60)
            return found

        monkeypatch.setattr(redeeming, "_locked", look)

        assert self.given_back_at_once() == 1


class TestLimitThatIsSetMeanwhile:
    def counted(self, monkeypatch, *, until_saved: bool) -> int:
        """Set a limit while an order has redeemed and isn't committed yet; return what is counted in the end."""
        made = promotion()
        who = buyer(variant())
        redeemed, saved = threading.Event(), threading.Event()

        def linger(name):
            redeemed.set()
            if until_saved:
                saved.wait(timeout=30)
            else:
                until_somebody_waits()

        monkeypatch.setattr("orders.services.placing.failpoint", linger)

        def either(number):
            if number:
                return who.place().status_code
            assert redeemed.wait(timeout=30)
            data = PromotionData(
                name="Ten", kind="percent", value=100_000, currency="EUR", needs_code=False, max_uses=5
            )
            done = outcome(services.save_promotion, data=data, promotion_id=made.pk, actor_id=None)
            saved.set()
            return done

        assert together(2, either) == ["ok", 201]
        return Promotion.objects.get().used

    def test_counts_the_order_that_did_not_see_it(self, monkeypatch):
        assert self.counted(monkeypatch, until_saved=False) == 1

        check_invariants()

    def test_negative_control_without_waiting_for_it_that_is_forgotten(self, monkeypatch):
        monkeypatch.setattr("cart.services.promotions.lock_uses", lambda: None)

        assert self.counted(monkeypatch, until_saved=True) == 0

        assert [(used, held) for _, used, held, _ in uses_miscounted()] == [(0, 1)]


def give_back(*, cart_id: Any, now: Any) -> None:
    services.give_back_coupons(cart_id=cart_id)

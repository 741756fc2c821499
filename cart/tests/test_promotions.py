"""Whom and what promotions are for, in which turn they go, and how their uses are counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from cart import pricing, selectors, services
from cart.digests import guest_digest
from cart.errors import CouponUsedUp, PromotionUsedUp
from cart.models import Cart, Coupon, CustomerUses, Promotion, Redemption
from cart.tests.factories import coupon, filled, promotion, shopper
from products.tests.factories import NOW, category, product, variant, variant_data
from users import services as users
from users.tests.factories import CustomerGroupFactory, SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db


def applied(cart: Any) -> dict[str, int]:
    """Return what each promotion takes off, in their turn."""
    return {one.promotion.name: one.amount for one in cart.applied}


def of(name: str, **values: Any) -> Any:
    """Return the one variant of a product in a category, at 10.00."""
    return product(variant_data(price=1000), category=category(name, **values).slug).variants.get()


class TestScope:
    def test_by_product_takes_off_its_lines_alone(self):
        lamp, shade = variant(price=1000), variant(price=3000)
        promotion(products=[lamp.product_id])

        cart = filled(shopper(), lamp, shade)

        assert [line.discount for line in cart.totals.lines] == [100, 0]

    def test_by_category_is_for_all_below_it_too(self):
        lamps = category("Lamps")
        table = of("Table lamps", parent=lamps.slug)
        promotion(categories=[lamps])

        cart = filled(shopper(), table, of("Lamps"), of("Chairs"))

        assert sorted(line.discount for line in cart.totals.lines) == [0, 100, 100]

    def test_by_product_or_category_whichever_fits(self):
        chair = of("Chairs")
        promotion(categories=[category("Lamps")], products=[chair.product_id])

        assert applied(filled(shopper(), of("Lamps"), chair, of("Rugs"))) == {"Autumn": 200}

    def test_by_group_is_for_its_members(self):
        member, other = UserFactory(), UserFactory()
        group = CustomerGroupFactory(members=[member])
        promotion(groups=[group])
        lamp = variant(price=1000)

        found = [applied(filled(shopper(user), lamp)) for user in (member, other, None)]

        assert found == [{"Autumn": 100}, {}, {}]

    def test_by_group_ends_with_the_membership(self):
        member, staff = UserFactory(), SuperuserFactory()
        group = CustomerGroupFactory(members=[member])
        promotion(groups=[group])
        filled(shopper(member), variant(price=1000))

        users.change_customer_groups(actor_id=staff.pk, user_id=member.pk, remove=[group.code], now=NOW)

        assert applied(selectors.read_cart(shopper(member).owner, now=NOW)) == {}


class TestConditions:
    @pytest.mark.parametrize(
        ("at", "applies"),
        [(-1, False), (0, True), (59, True), (60, False)],
        ids=["before", "from", "to", "end"],
    )
    def test_its_window_has_a_beginning_and_no_end_in_it(self, at, applies):
        promotion(starts_at=NOW, ends_at=NOW + timedelta(seconds=60))
        now = NOW + timedelta(seconds=at)

        assert bool(applied(filled(shopper(), variant(now=NOW - timedelta(days=1)), now=now))) is applies

    @pytest.mark.parametrize(
        ("condition", "applies"),
        [
            ({"min_subtotal": 2000}, True),
            ({"min_subtotal": 2001}, False),
            ({"min_quantity": 2}, True),
            ({"min_quantity": 3}, False),
        ],
    )
    def test_a_minimum_is_of_what_it_is_for(self, condition, applies):
        lamp = variant(price=1000)
        promotion(products=[lamp.product_id], **condition)
        who = shopper()
        filled(who, variant(price=9000), quantity=9)

        assert bool(applied(filled(who, lamp, quantity=2))) is applies

    def test_a_minimum_is_before_any_discount(self):
        promotion(name="Half", value=500_000, priority=1)
        promotion(name="From ten", min_subtotal=1000)

        assert applied(filled(shopper(), variant(price=1000))) == {"Half": 500, "From ten": 50}


class TestTurn:
    def test_is_by_priority_each_from_what_is_left(self):
        promotion(name="Late", priority=200)
        promotion(name="Early", kind="fixed", value=500, priority=1)

        assert applied(filled(shopper(), variant(price=1000))) == {"Early": 500, "Late": 50}

    def test_at_equal_priority_is_units_then_percent_then_amounts_then_shipping(self):
        promotion(name="Shipping", kind="free_shipping", value=0)
        promotion(name="Amount", kind="fixed", value=100)
        promotion(name="Percent")
        promotion(name="Units", kind="buy_x_get_y", value=1_000_000, buy_quantity=1, get_quantity=1)

        cart = filled(shopper(), variant(price=1000), quantity=2)

        assert applied(cart) == {"Units": 1000, "Percent": 100, "Amount": 100, "Shipping": 0}

    def test_one_that_does_not_combine_goes_first_among_equals_and_alone(self):
        promotion(name="Both", value=900_000)
        promotion(name="Alone", combines=False)

        cart = filled(shopper(), variant(price=1000))

        assert applied(cart) == {"Alone": 100}
        (other,) = (one for one in cart.totals.considered if not one.applied)
        assert other.reasons == (pricing.Reason(rule="not_combinable", needed="Alone"),)

    def test_one_that_does_not_combine_waits_for_what_has_priority(self):
        promotion(name="First", priority=1)
        promotion(name="Alone", combines=False)

        assert applied(filled(shopper(), variant(price=1000))) == {"First": 100}

    def test_of_two_that_do_not_combine_the_higher_one_applies(self):
        promotion(name="Ten", combines=False)
        promotion(name="Twenty", value=200_000, combines=False)

        assert applied(filled(shopper(), variant(price=1000))) == {"Twenty": 200}

    def test_one_that_does_not_fit_stands_in_nobodys_way(self):
        promotion(name="Alone", combines=False, min_subtotal=5000)
        promotion(name="Both")

        assert applied(filled(shopper(), variant(price=1000))) == {"Both": 100}


class TestBuyXGetY:
    @pytest.mark.parametrize(
        ("quantity", "off"), [(2, 0), (3, 1000), (5, 1000), (6, 2000)], ids=["2", "3", "5", "6"]
    )
    def test_takes_off_one_unit_of_every_full_set(self, quantity, off):
        promotion(kind="buy_x_get_y", value=1_000_000, buy_quantity=2, get_quantity=1)

        assert filled(shopper(), variant(price=1000), quantity=quantity).totals.discount == off

    def test_takes_a_part_off_the_cheapest(self):
        promotion(kind="buy_x_get_y", value=500_000, buy_quantity=1, get_quantity=1)

        cart = filled(shopper(), variant(price=1000), variant(price=3000))

        assert cart.totals.discount == 500


@pytest.fixture
def cart():
    """Return a function that prices a cart of one unit at 10.00 for somebody."""
    lamp = variant(price=1000)

    def fill(user: Any = None, *codes: str) -> Any:
        who = shopper(user)
        found = filled(who, lamp)
        for code in codes:
            found = services.add_coupon(owner=who.owner, code=code, now=NOW)
        return found

    return fill


def redeem(priced: Any, email: str = "ada@example.com") -> None:
    services.redeem(priced, email=email, now=NOW)
    # One becomes an order, so that its shopper may open the next.
    Cart.objects.filter(pk=priced.id).update(status=Cart.Status.CONVERTED)


def refused(priced: Any, error: type[Exception] = CouponUsedUp, email: str = "ada@example.com") -> Any:
    """Redeem, expect the refusal and prove that nothing was counted; return it."""
    before = counts()
    with pytest.raises(error) as refusal, transaction.atomic():
        redeem(priced, email)
    assert counts() == before
    return refusal.value


def counts() -> dict[str, Any]:
    return {
        "codes": dict(Coupon.objects.values_list("code", "used")),
        "promotions": dict(Promotion.objects.values_list("name", "used")),
        "customers": sorted(CustomerUses.objects.values_list("used", flat=True)),
        "held": Redemption.objects.filter(state="held").count(),
    }


class TestRedeem:
    def test_notes_what_each_took_off_and_counts_what_is_limited(self, cart):
        coupon("LIMITED", max_uses=2, kind="fixed", value=100)
        coupon("FREE", kind="fixed", value=50)
        promotion(name="Autumn")

        redeem(cart(None, "LIMITED", "FREE"))

        assert list(Redemption.objects.order_by("amount").values_list("promotion__name", "coupon__code", "amount")) == [
            ("FREE", "FREE", 50), ("Autumn", None, 100), ("LIMITED", "LIMITED", 100),
        ]  # fmt: skip
        assert counts() == {
            "codes": {"LIMITED": 0, "FREE": 0},
            "promotions": {"LIMITED": 1, "FREE": 0, "Autumn": 0},
            "customers": [],
            "held": 3,
        }

    def test_counts_a_limited_code_and_its_limited_promotion(self, cart):
        coupon("TEN", max_uses=5)
        Coupon.objects.update(max_uses=1)

        redeem(cart(None, "TEN"))

        assert (counts()["codes"], counts()["promotions"]) == ({"TEN": 1}, {"TEN": 1})

    def test_uses_up_nothing_that_takes_nothing_off(self, cart):
        coupon("SHIP", kind="free_shipping", value=0, max_uses=1)

        redeem(cart(None, "SHIP"))

        assert counts()["held"] == 0

    @pytest.mark.parametrize("model", [Coupon, Promotion])
    def test_refuses_a_code_that_is_used_up_meanwhile_and_names_it(self, cart, model):
        coupon("OTHER", kind="fixed", value=1, max_uses=9)
        coupon("TEN")
        priced = cart(None, "OTHER", "TEN")
        model.objects.filter(**{"code" if model is Coupon else "name": "TEN"}).update(max_uses=1, used=1)

        assert refused(priced).facts == {"coupon": "TEN"}

    def test_refuses_a_promotion_that_is_used_up_meanwhile_and_names_it(self, cart):
        promotion(max_uses=1)
        priced = cart()
        Promotion.objects.update(used=1)

        error = refused(priced, PromotionUsedUp)

        assert (error.code, error.facts) == ("coupon_used_up", {"coupon": None, "promotion": "Autumn"})

    def test_counts_by_a_limit_that_was_set_since_the_cart_was_priced(self, cart):
        coupon("TEN")
        priced = cart(None, "TEN")
        Promotion.objects.update(max_uses=3)

        redeem(priced)

        assert counts()["promotions"] == {"TEN": 1}

    def test_counts_each_customer_by_themselves(self, cart):
        promotion(max_uses_each=2)
        user, other = UserFactory(), UserFactory()

        for whose in (user, user, other):
            redeem(cart(whose))

        assert dict(CustomerUses.objects.values_list("user", "used")) == {user.pk: 2, other.pk: 1}
        assert applied(cart(user)) == {}
        assert Redemption.objects.filter(uses__isnull=True).count() == 0

    def test_knows_a_guest_by_the_digest_of_the_address_in_any_case(self, cart):
        promotion(max_uses_each=1)
        redeem(cart(), email="Ada@Example.com")

        refused(cart(), PromotionUsedUp, email=" ada@example.COM")
        redeem(cart(), email="bob@example.com")

        assert sorted(CustomerUses.objects.values_list("guest", "used")) == sorted(
            [(guest_digest("ada@example.com"), 1), (guest_digest("bob@example.com"), 1)]
        )
        assert not CustomerUses.objects.filter(guest__contains="@").exists()

    def test_gives_a_first_order_once(self, cart):
        user = UserFactory()
        promotion(first_order=True)
        one = cart(user)
        redeem(one)
        # The same customer had priced another cart before.
        other = replace(one, id=cart(user).id)

        refused(other, PromotionUsedUp)


class TestGiveBack:
    def test_lowers_what_was_raised_and_does_nothing_a_second_time(self, cart):
        coupon("TEN", max_uses=2, max_uses_each=2)
        Coupon.objects.update(max_uses=2)
        user = UserFactory()
        kept, ended = (cart(user, "TEN"), None)
        redeem(kept)
        ended = cart(user, "TEN")
        redeem(ended)

        for _ in range(2):
            services.give_back_coupons(cart_id=ended.id)

        assert counts() == {"codes": {"TEN": 1}, "promotions": {"TEN": 1}, "customers": [1], "held": 1}
        assert Redemption.objects.get(state="released").cart_id == ended.id

    def test_touches_no_counter_where_there_is_no_limit_any_more(self, cart):
        promotion(max_uses=5)
        priced = cart()
        redeem(priced)
        Promotion.objects.update(max_uses=None, used=0)

        services.give_back_coupons(cart_id=priced.id)

        assert counts()["promotions"] == {"Autumn": 0}

    def test_of_a_cart_without_any_does_nothing(self, cart):
        services.give_back_coupons(cart_id=cart().id)

"""What carts know of a person, and how they forget it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from cart import selectors, services
from cart.models import Cart, CartItem, Coupon, CustomerUses, Redemption
from cart.personal_data import CartPersonalData
from cart.tests.factories import bound_for, coupon, filled, selling, shopper
from products.tests.factories import NOW, variant
from shop.api.models import IdempotencyKey
from shop.core.errors import NotFound
from shop.core.ids import new_token, token_hash
from users import ports
from users.models import User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PLACE: dict[str, Any] = {
    "country": "DE",
    "region": "Bayern",
    "postal_code": "80331",
    "vat_id": "FR40303265045",
}
EMAIL = "ada@example.com"
BLANK = {"country": "", "region": "", "postal_code": "", "vat_id": ""}


def ordered(user: Any = None, token: str | None = None, code: str = "TEN", email: str = EMAIL) -> Cart:
    """Return somebody's cart, closed as placing an order closes it, with a coupon redeemed."""
    who = shopper(user, token)
    filled(who, variant())
    services.add_coupon(owner=who.owner, code=code, now=NOW)
    bound_for(who)
    priced = services.set_place(owner=who.owner, now=NOW, **PLACE)
    assert priced.id is not None
    with transaction.atomic():
        services.redeem(priced, email=email, now=NOW)
        services.convert(cart_id=priced.id, now=NOW)
    return Cart.objects.get(pk=priced.id)


@pytest.fixture
def _shop():
    selling()
    coupon(max_uses_each=9)


def counted() -> list[tuple]:
    """Return whose uses are counted: customers by their id, guests by None."""
    return list(CustomerUses.objects.order_by("pk").values_list("user", "used"))


def erase(user) -> None:
    with transaction.atomic():
        part = CartPersonalData()
        part.lock(user_id=user.pk)
        part.erase(user_id=user.pk, actor_id=user.pk, now=NOW)


@pytest.mark.usefixtures("_shop")
class TestErase:
    def test_an_open_cart_goes(self):
        ada, bob = UserFactory(), UserFactory()
        for person in (ada, bob):
            filled(shopper(person), variant(), variant())

        erase(ada)

        assert list(Cart.objects.values_list("user", flat=True)) == [bob.pk]
        assert CartItem.objects.count() == 2

    def test_of_one_that_became_an_order_what_was_bought_stays(self):
        ada, bob = UserFactory(), UserFactory()
        carts = {person: ordered(person) for person in (ada, bob)}
        of_bob = Cart.objects.filter(user=bob).values().get()
        uses: list[dict[str, Any]] = [dict(use) for use in Redemption.objects.order_by("pk").values()]

        erase(ada)

        cart = Cart.objects.get(user=ada)
        assert {name: getattr(cart, name) for name in BLANK} == BLANK
        assert (cart.pk, cart.status, cart.shipping_method) == (
            carts[ada].pk,
            "converted",
            "standard",
        )
        assert cart.items.count() == 1
        # Of a use, only what pointed to the counter of this customer goes.
        uses[0]["uses_id"] = None
        assert list(Redemption.objects.order_by("pk").values()) == uses
        assert Cart.objects.filter(user=bob).values().get() == of_bob

    def test_a_guests_is_blanked_with_the_answers_under_its_token(self):
        token, other = new_token(), new_token()
        mine, another = ordered(token=token), ordered(token=other)
        for secret in (token, other):
            IdempotencyKey.objects.create(
                principal=f"cart:{token_hash(secret)}", key="k", fingerprint="f", created_at=NOW
            )

        services.forget_guest_carts(cart_ids=[mine.pk])

        assert Cart.objects.filter(pk=mine.pk, **BLANK).exists()
        assert Cart.objects.filter(pk=another.pk, **PLACE).exists()
        assert [key.principal for key in IdempotencyKey.objects.all()] == [f"cart:{token_hash(other)}"]

    def test_what_counted_a_guests_uses_goes_with_the_address_it_was_found_by(self):
        mine, another = ordered(token=new_token()), ordered(token=new_token(), email="bob@example.com")

        services.forget_guest_carts(cart_ids=[mine.pk])

        assert CustomerUses.objects.get() == Redemption.objects.get(cart=another).uses
        assert Redemption.objects.get(cart=mine).uses is None

    def test_what_counted_a_customers_uses_goes(self):
        ada, bob = UserFactory(), UserFactory()
        for person in (ada, bob, None):
            ordered(person)

        erase(ada)

        assert counted() == [(bob.pk, 1), (None, 1)]
        # Giving the uses of a forgotten order back lowers no counter, and fails for no lack of it.
        services.give_back_coupons(cart_id=Cart.objects.get(user=ada).pk)
        assert counted() == [(bob.pk, 1), (None, 1)]

    def test_codes_for_nobody_else_go_and_used_ones_open_nothing(self):
        ada, bob = UserFactory(), UserFactory()
        for code, person in (("ADA1", ada), ("ADA2", ada), ("BOB", bob)):
            coupon(code, customer=person)
        filled(shopper(ada), variant())
        ordered(ada, code="ADA1")
        who = shopper(ada)
        filled(who, variant())
        services.add_coupon(owner=who.owner, code="ADA2", now=NOW)

        erase(ada)

        codes = Coupon.objects.order_by("code").values_list("code", "customer", "is_active")
        assert list(codes) == [("ADA1", ada.pk, False), ("BOB", bob.pk, True), ("TEN", None, True)]

    def test_a_customers_own_is_not_taken_for_a_guests(self):
        cart = ordered(UserFactory())

        services.forget_guest_carts(cart_ids=[cart.pk])

        assert Cart.objects.filter(pk=cart.pk, **PLACE).exists()


@pytest.mark.usefixtures("_shop")
class TestMerge:
    def test_leaves_nothing_in_the_guests_cart(self):
        """Nothing leads from it to the customer afterwards, so an erasure couldn't find it."""
        token, user = new_token(), UserFactory()
        who = shopper(token=token)
        filled(who, variant())
        services.set_place(owner=who.owner, now=NOW, **PLACE)

        services.merge_guest_cart(user_id=user.pk, token_hash=token_hash(token), now=NOW)

        assert Cart.objects.filter(status="merged", **BLANK).exists()
        own = Cart.objects.get(user=user)
        assert (own.country, own.region, own.postal_code) == ("DE", "Bayern", "80331")


@pytest.mark.usefixtures("_shop")
class TestExport:
    def test_has_every_cart_and_nobody_elses(self):
        ada = UserFactory()
        ordered(ada)
        filled(shopper(ada), lamp := variant(), quantity=3)
        ordered(UserFactory())

        carts = CartPersonalData().export(user_id=ada.pk)["carts"]

        assert carts[0]["promotions"] == [
            {"promotion": "TEN", "code": "TEN", "amount": "1.99", "state": "held", "at": NOW}
        ]
        assert carts[1]["promotions"] == []

        assert [(cart["status"], cart["coupons"]) for cart in carts] == [("converted", ["TEN"]), ("open", [])]
        assert {name: carts[0][name] for name in PLACE} == PLACE
        assert carts[1]["items"] == [{"variant": lamp.pk, "sku": lamp.sku, "quantity": 3}]

    def test_finds_guests_carts_by_their_ids_alone(self):
        mine, _ = ordered(), ordered()

        assert [cart["id"] for cart in selectors.carts_held(cart_ids=[mine.pk])] == [mine.pk]
        assert selectors.carts_held() == []

    def test_has_codes_for_them_alone_and_what_is_counted(self):
        ada, bob = UserFactory(), UserFactory()
        coupon("ADA1", name="Birthday", customer=ada)
        coupon("ADA2", customer=ada)
        coupon("BOB", customer=bob)
        ordered(ada, code="ADA1")
        for person in (ada, bob):
            ordered(person)

        held = CartPersonalData().export(user_id=ada.pk)

        assert held["coupons"] == [
            {"code": "ADA1", "promotion": "Birthday", "max_uses": None, "used": True, "is_active": True},
            {"code": "ADA2", "promotion": "ADA2", "max_uses": None, "used": False, "is_active": True},
        ]
        assert held["promotion_uses"] == [{"promotion": "TEN", "used": 1}]

    def test_preview_counts_all_kinds(self):
        ada = UserFactory()
        ordered(ada)
        filled(shopper(ada), variant())
        coupon("ADA", customer=ada)

        held = CartPersonalData().preview(user_id=ada.pk)

        assert [(one.name, one.count, one.kept) for one in held] == [
            ("carts", 1, False),
            ("ordered_carts", 1, True),
            ("coupons", 1, False),
            ("promotion_uses", 1, False),
        ]


def test_an_erased_account_gets_no_cart_to_write_to():
    """What a request that is still under way would order from."""
    user = UserFactory()
    who = shopper(user)
    filled(who, variant())
    User.objects.filter(pk=user.pk).update(is_active=False, erased_at=NOW)

    assert selectors.load_cart(who.owner, now=NOW, lock=True) is None
    with pytest.raises(NotFound):
        services.set_place(owner=who.owner, now=NOW, **PLACE)


def test_is_plugged_in():
    assert isinstance(dict(ports.personal_data.items())["cart"], CartPersonalData)

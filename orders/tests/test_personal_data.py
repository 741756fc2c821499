"""What orders know of a person, what stands in the way of forgetting it, and what is left afterwards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from django.db import transaction

from cart.models import Cart
from orders import services
from orders.digest import digest
from orders.models import Order, OrderAddress, OrderLine, OrderMove
from orders.personal_data import OrdersPersonalData
from orders.services import Actor
from orders.tests import parcels
from orders.tests.factories import ADDRESS, paid, place, ship
from orders.tests.invariants import check_invariants
from orders.tests.shopping import order_url, token_of
from products.tests.factories import NOW, variant
from shop.api.models import IdempotencyKey
from shop.audit.models import AuditEntry
from users import ports
from users.tests.factories import SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db

PART = OrdersPersonalData()
STATES = ("number", "status", "payment_status", "fulfilment_status", "version", "placed_at", "user_id")
AMOUNTS = (
    "currency", "subtotal", "discount_total", "shipping_total", "tax_total", "tax_added", "total", "tax_lines",
    "refunded_total", "coupons", "shipping_method", "tax_treatment", "tax_rounding", "discounts",
)  # fmt: skip


def erase(user, by=None) -> None:
    with transaction.atomic():
        PART.lock(user_id=user.pk)
        PART.erase(user_id=user.pk, actor_id=(by or user).pk, now=NOW)


def cancelled(user, reason: str = "") -> Order:
    order = place(user=user)
    actor = Actor(kind=OrderMove.Actor.CUSTOMER, id=user.pk, cause=reason)
    with transaction.atomic():
        services.cancel_order(order_id=order.pk, actor=actor, now=NOW)
    order.refresh_from_db()
    return order


def delivered(user, *variants) -> Order:
    order = paid(*variants, user=user, note="Ring twice.", email="orders@example.com")
    parcels.ship(order)
    parcels.deliver(order)
    Order.objects.filter(pk=order.pk).update(external_id=f"erp-{order.number}", metadata={"gift": "yes"})
    order.refresh_from_db()
    return order


class TestErase:
    def test_leaves_an_order_of_nobody(self):
        user = UserFactory()
        order = delivered(user)
        kept = {name: getattr(order, name) for name in STATES + AMOUNTS}
        lines = list(OrderLine.objects.values())

        erase(user)

        left = Order.objects.get()
        assert {name: getattr(left, name) for name in STATES + AMOUNTS} == kept
        assert (left.email, left.note, left.external_id, left.metadata) == ("", "", None, {})
        assert list(OrderLine.objects.values()) == lines
        empty = {**dict.fromkeys(asdict(ADDRESS), ""), "country": "DE"}
        assert list(OrderAddress.objects.order_by("kind").values("kind", *empty)) == [
            {"kind": kind, **empty} for kind in ("billing", "shipping")
        ]

    def test_leaves_others_as_they_are(self):
        ada, bob = UserFactory(), UserFactory()
        delivered(ada)
        order, guests = delivered(bob), place()
        before: dict[str, Any] = {
            "orders": list(Order.objects.exclude(user=ada).order_by("pk").values()),
            "addresses": list(OrderAddress.objects.exclude(order__user=ada).order_by("pk").values()),
        }

        erase(ada)

        assert before == {
            "orders": list(Order.objects.exclude(user=ada).order_by("pk").values()),
            "addresses": list(OrderAddress.objects.exclude(order__user=ada).order_by("pk").values()),
        }
        assert {order.pk, guests.pk} == {row["id"] for row in before["orders"]}

    def test_writes_a_new_digest_and_says_why(self):
        user, staff = UserFactory(), SuperuserFactory()
        orders = [delivered(user), cancelled(user)]

        erase(user, by=staff)

        check_invariants()
        for order in orders:
            left = Order.objects.get(pk=order.pk)
            assert left.digest != order.digest
            assert left.digest == digest(left, left.lines.all(), left.addresses.all())
            entry = AuditEntry.objects.get(object_id=str(order.pk), actor_id=staff.pk)
            assert (entry.actor_id, entry.action, entry.object_type) == (
                staff.pk,
                "orders.customer_forgotten",
                "orders.Order",
            )
            facts: Any = entry.facts
            assert list(facts) == ["reason"]
            assert "digest" in facts["reason"]
            # The old one would tell a guessed address from a wrong one.
            assert order.digest not in str(AuditEntry.objects.values())

    def test_forgets_what_people_typed_into_the_history(self):
        user = UserFactory()
        order = cancelled(user, reason="Ada moved to Lindenweg 5")
        causes = OrderMove.objects.filter(order=order).order_by("version").values_list("actor", "cause")
        assert list(causes.all())[-1] == ("customer", "Ada moved to Lindenweg 5")
        other = paid(user=user)

        erase(user)

        assert list(causes.all())[-1] == ("customer", "")
        # The shop's own words stay.
        assert OrderMove.objects.filter(order=other, cause="paid").exists()

    def test_kills_mailed_links_of_what_was_a_guests(self, anonymous):
        user = UserFactory()
        order = cancelled(user)
        Order.objects.filter(pk=order.pk).update(user=None)
        order.refresh_from_db()
        link = token_of(order)
        assert anonymous.get(order_url(order), headers=link).status_code == 200
        Order.objects.filter(pk=order.pk).update(user=user)

        erase(user)

        Order.objects.filter(pk=order.pk).update(user=None)
        assert anonymous.get(order_url(order), headers=link).status_code == 404

    def test_takes_along_the_guests_cart_and_the_answers_under_its_keys(self):
        user = UserFactory()
        order = place()
        Order.objects.filter(pk=order.pk).update(user=user)
        Cart.objects.filter(pk=order.cart_id).update(postal_code="10115", vat_id="DE123456789")
        cart = Cart.objects.get(pk=order.cart_id)
        mine = {f"order:{order.pk}", f"cart:{cart.token_hash}"}
        for principal in (*mine, "order:another"):
            IdempotencyKey.objects.create(principal=principal, key="k", fingerprint="f", created_at=NOW)
        exported = PART.export(user_id=user.pk)["guest_carts"]
        assert [(held["id"], held["vat_id"]) for held in exported] == [(cart.pk, "DE123456789")]

        erase(user)

        cart.refresh_from_db()
        assert (cart.country, cart.postal_code, cart.vat_id) == ("", "", "")
        assert [key.principal for key in IdempotencyKey.objects.all()] == ["order:another"]

    def test_an_order_that_was_never_anybodys_stays_a_guests(self):
        user = UserFactory(email="ada@example.com")
        place(email="ada@example.com")

        erase(user)

        assert Order.objects.get().email == "ada@example.com"


class TestBlockers:
    def blockers(self, user):
        return list(PART.blockers(user_id=user.pk))

    def test_nothing_does_once_all_is_over(self):
        user = UserFactory()
        delivered(user)
        cancelled(user)
        expired = place(user=user)
        with transaction.atomic():
            services.expire(order_id=expired.pk, now=NOW)
        returned = paid(user=user)
        ship(returned, "shipped", "returned")

        assert self.blockers(user) == []

    def test_of_others_do_not_count(self):
        user = UserFactory()
        place(user=UserFactory())
        place()

        assert self.blockers(user) == []

    def test_an_unpaid_one(self):
        user = UserFactory()
        order = place(user=user)

        assert self.blockers(user) == [f"Order {order.number} is neither paid nor cancelled."]

    @pytest.mark.parametrize("states", [(), ("partial",), ("shipped",)])
    def test_one_on_its_way(self, states):
        user = UserFactory()
        order = paid(user=user)
        ship(order, *states)

        assert self.blockers(user) == [f"Order {order.number} isn't delivered yet."]

    def test_not_one_with_nothing_to_send(self):
        user = UserFactory()
        paid(variant(requires_shipping=False), user=user, shipping_method="")

        assert self.blockers(user) == []

    @pytest.mark.parametrize("status", ["processing", "authorized"])
    def test_money_under_way(self, status):
        user = UserFactory()
        order = place(user=user)
        with transaction.atomic():
            services.payment_progressed(order_id=order.pk, payment_status=status, now=NOW)

        assert self.blockers(user) == [f"The payment of order {order.number} is still under way."]

    def test_money_that_is_owed(self):
        user = UserFactory()
        order = paid(user=user)
        with transaction.atomic():
            services.cancel_order(order_id=order.pk, actor=Actor(), now=NOW)

        assert self.blockers(user) == [f"The money for order {order.number} isn't back yet."]

        with transaction.atomic():
            services.refunded(order_id=order.pk, refunded_total=order.total, now=NOW)
        assert self.blockers(user) == []

    def test_a_dispute(self):
        user = UserFactory()
        order = delivered(user)
        Order.objects.filter(pk=order.pk).update(disputed=True)

        assert self.blockers(user) == [f"The payment of order {order.number} is disputed."]


class TestExport:
    def test_has_every_order_whole(self):
        user = UserFactory()
        first, second = delivered(user), cancelled(user, reason="changed my mind")
        delivered(UserFactory())

        exported = PART.export(user_id=user.pk)["orders"]

        assert [order["number"] for order in exported] == [first.number, second.number]
        assert exported[0]["email"] == "orders@example.com"
        assert exported[0]["note"] == "Ring twice."
        assert exported[0]["metadata"] == {"gift": "yes"}
        assert exported[0]["shipping_address"] == asdict(ADDRESS)
        assert exported[1]["history"][-1] == {
            "axis": "status", "to": "cancelled", "at": NOW, "by": "customer", "reason": "changed my mind",
        }  # fmt: skip

    def test_preview_says_what_stays_and_what_goes(self):
        user = UserFactory()
        delivered(user)

        assert [(held.name, held.count, held.kept) for held in PART.preview(user_id=user.pk)] == [
            ("orders", 1, True),
            ("order_contacts", 1, False),
        ]


def test_is_plugged_in():
    assert isinstance(dict(ports.personal_data.items())["orders"], OrdersPersonalData)

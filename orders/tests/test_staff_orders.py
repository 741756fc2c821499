"""Orders that staff place for somebody: the same checkout, over a cart that is nobody else's."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import uuid4

import pytest

from cart.models import Cart, TaxRate
from cart.tests.factories import coupon, filled, promotion, selling, shopper
from orders.models import Order, OrderMove
from orders.tests.factories import ADDRESS, place
from orders.tests.footprint import footprint
from orders.tests.invariants import check_invariants
from orders.tests.shopping import URL, buyer, code, order_url
from products.models import Variant
from products.tests.factories import variant
from shop.api.models import IdempotencyKey
from shop.audit.models import AuditEntry
from shop.events.models import OutboxEvent
from tests.statements import statements
from users.tests.clients import client_of
from users.tests.factories import AddressFactory, CustomerGroupFactory, StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

STAFF_URL = f"{URL}staff/"


@pytest.fixture
def clerk() -> Any:
    return StaffFactory(permissions=["orders.add_order"])


def body_of(*variants: Variant, **values: Any) -> dict[str, Any]:
    """Return what staff send for a guest, of one new variant unless some are given."""
    if not TaxRate.objects.exists():
        selling()
    return {
        "email": "ada@example.com",
        "items": [{"sku": one.sku, "quantity": 2} for one in variants or (variant(),)],
        "shipping_address": asdict(ADDRESS),
        "shipping_method": "standard",
    } | values


def send(staff: Any, body: dict[str, Any], key: str | None = None, query: str = "") -> Any:
    headers = {} if query else {"Idempotency-Key": key or str(uuid4())}
    return client_of(staff).post(STAFF_URL + query, body, headers=headers)


class TestPlace:
    def test_is_the_customers_order_and_leaves_their_own_cart_alone(self, clerk):
        ada = UserFactory(email="ada@example.com", language="de")
        own = filled(shopper(ada), variant())
        lamp = variant(price=1990, on_hand=5)
        body = body_of(lamp, customer=str(ada.pk), note="By telephone.", expected_total="44.70")
        del body["email"]

        response = send(clerk, body)

        order = Order.objects.get()
        assert (response.status_code, response.json()["id"]) == (201, str(order.pk))
        assert response.headers["Location"] == order_url(order)
        assert (order.user_id, order.email, order.language) == (ada.pk, "ada@example.com", "de")
        assert (order.status, order.payment_status, order.total) == ("pending", "unpaid", 4470)
        assert client_of(ada).get(order_url(order)).json() == response.json()
        assert list(Cart.objects.order_by("pk").values_list("pk", "status", "by_staff")) == [
            (own.id, "open", False),
            (order.cart_id, "converted", True),
        ]
        lamp.stock.refresh_from_db()
        assert lamp.stock.reserved == 2
        move = OrderMove.objects.get()
        assert (move.actor, move.actor_id) == ("staff", clerk.pk)
        audited = AuditEntry.objects.get(action="orders.placed_by_staff")
        assert (audited.actor_id, audited.object_id) == (clerk.pk, str(order.pk))
        check_invariants()

    def test_is_no_news_for_a_customer_who_has_no_cart(self, clerk):
        ada = UserFactory()
        send(clerk, body_of(customer=str(ada.pk)))

        response = client_of(ada).post(URL, {"expected_total": "1.00"}, headers={"Idempotency-Key": "k"})

        assert code(response) == (404, "not_found")

    def test_for_a_guest_is_opened_by_the_link_in_the_mail_alone(self, clerk):
        answer = send(clerk, body_of(language="de")).json()

        order = Order.objects.get()
        assert (order.user_id, order.language, "access_token" in answer) == (None, "de", False)
        assert OutboxEvent.objects.get(key=str(order.pk)).type == "orders.order_placed.v1"
        assert not Cart.objects.exclude(status="converted").exists()

    def test_has_the_customers_prices_codes_and_addresses(self, clerk):
        ada = UserFactory()
        mine = AddressFactory(user=ada, country="DE")
        coupon("HERS", customer=ada, value=200_000)
        promotion(groups=[CustomerGroupFactory(members=[ada])], combines=True)
        body = body_of(
            variant(price=1000), customer=str(ada.pk), coupons=["hers"], shipping_address=str(mine.pk)
        )

        response = send(clerk, body)

        assert response.status_code == 201, response.json()
        said = response.json()
        assert said["coupons"] == ["HERS"]
        assert [one["name"] for one in said["discounts"]] == ["HERS", "Autumn"]
        assert said["shipping_address"]["line1"] == mine.line1
        check_invariants()

    def test_happens_once_a_key_and_keeps_nobodys_address_under_it(self, clerk):
        body = body_of(note="Ring twice.")
        first, again = (send(clerk, body, key="once") for _ in range(2))

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.content == first.content
        kept = IdempotencyKey.objects.get(principal=f"user:{clerk.pk}").body
        assert not any(word in kept for word in ("ada@", "Hauptstr", "Ring twice"))
        assert code(send(clerk, body_of(), key="once")) == (422, "idempotency_key_reused")
        assert Order.objects.count() == 1

    def test_needs_a_key_and_the_permission(self, clerk):
        body = body_of()
        before = footprint()

        assert code(client_of(clerk).post(STAFF_URL, body)) == (400, "idempotency_key_required")
        for stranger in (UserFactory(), StaffFactory(permissions=["orders.change_order"])):
            assert code(send(stranger, body)) == (403, "permission_denied")
            assert code(send(stranger, body, query="?dry_run=1")) == (403, "permission_denied")
        assert footprint() == before

    def test_costs_the_same_for_one_line_and_for_twenty(self, clerk):
        bodies = [body_of(*(variant(on_hand=9) for _ in range(lines))) for lines in (1, 20)]
        counts = []
        for body in bodies:
            with statements() as sent:
                assert send(clerk, body).status_code == 201
            counts.append(len(sent))

        assert counts[0] == counts[1]


def audited() -> int:
    return AuditEntry.objects.filter(action__startswith="orders.").count()


def refusals() -> list[tuple[dict[str, Any], tuple[int, str], str]]:
    return [
        ({"items": [{"sku": "NONE", "quantity": 1}]}, (400, "validation_failed"), "items.0.sku"),
        ({"items": []}, (400, "validation_failed"), "items"),
        ({"items": [{"sku": "A", "variant": 1, "quantity": 1}]}, (400, "validation_failed"), "items.0"),
        ({"customer": str(uuid4())}, (400, "validation_failed"), "customer"),
        ({"email": None}, (400, "validation_failed"), "email"),
        ({"shipping_address": str(uuid4())}, (400, "validation_failed"), "shipping_address"),
        ({"shipping_address": None}, (400, "validation_failed"), "shipping_address"),
        ({"coupons": ["NOPE"]}, (422, "coupon_invalid"), ""),
        ({"shipping_method": "rocket"}, (422, "shipping_not_available"), ""),
        ({"expected_total": "0.01"}, (409, "price_changed"), ""),
        ({"currency": "USD"}, (422, "currency_not_available"), ""),
        ({"surprise": 1}, (400, "unknown_field"), ""),
    ]


class TestRefuse:
    def test_and_write_nothing(self, clerk):
        body = body_of()
        before = footprint()

        for changes, refusal, field in refusals():
            response = send(clerk, body | changes)
            assert code(response) == refusal, changes
            assert field in str(response.json().get("errors", "")), changes
        assert (footprint(), IdempotencyKey.objects.count(), audited()) == (before, 0, 0)

    def test_what_is_short_and_who_is_gone(self, clerk):
        gone = UserFactory(is_active=False)
        before = footprint()
        lamp = variant(on_hand=1)
        assert code(send(clerk, body_of(lamp))) == (409, "out_of_stock")
        assert code(send(clerk, body_of(lamp, customer=str(gone.pk)))) == (400, "validation_failed")
        assert footprint()["orders"] == before["orders"]


class TestPreview:
    def test_answers_the_priced_cart_and_writes_nothing(self, clerk):
        ada = UserFactory()
        lamp = variant(price=1990)
        body = body_of(lamp, customer=str(ada.pk), coupons=[coupon().code])
        before = footprint()

        response = send(clerk, body, query="?dry_run=1")

        said = response.json()
        assert (response.status_code, said["id"], said["total"]) == (200, None, "40.72")
        assert [(item["sku"], item["quantity"]) for item in said["items"]] == [(lamp.sku, 2)]
        assert [method["code"] for method in said["shipping_methods"]] == ["standard"]
        assert (footprint(), audited()) == (before, 0)

    def test_needs_neither_address_nor_method_and_says_what_is_short(self, clerk):
        body = body_of(variant(on_hand=1))
        del body["shipping_address"], body["shipping_method"]

        said = send(clerk, body, query="?dry_run=1").json()

        assert (said["shipping_total"], [one["code"] for one in said["changes"]]) == (None, ["stock_short"])

    def test_refuses_what_the_order_would_be_refused_for(self, clerk):
        assert code(send(clerk, body_of(coupons=["NOPE"]), query="?dry_run=1")) == (422, "coupon_invalid")
        assert code(send(clerk, body_of(), query="?dry_run=perhaps")) == (400, "validation_failed")


class TestReorder:
    def test_answers_staff_the_body_of_the_same_order(self):
        clerk = StaffFactory(permissions=["orders.add_order", "orders.view_order"])
        ada = UserFactory()
        plenty, short, gone = variant(on_hand=9), variant(on_hand=3), variant(on_hand=9)
        order = place(plenty, short, gone, user=ada, quantity=2)
        Variant.objects.filter(pk=gone.pk).update(archived_at=order.placed_at)
        before = footprint()

        response = client_of(clerk).post(order_url(order, "reorder"))

        body = response.json()
        assert response.status_code == 200
        assert (body["customer"], body["email"], body["currency"]) == (str(ada.pk), order.email, "EUR")
        assert body["items"] == [
            {"variant": plenty.pk, "quantity": 2},
            {"variant": short.pk, "quantity": 1},
        ]
        assert [(one["code"], one["old"], one["new"]) for one in body["changes"]] == [
            ("stock_short", 2, 1),
            ("gone", gone.sku, None),
        ]
        assert footprint() == before
        placed = send(clerk, body)
        assert (placed.status_code, placed.json()["shipping_address"]) == (201, asdict(ADDRESS))

    def test_of_ones_own_order_is_ones_own_cart(self):
        clerk = StaffFactory(permissions=["orders.add_order", "orders.view_order"])
        who = buyer(variant(), user=clerk)
        order = Order.objects.get(pk=who.place().json()["id"])

        response = client_of(clerk).post(order_url(order, "reorder"))

        assert response.json()["item_count"] == 1

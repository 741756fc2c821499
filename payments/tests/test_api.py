"""Payments over HTTP: whose they are, what they say, and the same answer twice."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from orders.selectors import access_token
from payments import services
from payments.models import Payment, Receipt
from payments.tests.paying import an_order, confirm, paid, started
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/payments/"


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def holds(order) -> dict[str, str]:
    return {"X-Order-Token": access_token(order.pk, order.token_version)}


class TestStart:
    def test_answers_what_the_browser_needs(self, stripe):
        order = an_order()

        response = anonymous().post(URL, {"order": str(order.pk)}, headers=key() | holds(order))

        payment = Payment.objects.get()
        body = response.json()
        assert response.status_code == 201
        assert response["Location"] == f"{URL}{payment.pk}/"
        assert body.pop("client_secret") == stripe.get(payment.pi_id)["client_secret"]
        assert body.pop("created_at")
        assert body == {
            "id": str(payment.pk),
            "order": str(order.pk),
            "status": "requires_payment",
            "amount": "24.80",
            "currency": "EUR",
            "publishable_key": "pk_test_shop",
            "paid_by": None,
            "last_error": None,
            "receipt_url": None,
            "succeeded_at": None,
        }

    def test_answers_the_same_bytes_again(self, stripe):
        order, same = an_order(), key()
        client = anonymous()

        first = client.post(URL, {"order": str(order.pk)}, headers=same | holds(order))
        again = client.post(URL, {"order": str(order.pk)}, headers=same | holds(order))

        assert (first.content, first.status_code) == (again.content, again.status_code)
        assert again["Idempotent-Replayed"] == "true"

    def test_gives_the_same_payment_under_another_key(self, stripe):
        order = an_order()
        client = anonymous()

        answers = [client.post(URL, {"order": str(order.pk)}, headers=key() | holds(order)) for _ in range(2)]

        assert answers[0].json() == answers[1].json()
        assert Payment.objects.count() == 1

    def test_refuses_another_body_under_the_key(self, stripe):
        user = UserFactory()
        client, same = client_of(user), key()
        client.post(URL, {"order": str(an_order(user=user).pk)}, headers=same)

        response = client.post(URL, {"order": str(an_order(user=user).pk)}, headers=same)

        assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
        assert Payment.objects.count() == 1

    def test_needs_a_key(self, stripe):
        order = an_order()

        response = anonymous().post(URL, {"order": str(order.pk)}, headers=holds(order))

        assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_required")
        assert not Payment.objects.exists()

    @pytest.mark.parametrize("who", ["nobody", "stranger", "wrong token", "staff", "no such order"])
    def test_of_anothers_order_looks_like_none(self, stripe, who):
        order = an_order(user=UserFactory())
        client = {
            "stranger": lambda: client_of(UserFactory()),
            "staff": lambda: client_of(StaffFactory(permissions=["orders.view_order"])),
        }.get(who, anonymous)()
        headers = key() | ({"X-Order-Token": "0" * 64} if who == "wrong token" else {})
        order_id = uuid4() if who == "no such order" else order.pk

        response = client.post(URL, {"order": str(order_id)}, headers=headers)

        assert (response.status_code, response.json()["code"]) == (400, "validation_failed")
        assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [("order", "does_not_exist")]
        assert not Payment.objects.exists()

    @pytest.mark.parametrize(
        ("body", "field", "code"),
        [
            ({}, "order", "required"),
            ({"order": "R2026"}, "order", "invalid"),
            ({"order": str(uuid4()), "mode": "cash"}, "mode", "invalid_choice"),
        ],
    )
    def test_says_which_field_is_wrong(self, stripe, body, field, code):
        response = anonymous().post(URL, body, headers=key())

        assert response.status_code == 400
        assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [(field, code)]

    def test_takes_no_intent_from_the_client(self, stripe):
        order = an_order()

        response = anonymous().post(
            URL, {"order": str(order.pk), "pi_id": "pi_cheap"}, headers=key() | holds(order)
        )

        assert (response.status_code, response.json()["code"]) == (400, "unknown_field")

    def test_refuses_a_paid_order(self, stripe):
        order = an_order()
        paid(stripe, order)

        response = anonymous().post(URL, {"order": str(order.pk)}, headers=key() | holds(order))

        assert (response.status_code, response.json()["code"]) == (409, "order_not_payable")
        assert response.json()["reason"] == "paid"

    def test_says_503_while_stripe_is_down_and_keeps_no_answer(self, stripe):
        order, same = an_order(), key()
        stripe.fail_next("POST", "payment_intents$", "after")

        refused = anonymous().post(URL, {"order": str(order.pk)}, headers=same | holds(order))
        taken = anonymous().post(URL, {"order": str(order.pk)}, headers=same | holds(order))

        assert (refused.status_code, refused.json()["code"]) == (503, "payment_provider_unavailable")
        assert refused["Retry-After"] == "5"
        assert taken.status_code == 201
        assert len(stripe.ledger("payment_intent")) == 1

    def test_isnt_for_those_who_try_cards(self, stripe, settings):
        settings.LIMITS_FACTOR = 1
        client, statuses = anonymous(), []
        for _ in range(11):
            order = an_order()
            response = client.post(
                URL, {"order": str(order.pk)}, headers=key() | holds(order), REMOTE_ADDR="203.0.113.9"
            )
            statuses.append(response.status_code)

        assert statuses == [201] * 10 + [429]

    def test_is_begun_five_times_an_hour_for_one_order(self, stripe, settings):
        settings.LIMITS_FACTOR = 1
        order = an_order()

        statuses = [
            anonymous()
            .post(URL, {"order": str(order.pk)}, headers=key() | holds(order), REMOTE_ADDR="203.0.113.10")
            .status_code
            for _ in range(6)
        ]

        assert statuses == [201] * 5 + [429]

    def test_ends_after_five_refused_cards(self, stripe, settings):
        settings.LIMITS_FACTOR = 1
        payment = started(an_order())
        for _ in range(5):
            assert confirm(stripe, payment, "pm_card_chargeDeclined") == 402
            services.settle_payment(payment_id=payment.pk, now=timezone.now())

        assert services.cancel_intents(now=timezone.now()) == 1

        assert confirm(stripe, payment) == 400


class TestRead:
    def test_tells_a_returning_customer_the_truth(self, stripe):
        user = UserFactory()
        payment = started(an_order(user=user))
        confirm(stripe, payment)

        body = client_of(user).get(f"{URL}{payment.pk}/").json()

        assert (body["status"], body["paid_by"]["last4"]) == ("succeeded", "4242")
        assert "client_secret" not in body
        assert body["receipt_url"].startswith(f"http://127.0.0.1:8000{URL}{payment.pk}/receipt/?token=")

    def test_asks_stripe_at_most_every_two_seconds(self, stripe):
        order = an_order()
        payment = started(order)
        client, asked = anonymous(), len(stripe.requests)

        with time_machine.travel(timezone.now(), tick=False) as clock:
            for _ in range(5):
                client.get(f"{URL}{payment.pk}/", headers=holds(order))
            assert len(stripe.requests) == asked + 1
            clock.shift(timedelta(seconds=2))
            client.get(f"{URL}{payment.pk}/", headers=holds(order))

        assert len(stripe.requests) == asked + 2

    def test_shows_what_is_known_while_stripe_is_down(self, stripe):
        order = an_order()
        payment = started(order)
        stripe.fail_next("GET", "payment_intents/", "before")

        response = anonymous().get(f"{URL}{payment.pk}/", headers=holds(order))

        assert (response.status_code, response.json()["status"]) == (200, "requires_payment")

    @pytest.mark.parametrize("path", ["", "receipt/", "receipt/?token=forged", "receipt/?format=pdf"])
    @pytest.mark.parametrize("who", ["nobody", "stranger", "wrong token"])
    def test_of_anothers_is_not_found(self, stripe, path, who):
        payment = paid(stripe, an_order(user=UserFactory()))
        client = client_of(UserFactory()) if who == "stranger" else anonymous()
        headers = {"X-Order-Token": "0" * 64} if who == "wrong token" else {}

        response = client.get(f"{URL}{payment.pk}/{path}", headers=headers)

        assert (response.status_code, response.json()["code"]) == (404, "not_found")
        assert not Receipt.objects.exists()

    def test_lists_ones_own(self, stripe):
        user = UserFactory()
        mine = [started(an_order(user=user)) for _ in range(2)]
        started(an_order(user=UserFactory()))
        started(an_order())

        body = client_of(user).get(URL).json()

        assert body["count"] == 2
        assert [payment["id"] for payment in body["results"]] == [str(mine[1].pk), str(mine[0].pk)]

    def test_has_no_filters(self, stripe):
        response = client_of(UserFactory()).get(f"{URL}?status=paid")

        assert (response.status_code, response.json()["code"]) == (400, "unknown_filter")

    @pytest.mark.parametrize("count", [1, 20])
    def test_lists_in_three_statements(self, stripe, count, django_assert_num_queries):
        user = UserFactory()
        for _ in range(count):
            started(an_order(user=user))
        client = client_of(user)

        # The session with its user, the count, the page.
        with django_assert_num_queries(3):
            body = client.get(URL).json()

        assert len(body["results"]) == count

    def test_lists_nothing_to_strangers(self, stripe):
        response = anonymous().get(URL)

        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


class TestReceipt:
    @pytest.fixture
    def bought(self, stripe):
        order = an_order()
        return paid(stripe, order), holds(order)

    @pytest.mark.parametrize(
        ("query", "accept", "kind", "begins"),
        [
            ("", None, "application/json", b"{"),
            ("", "*/*", "application/json", b"{"),
            ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8", b"<!"),
            ("", "application/pdf", "application/pdf", b"%PDF"),
            ("?format=json", "text/html", "application/json", b"{"),
            ("?format=html", "application/json", "text/html; charset=utf-8", b"<!"),
            ("?format=pdf", None, "application/pdf", b"%PDF"),
        ],
    )
    def test_comes_in_three_forms(self, bought, query, accept, kind, begins):
        payment, token = bought
        headers = token | ({"Accept": accept} if accept else {})

        response = anonymous().get(f"{URL}{payment.pk}/receipt/{query}", headers=headers)

        assert (response.status_code, response["Content-Type"]) == (200, kind)
        assert response.content.lstrip().startswith(begins)
        assert response["Cache-Control"] == "no-store"

    def test_is_issued_by_the_first_who_asks(self, bought):
        payment, token = bought
        assert not Receipt.objects.exists()

        bodies = [anonymous().get(f"{URL}{payment.pk}/receipt/", headers=token).content for _ in range(2)]

        assert bodies[0] == bodies[1]
        assert Receipt.objects.get().sequence == 1

    def test_opens_by_its_link_for_a_quarter_of_an_hour(self, bought):
        payment, token = bought
        link = anonymous().get(f"{URL}{payment.pk}/", headers=token).json()["receipt_url"]
        path = link.removeprefix("http://127.0.0.1:8000")

        assert anonymous().get(path).status_code == 200
        assert anonymous().get(path, headers={"Accept": "application/pdf"}).content[:4] == b"%PDF"
        with time_machine.travel(timezone.now() + timedelta(minutes=16)):
            assert anonymous().get(path).status_code == 404

    def test_opens_no_other_by_that_link(self, bought, stripe):
        payment, token = bought
        other = paid(stripe, an_order())
        link = anonymous().get(f"{URL}{payment.pk}/", headers=token).json()["receipt_url"]

        response = anonymous().get(f"{URL}{other.pk}/receipt/?{link.partition('?')[2]}")

        assert response.status_code == 404

    @pytest.mark.parametrize("accept", ["application/json", "text/html", "application/pdf"])
    def test_says_that_it_isnt_paid_in_json_whatever_was_asked_for(self, stripe, accept):
        order = an_order()
        payment = started(order)

        response = anonymous().get(f"{URL}{payment.pk}/receipt/", headers=holds(order) | {"Accept": accept})

        assert (response.status_code, response.json()["code"]) == (409, "not_paid")
        assert response["Content-Type"] == "application/problem+json"

    def test_knows_no_fourth_form(self, bought):
        payment, token = bought

        response = anonymous().get(f"{URL}{payment.pk}/receipt/?format=xml", headers=token)

        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "format")

    def test_is_there_as_soon_as_stripe_has_the_money(self, stripe):
        order = an_order()
        payment = started(order)
        confirm(stripe, payment)

        assert anonymous().get(f"{URL}{payment.pk}/receipt/", headers=holds(order)).status_code == 200

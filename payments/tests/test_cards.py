"""Cards that customers keep at Stripe: their own alone, to pay with, and gone with them."""

from __future__ import annotations

import urllib.request

import pytest
from django.utils import timezone

from payments import services
from payments.errors import GatewayUnavailable
from payments.models import CustomerDeletion, Payment, StripeCustomer
from payments.tests.paying import an_order, confirm
from shop.core.transactions import use_case
from tests.stripe_fake_shop import call, submit
from users.services import erase_account
from users.tests.clients import anonymous, client_of
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/payments/cards/"


def save_card(stripe, user, card="pm_card_visa") -> str:
    """Save a card as a browser does; return its id."""
    begun = client_of(user).post(URL, {})
    assert begun.status_code == 201
    secret = begun.json()["client_secret"]
    form = {"client_secret": secret, "payment_method": card}
    status, _, _ = call(stripe, "POST", f"/v1/setup_intents/{secret.partition('_secret')[0]}/confirm", form)
    assert status == 200
    return str(client_of(user).get(URL).json()["results"][0]["id"])


class TestSave:
    def test_keeps_a_card_at_stripe_and_nothing_of_it_here(self, stripe):
        user = UserFactory()
        assert client_of(user).get(URL).json()["results"] == []
        assert stripe.requests == []

        card = save_card(stripe, user)
        save_card(stripe, user, "pm_card_mastercard")

        answer = client_of(user).get(URL).json()
        assert answer["count"] == 2
        assert answer["results"][1] == {
            "id": card,
            "brand": "visa",
            "last4": "4242",
            "exp_month": answer["results"][1]["exp_month"],
            "exp_year": answer["results"][1]["exp_year"],
        }
        (customer,) = stripe.ledger("customer")
        holder = StripeCustomer.objects.get()
        assert holder.customer_id == customer["id"]
        assert (customer["email"], customer["metadata"]) == (None, {"holder": str(holder.pk)})
        assert customer["_made_by"]["idempotency_key"] == f"customer:{holder.pk}:1"

    @pytest.mark.parametrize("how", ["before", "after", "500"])
    def test_makes_one_customer_whatever_fails(self, stripe, how):
        user = UserFactory()
        stripe.fail_next("POST", "customers$", how)
        if how != "500":
            with pytest.raises(GatewayUnavailable):
                services.begin_saving(user_id=user.pk, now=timezone.now())

        services.begin_saving(user_id=user.pk, now=timezone.now())

        assert len(stripe.ledger("customer")) == 1

    def test_is_limited(self, stripe, settings):
        settings.LIMITS_FACTOR = 1
        client = client_of(UserFactory())

        answers = [client.post(URL, {}).status_code for _ in range(11)]

        assert answers == [201] * 10 + [429]

    def test_takes_no_card(self, stripe):
        response = client_of(UserFactory()).post(URL, {"card": "x"})

        assert (response.status_code, response.json()["code"]) == (400, "unknown_field")
        assert not StripeCustomer.objects.exists()


class TestRemove:
    def test_forgets_ones_own(self, stripe):
        user = UserFactory()
        card = save_card(stripe, user)

        assert client_of(user).delete(f"{URL}{card}/").status_code == 204

        assert client_of(user).get(URL).json()["results"] == []
        assert client_of(user).delete(f"{URL}{card}/").status_code == 404

    def test_of_anothers_is_not_found(self, stripe):
        card = save_card(stripe, UserFactory())
        stranger, newcomer = UserFactory(), UserFactory()
        save_card(stripe, stranger)

        for user in (stranger, newcomer):
            response = client_of(user).delete(f"{URL}{card}/")
            assert (response.status_code, response.json()["code"]) == (404, "not_found")
        assert anonymous().delete(f"{URL}{card}/").status_code == 401
        assert stripe.get(card)["customer"] is not None


class TestPay:
    def test_works_with_a_saved_card_of_ones_own(self, stripe):
        user = UserFactory()
        card = save_card(stripe, user)
        order, guests = an_order(user=user), an_order()
        for one in (order, guests):
            services.start_payment(order_id=one.pk, now=timezone.now())
        mine, of_a_guest = (Payment.objects.get(order=one) for one in (order, guests))

        assert confirm(stripe, of_a_guest, card) == 400
        assert confirm(stripe, mine, card) == 200

        services.settle_payment(payment_id=mine.pk, now=timezone.now())
        order.refresh_from_db()
        assert order.payment_status == "paid"
        assert (mine.stripe_customer, of_a_guest.stripe_customer) == (
            StripeCustomer.objects.get().customer_id,
            "",
        )

    def test_offers_them_on_stripes_own_page_too(self, stripe):
        user = UserFactory()
        card = save_card(stripe, user)
        order, guests = an_order(user=user), an_order()
        mine, of_a_guest = (
            services.start_payment(order_id=one.pk, mode="checkout", now=timezone.now())
            for one in (order, guests)
        )
        pages = {}
        for begun in (mine, of_a_guest):
            with urllib.request.urlopen(begun.redirect_url, timeout=5) as page:
                pages[begun] = page.read().decode()

        assert (card in pages[mine], card in pages[of_a_guest]) == (True, False)
        submit(mine.redirect_url, f"action=pay&card={card}")

        services.settle_payment(payment_id=mine.payment_id, now=timezone.now())
        order.refresh_from_db()
        assert order.payment_status == "paid"
        sessions = {one["client_reference_id"]: one for one in stripe.ledger("checkout.session")}
        said = sessions[str(order.pk)]
        assert (said["customer"], said["customer_email"]) == (
            StripeCustomer.objects.get().customer_id,
            None,
        )
        assert (sessions[str(guests.pk)]["customer"], sessions[str(guests.pk)]["customer_email"]) == (
            None,
            "ada@example.com",
        )


class TestErase:
    def test_has_stripe_forget_the_cards_too(self, stripe):
        user = UserFactory()
        card = save_card(stripe, user)
        customer = StripeCustomer.objects.get().customer_id

        use_case(erase_account, user_id=user.pk, actor_id=user.pk, now=timezone.now())

        assert not StripeCustomer.objects.exists()
        assert stripe.get(card)["customer"] == customer
        stripe.fail_next("DELETE", "customers/", "after")
        assert services.delete_customers(now=timezone.now()) == 0
        assert services.delete_customers(now=timezone.now()) == 0
        CustomerDeletion.objects.update(not_before=None)
        assert services.delete_customers(now=timezone.now()) == 1
        assert stripe.get(customer)["deleted"] is True
        assert stripe.get(card)["customer"] is None
        assert services.delete_customers(now=timezone.now()) == 0

"""Nothing that must stay secret is left anywhere by a purchase; and a search that would find it if it were."""

from __future__ import annotations

import json
import logging
from io import StringIO
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from payments import services
from payments.models import Payment, Refund
from payments.tests.conftest import stripe
from payments.tests.paying import confirm, deliver, events
from shop.api.logs import LineFormatter
from shop.core.transactions import use_case
from shop.events.backends import message_of
from shop.events.models import OutboxEvent
from tests.leaks import ALLOWED_IN_MAIL, KINDS, RESET_TOKEN, kinds_in
from tests.persons import API, lead_a_life, sell, work
from tests.stripe_fake_shop import call
from users.models import User
from users.tests.clients import anonymous

__all__ = ["stripe"]

pytestmark = pytest.mark.django_db

CARD = "4242424242424242"


def rows() -> list[tuple[str, str]]:
    """Return every text of every column of every table, with where it stands."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            found += [
                (f"{table}.{name}", value if isinstance(value, str) else json.dumps(value, default=str))
                for row in cursor.fetchall()
                for name, value in zip(names, row, strict=True)
                if isinstance(value, str | dict | list)
            ]
    return found


@pytest.fixture
def log():
    """Return everything that is logged from here on, as operators would read it."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield written
    root.removeHandler(handler)


def buy_with_everything(stripe) -> list[str]:
    """Lead a life with a purchase, a saved card, a refused card, a refund and webhooks; return its secrets."""
    person = lead_a_life("Zqada", stripe)
    card = person.client.post(f"{API}payments/cards/", {}).json()
    form = {"client_secret": card["client_secret"], "payment_method": "pm_card_visa"}
    intent = card["client_secret"].partition("_secret")[0]
    call(stripe, "POST", f"/v1/setup_intents/{intent}/confirm", form)
    payment = Payment.objects.get(pays_order=True)
    use_case(
        services.request_refund,
        payment_id=payment.pk,
        amount=100,
        reason=Refund.Reason.STAFF,
        actor_id=None,
        now=timezone.now(),
    )
    work()
    for event in events(stripe):
        deliver(stripe, event)
    work()
    confirm(stripe, payment)
    body = {"order": str(payment.order_id), "mode": CARD}
    refused = person.client.post(f"{API}payments/", body, headers={"Idempotency-Key": str(uuid4())})
    assert (refused.status_code, refused.json()["code"]) == (400, "card_number_refused")
    assert CARD not in refused.content.decode()
    return [card["client_secret"], stripe.get(payment.pi_id)["client_secret"]]


@pytest.mark.plants(*set(KINDS) - {RESET_TOKEN})
def test_a_purchase_leaves_no_secret_anywhere(stripe, settings, log):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    sell()
    secrets = buy_with_everything(stripe)

    stored, said = rows(), log.getvalue()

    assert [(place, kinds_in(text)) for place, text in stored if kinds_in(text)] == []
    assert kinds_in(said) == []
    assert [
        message for row in OutboxEvent.objects.all() if kinds_in(message := message_of(row).decode())
    ] == []
    for sent in mail.outbox:
        # A mail is where a reset token belongs; it is nowhere else.
        # Without the envelope: its boundaries are long numbers by chance.
        pages = [str(part[0]) for part in getattr(sent, "alternatives", [])]
        found = kinds_in("\n".join([str(sent.subject), str(sent.body), *pages]))
        assert set(found) <= ALLOWED_IN_MAIL
    assert [place for place, text in stored for secret in secrets if secret in text] == []
    assert any(RESET_TOKEN in kinds_in(str(sent.body)) for sent in mail.outbox)
    # The search is worth something: it finds one of each where it was put.
    for planted in (
        CARD,
        secrets[0],
        "sk_test_51Abcdef",
        "whsec_abcdef",
        "eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln",
    ):
        User.objects.filter(email__istartswith="zqada").update(first_name=f"x {planted}")
        assert [place for place, text in rows() if kinds_in(text)] == ["users_user.first_name"]
        logging.getLogger("payments").warning("Refused: %s", planted)
    assert kinds_in(log.getvalue()) == []


class TestRefusal:
    @pytest.mark.parametrize("path", ["payments/", "payments/cards/", "payments/018f/refunds/"])
    @pytest.mark.parametrize(
        "body", ['{"note": "4242 4242 4242 4242"}', '{"n":4242424242424242', "card=4242-4242-4242-4242"]
    )
    def test_of_a_card_number_reads_nothing_more(self, path, body, log):
        response = anonymous().generic("POST", f"{API}{path}", body, content_type="application/json")

        assert (response.status_code, response.json()["code"]) == (400, "card_number_refused")
        assert response["Content-Type"] == "application/problem+json"
        assert b"4242" not in response.content
        assert "4242" not in log.getvalue()

    def test_covers_the_address_and_no_other_route(self):
        assert anonymous().get(f"{API}payments/?q={CARD}").status_code == 400
        assert anonymous().get(f"{API}products/?q={CARD}").status_code == 200
        assert anonymous().post(f"{API}payments/", {"order": "018f4242-4242-7242-8242-424242424242"}).json()[
            "code"
        ] in ("validation_failed", "idempotency_key_required")

    def test_leaves_webhooks_to_their_signature(self):
        response = anonymous().post(f"{API}payments/webhooks/stripe/", {"n": CARD})

        assert response.json()["code"] == "signature_invalid"

    def test_leaves_what_is_too_large_to_its_size(self):
        body = '{"x": "' + "1" * 1_100_000 + '"}'
        response = anonymous().generic("POST", f"{API}payments/", body, content_type="application/json")

        assert (response.status_code, response.json()["code"]) == (413, "body_too_large")

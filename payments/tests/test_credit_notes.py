"""Credit notes: one for everything that went back, numbered without gaps, and genuine when they say so."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from pypdf import PdfReader

from orders.tests.backs import approve, ask, receive, refund
from orders.tests.factories import place
from orders.tests.parcels import cancel_lines, deliver, ship
from payments import services
from payments.models import CreditNote, Payment, Receipt, ReceiptCounter, Refund
from payments.proving import digest_of, read, squares, written
from payments.services import credit_notes
from payments.services.receipts import number_of
from payments.tests.paying import an_order, dashboard_refund, paid, started
from payments.tests.test_capturing import authorized, capture, three
from payments.tests.test_events import spread
from payments.tests.test_receipts import issue as issue_receipt
from payments.tests.test_receipts import settled
from products.tests.factories import variant
from shop.core.transactions import use_case
from users.tests.clients import anonymous, client_of
from users.tests.factories import UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db

URL = "/api/v1/payments/"
PROOF = "/api/v1/receipts/verify/"


def settle(payment: Payment) -> None:
    services.settle_payment(payment_id=payment.pk, now=timezone.now())


def issue(payment: Payment, now: datetime | None = None) -> list[CreditNote]:
    return use_case(services.issue_credit_notes, payment_id=payment.pk, now=now or timezone.now())


class TestIssue:
    def test_says_what_went_back_of_which_receipt(self, stripe):
        payment = paid(stripe, an_order())
        dashboard_refund(stripe, payment, 480)
        settle(payment)

        (note,) = issue(payment, datetime(2026, 3, 2, 12, 0, tzinfo=UTC))

        receipt = Receipt.objects.get()
        assert (note.number, note.sequence, note.year) == ("C2026-000001", 1, 2026)
        document = note.document
        assert document["receipt"]["number"] == receipt.number == "R2026-000001"
        assert (document["total"], document["currency"], document["reason"]) == ("4.80", "EUR", "provider")
        assert document["tax_lines"] == [{"name": "VAT", "rate": "0.19", "taxable": "4.03", "amount": "0.77"}]
        # The buyer stands on the receipt alone.
        assert "buyer" not in document
        assert note.digest == digest_of(note.document)
        assert [row.pk for row in issue(payment)] == [note.pk]

    def test_adds_up_to_the_receipt(self, stripe):
        payment = paid(stripe, an_order())
        for amount in (333, 333, 1814):
            dashboard_refund(stripe, payment, amount)
            settle(payment)
            spread()

        notes = [note.document for note in CreditNote.objects.order_by("sequence")]
        (tax,) = Receipt.objects.get().document["tax_lines"]
        for name in ("taxable", "amount"):
            parts = sum(round(float(note["tax_lines"][0][name]) * 100) for note in notes)
            assert parts == round(float(tax[name]) * 100)
        assert [note["number"][-1] for note in notes] == ["1", "2", "3"]

    def test_has_none_for_money_that_was_not_wanted(self, stripe):
        order = an_order()
        payment = started(order)
        Payment.objects.filter(pk=payment.pk).update(amount=1)
        paid(stripe, order)
        assert services.send_refunds(now=timezone.now()) == 1
        settle(payment)
        spread()

        assert Refund.objects.get().reason == "not_wanted"
        assert not CreditNote.objects.exists()
        Payment.objects.filter(pk=payment.pk).update(amount=2480)

    def test_has_one_for_what_was_never_taken(self, stripe, settings):
        settings.PAYMENT_CAPTURE = "shipping"
        order = three()
        authorized(stripe, order)
        for _ in range(2):
            cancel_lines(order, [1], now=timezone.now())
            spread()
        ship(order, now=timezone.now())
        capture()
        spread()

        note = CreditNote.objects.get()
        (line,) = order.lines.all()

        assert (note.refund_id, note.document["total"], note.document["reason"]) == (
            None,
            "39.80",
            "lines_cancelled",
        )
        assert note.document["lines"] == [
            {"sku": line.sku, "name": line.name, "options": line.options, "quantity": 2}
        ]
        assert Receipt.objects.get().document["total"] == "64.60"

    def test_names_what_came_back(self, stripe):
        now = timezone.now()
        order = place(variant(price=1500), variant(price=500), quantity=2, now=now)
        paid(stripe, order)
        ship(order, now=now)
        deliver(order, now=now)
        back = ask(order, [2, 1], now=now)
        approve(back, now=now)
        receive(back, [1, 1], now=now)
        refund(back, now=now)
        spread()
        services.send_refunds(now=timezone.now())
        spread()

        note = CreditNote.objects.get()
        lines = list(order.lines.order_by("position"))
        assert (note.document["total"], note.document["reason"]) == ("20.00", "returned")
        assert note.document["lines"] == [
            {"sku": line.sku, "name": line.name, "options": line.options, "quantity": 1} for line in lines
        ]


def given_back_by_hand(payment: Payment, amount: int) -> Refund:
    """Return a refund that has succeeded, written by hand: numbering needs no Stripe."""
    now = timezone.now()
    return Refund.objects.create(
        payment=payment,
        amount=amount,
        currency=payment.currency,
        reason="staff",
        state="succeeded",
        stripe_id=f"re_{amount}_{payment.pk}",
        created_at=now,
        finished_at=now,
    )


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_get_one_note_for_one_refund(self):
        payment = settled(an_order())
        given_back_by_hand(payment, 100)

        issued = together(8, lambda _: [note.number for note in issue(payment)])

        assert {tuple(numbers) for numbers in issued} == {tuple(issued[0])}
        assert ReceiptCounter.objects.get(series="C").last == CreditNote.objects.count() == 1

    def test_can_lose_one_where_nothing_is_locked(self, monkeypatch):
        """Without the payment's lock two find the note missing; that a refund has one only stops the second."""
        payment = settled(an_order())
        issue_receipt(payment)
        given_back_by_hand(payment, 100)
        both = threading.Barrier(2)
        monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_how: rows)

        def wait_and_number(*args):
            both.wait(timeout=30)
            return number_of(*args)

        monkeypatch.setattr(credit_notes, "number_of", wait_and_number)

        def attempt(_: int) -> bool:
            try:
                issue(payment)
            except IntegrityError:
                return False
            return True

        assert sorted(together(2, attempt)) == [False, True]
        assert CreditNote.objects.count() == 1


class TestApi:
    @pytest.fixture
    def given_back(self, stripe):
        user = UserFactory()
        order = an_order(user=user, language="de")
        payment = paid(stripe, order)
        dashboard_refund(stripe, payment, 480)
        settle(payment)
        return payment, client_of(user)

    def test_lists_them_and_shows_each_in_three_forms(self, given_back):
        payment, client = given_back
        assert not CreditNote.objects.exists()

        body = client.get(f"{URL}{payment.pk}/credit_notes/").json()

        (note,) = body["results"]
        assert (body["count"], note["total"], note["buyer"]["name"]) == (1, "4.80", "Ada Lovelace")
        one = f"{URL}{payment.pk}/credit_notes/{note['number']}/"
        assert client.get(one).json() == note
        page = client.get(f"{one}?format=html").content.decode()
        pdf = client.get(one, headers={"Accept": "application/pdf"})
        text = " ".join(PdfReader(BytesIO(pdf.content)).pages[0].extract_text().split())
        for said in (f"Erstattungsbeleg {note['number']}", "Ada Lovelace", "4,80\xa0€", note["code"]):
            assert said in page
            assert said.replace("\xa0", " ") in text.replace("\xa0", " ")
        assert '<html lang="de">' in page
        assert "<svg role" in page
        assert client.get(f"{URL}{payment.pk}/credit_notes/C1999-000001/").status_code == 404

    def test_of_anothers_are_not_found(self, given_back):
        payment, client = given_back
        number = client.get(f"{URL}{payment.pk}/credit_notes/").json()["results"][0]["number"]

        for path in ("", f"{number}/", f"{number}/?format=pdf"):
            for stranger in (anonymous(), client_of(UserFactory())):
                response = stranger.get(f"{URL}{payment.pk}/credit_notes/{path}")
                assert (response.status_code, response.json()["code"]) == (404, "not_found")


class TestProof:
    @pytest.fixture
    def codes(self, stripe):
        payment = paid(stripe, an_order())
        dashboard_refund(stripe, payment, 480)
        settle(payment)
        issue(payment, datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
        return written(str(Receipt.objects.get().code)), written(CreditNote.objects.get().code)

    def test_knows_what_the_shop_has_issued(self, codes):
        receipt, note = codes
        assert re.fullmatch(r"([A-Z2-7]{4}-){5}[A-Z2-7]{4}", receipt)

        assert anonymous().get(PROOF, {"code": receipt}).json() == {
            "genuine": True,
            "kind": "receipt",
            "number": "R2026-000001",
            "issued_on": "2026-03-02",
            "total": "24.80",
            "currency": "EUR",
        }
        # As somebody types it.
        typed = note.replace("-", " ").lower()
        assert anonymous().get(PROOF, {"code": typed}).json()["number"] == "C2026-000001"

    @pytest.mark.parametrize("code", ["AAAA-BBBB", "-", "Ü", "x" * 64])
    def test_knows_no_other(self, codes, code):
        assert anonymous().get(PROOF, {"code": code}).json() == {
            "genuine": False,
            **dict.fromkeys(["kind", "number", "issued_on", "total", "currency"]),
        }

    def test_notices_a_document_that_was_changed(self, codes):
        receipt = Receipt.objects.get()
        Receipt.objects.update(document={**receipt.document, "total": "9999.00"})

        assert anonymous().get(PROOF, {"code": codes[0]}).json()["genuine"] is False

    def test_survives_a_change_of_the_shops_key(self, codes, settings):
        settings.SECRET_KEY = "another" * 10

        assert anonymous().get(PROOF, {"code": codes[0]}).json()["genuine"] is True

    def test_speaks_to_people_in_their_language(self, codes):
        headers = {"Accept": "text/html", "Accept-Language": "de"}

        page = anonymous().get(PROOF, {"code": codes[0]}, headers=headers).content.decode()
        other = anonymous().get(PROOF, {"code": "nothing"}, headers=headers).content.decode()

        assert "Dieses Dokument ist echt." in page
        assert "24,80" in page
        assert "kein Dokument mit diesem Code" in other

    def test_is_limited(self, settings):
        settings.LIMITS_FACTOR = 1

        client = anonymous()
        answers = [
            client.get(PROOF, {"code": "x"}, REMOTE_ADDR="203.0.113.11").status_code for _ in range(61)
        ]

        assert answers == [200] * 60 + [429]

    def test_needs_a_code(self):
        response = anonymous().get(PROOF)

        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "code")


def test_a_code_is_read_as_it_is_written():
    assert read(written("ABCDEFGH234567")) == "ABCDEFGH234567"
    rows = squares("https://shop.example")
    assert {len(row) for row in rows} == {len(rows)}

"""What a receipt says of how a sale was taxed, and of its discounts: in JSON, HTML and PDF, in both languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from cart import services as carts
from cart.models import ShippingMethod
from cart.tests.factories import bound_for, filled, promotion, rate_to, selling, shopper
from orders.models import Order
from orders.tests.factories import ADDRESS, place_cart
from payments import services
from payments.documents import receipt_html, receipt_pdf
from payments.models import Payment, Receipt
from payments.tests.test_documents import a_receipt, text_of
from products.tests.factories import variant
from shop.core.transactions import use_case

EXPORT = {"en": "Tax-free export.", "de": "Steuerfreie Ausfuhrlieferung."}
REVERSE_CHARGE = {
    "en": "Tax-free intra-Community supply (Article 138 of Directive 2006/112/EC). Reverse charge: the recipient "
    "accounts for the VAT.",
    "de": "Steuerfreie innergemeinschaftliche Lieferung (Artikel 138 der Richtlinie 2006/112/EG). "
    "Steuerschuldnerschaft des Leistungsempfängers.",
}
FR = "FR40303265045"


def untaxed(treatment: str, **changes: Any) -> dict[str, Any]:
    """Return the facts of a receipt without tax, for a French business."""
    receipt = a_receipt(
        prices_include_tax=False, tax_total="0.00", tax_lines=[], tax_treatment=treatment, **changes
    )
    receipt["buyer"]["vat_id"] = FR
    return receipt


def both(receipt: dict[str, Any]) -> tuple[str, str]:
    """Return the words of both forms."""
    return text_of(receipt_pdf(receipt)), receipt_html(receipt)


@pytest.mark.once
class TestPaper:
    @pytest.mark.parametrize("language", ["en", "de"])
    @pytest.mark.parametrize(("treatment", "says"), [("export", EXPORT), ("reverse_charge", REVERSE_CHARGE)])
    def test_says_why_there_is_no_tax(self, language, treatment, says):
        for text in both(untaxed(treatment, language=language)):
            assert says[language] in text
            assert "Prices are without tax." not in text
            assert "Preise verstehen sich ohne Steuer." not in text

    @pytest.mark.parametrize(("language", "label"), [("en", "VAT ID"), ("de", "USt-IdNr.")])
    def test_names_the_buyers_vat_id(self, language, label):
        for text in both(untaxed("reverse_charge", language=language)):
            assert f"{label} {FR}" in text

    @pytest.mark.parametrize("treatment", ["standard", None])
    def test_says_nothing_where_tax_is_charged(self, treatment):
        for text in both(a_receipt(tax_treatment=treatment)):
            assert "Tax-free" not in text
            assert "All prices include tax." in text

    def test_lists_discounts_by_name(self):
        receipt = a_receipt(
            discounts=[
                {"name": "Autumn <b>", "code": None, "amount": "12.90"},
                {"name": "Five off", "code": "FIVE", "amount": "5.00"},
                {"name": "Free shipping", "code": None, "amount": "0.00"},
            ]
        )

        pdf, page = both(receipt)

        assert "Autumn <b> −€12.90 Five off −€5.00 Shipping" in pdf
        assert "Discount −€17.90 Shipping" not in pdf
        assert '<th scope="row">Autumn &lt;b&gt;</th><td>−€12.90</td>' in page
        assert "Free shipping" not in pdf + page

    def test_of_before_discounts_had_names_has_their_sum(self):
        assert "Discount −€17.90 Shipping" in text_of(receipt_pdf(a_receipt()))

    def test_goes_on_for_pages_of_discounts(self):
        discounts = [
            {"name": f"Promotion {number} " * 8, "code": None, "amount": "0.01"} for number in range(150)
        ]

        text = text_of(receipt_pdf(a_receipt(discounts=discounts)))

        assert text.count("−€0.01") == 150


@pytest.mark.django_db
class TestDocument:
    def issued(self, address: Any, *, vat_id: str = "") -> Receipt:
        now = timezone.now()
        selling()
        rate_to(ShippingMethod.objects.get(), address.country)
        promotion(name="Autumn", value=100_000)
        who = shopper()
        filled(who, variant(now=now, price=11900), now=now)
        bound_for(who, now=now)
        carts.set_place(owner=who.owner, now=now, vat_id=vat_id)
        order = place_cart(who, 99999, now=now, shipping_address=address)
        payment = Payment.objects.create(
            order=order,
            status="succeeded",
            amount=order.total,
            captured=order.total,
            currency=order.currency,
            pi_id=f"pi_{uuid4().hex}",
            pays_order=True,
            succeeded_at=now,
            created_at=now,
        )
        return use_case(services.issue_receipt, payment_id=payment.pk, now=now)

    def test_has_the_facts_of_the_order(self):
        receipt = self.issued(replace(ADDRESS, country="FR", postal_code="75001", phone=""), vat_id=FR)

        document = receipt.document
        assert (document["tax_treatment"], document["buyer"]["vat_id"]) == ("reverse_charge", FR)
        assert document["discounts"] == [{"name": "Autumn", "code": None, "amount": "10.00"}]
        assert (document["subtotal"], document["total"], document["tax_lines"]) == ("100.00", "94.12", [])
        for text in both(document):
            assert REVERSE_CHARGE["en"] in text
            assert FR in text

    def test_stays_when_the_order_is_erased(self):
        receipt = self.issued(replace(ADDRESS, country="CH", postal_code="8001", phone=""))
        Order.objects.update(tax_treatment="", vat_id="", discounts=[])

        receipt.refresh_from_db()

        assert EXPORT["en"] in receipt_html(receipt.document)

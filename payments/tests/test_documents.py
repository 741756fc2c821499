"""The receipt on paper: everything is there, in the buyer's language and script, and never changes."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from payments.documents import receipt_html, receipt_pdf


def a_receipt(**changes: Any) -> dict[str, Any]:
    """Return the facts of a receipt as they are stored."""
    return {
        "number": "R-2026-000042",
        "issued_at": "2026-11-23T15:10:00+00:00",
        "language": "en",
        "seller": {
            "name": "Fern & Oak",
            "address": "Fern & Oak\nLindenweg 4\n10115 Berlin\nGermany",
            "vat_id": "DE123456789",
        },
        "buyer": {
            "name": "Ana Müller",
            "company": "",
            "email": "ana@example.com",
            "address_lines": ["Hauptstraße 12", "10115 Berlin", "Germany"],
        },
        "order": {"number": "K7Q2MXR94T", "placed_at": "2026-11-23T15:04:05+00:00"},
        "payment": {
            "id": "0199b1a2-7c00-7000-8000-00000000abcd",
            "method": "card",
            "paid_at": "2026-11-23T15:09:41+00:00",
        },
        "lines": [
            {
                "sku": "LAMP-WAL",
                "name": "Walnut desk lamp",
                "options": {"Shade": "Linen", "Cable": "Black"},
                "quantity": 2,
                "unit_price": "89.50",
                "discount_amount": "17.90",
                "tax_rate": "0.19",
                "line_total": "179.00",
            },
            {
                "sku": "MUG-4",
                "name": "Stoneware mug",
                "options": {},
                "quantity": 4,
                "unit_price": "14.00",
                "discount_amount": "0.00",
                "tax_rate": "0.19",
                "line_total": "56.00",
            },
        ],
        "subtotal": "235.00",
        "discount_total": "17.90",
        "shipping_total": "4.90",
        "tax_total": "35.45",
        "tax_added": "0.00",
        "prices_include_tax": True,
        "tax_lines": [{"name": "VAT", "rate": "0.19", "taxable": "186.55", "amount": "35.45"}],
        "total": "222.00",
        "currency": "EUR",
        **changes,
    }


def text_of(pdf: bytes) -> str:
    """Return the words of a PDF with single spaces."""
    pages = PdfReader(BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


class TestPdf:
    @pytest.mark.parametrize(
        "shown",
        [
            "Receipt R-2026-000042", "November 23, 2026", "K7Q2MXR94T",
            "Payment reference: 0199b1a2-7c00-7000-8000-00000000abcd",
            "Fern & Oak", "VAT ID DE123456789", "Ana Müller", "Hauptstraße 12", "Walnut desk lamp", "Shade: Linen",
            "SKU LAMP-WAL", "2 €89.50 19% €179.00", "Subtotal €235.00", "Discount −€17.90", "Shipping €4.90",
            "Total €222.00", "VAT 19% €186.55 €35.45", "All prices include tax.", "Paid by Card",
        ],
    )  # fmt: skip
    def test_shows(self, shown: str) -> None:
        assert shown in text_of(receipt_pdf(a_receipt()))

    def test_is_written_in_german(self) -> None:
        text = text_of(receipt_pdf(a_receipt(language="de")))

        for shown in (
            "Beleg R-2026-000042",
            "23. November 2026",
            "Gesamtbetrag 222,00 €",
            "VAT 19 % 186,55 € 35,45 €",
        ):
            assert shown in text

    def test_says_what_it_is_to_readers_and_machines(self) -> None:
        reader = PdfReader(BytesIO(receipt_pdf(a_receipt(language="de"))))

        assert reader.metadata is not None
        assert reader.metadata.title == "Beleg R-2026-000042"
        assert reader.metadata.author == "Fern & Oak"
        assert str(reader.root_object["/Lang"]) == "de"

    def test_never_changes(self) -> None:
        assert receipt_pdf(a_receipt()) == receipt_pdf(a_receipt())

    def test_carries_its_font(self) -> None:
        pdf = receipt_pdf(a_receipt())

        assert b"/FontFile2" in pdf
        assert b"DejaVuSansCondensed" in pdf

    @pytest.mark.parametrize(
        "name", ["Зоя Łukasiewicz", "Ελένη Ñandú", "Việt Ðặng", "山田 太郎さん", "김철수"]
    )
    def test_writes_names_of_many_scripts(self, name: str) -> None:
        receipt = a_receipt(buyer={"name": name, "company": "", "email": "", "address_lines": []})

        text = text_of(receipt_pdf(receipt))

        assert name.replace(" ", "") in text.replace(" ", "")

    def test_takes_markup_as_text(self) -> None:
        receipt = a_receipt()
        receipt["lines"][0]["name"] = '<img src="file:///etc/passwd"/><b>Lamp</b> & <a href="x">more'

        text = text_of(receipt_pdf(receipt))

        assert '<img src="file:///etc/passwd"/><b>Lamp</b>' in text.replace("/> <b>", "/><b>")

    def test_goes_on_for_pages(self) -> None:
        receipt = a_receipt()
        receipt["lines"] = receipt["lines"] * 30

        reader = PdfReader(BytesIO(receipt_pdf(receipt)))

        assert len(reader.pages) == 6
        assert all(f"Page {number}" in page.extract_text() for number, page in enumerate(reader.pages, 1))

    def test_fits_a_very_long_name(self) -> None:
        receipt = a_receipt()
        receipt["lines"][0]["name"] = "Lamp " * 2000 + "x" * 200

        assert text_of(receipt_pdf(receipt)).count("Lamp") == 2000

    def test_writes_a_free_order(self) -> None:
        receipt = a_receipt(
            lines=[],
            subtotal="0.00",
            discount_total="0.00",
            shipping_total="0.00",
            total="0.00",
            tax_lines=[],
        )
        receipt["payment"]["method"] = "free"

        text = text_of(receipt_pdf(receipt))

        assert "Paid by Nothing to pay" in text
        assert "Total €0.00" in text

    def test_adds_tax_where_prices_come_without(self) -> None:
        receipt = a_receipt(prices_include_tax=False, tax_added="35.45", total="257.45")

        text = text_of(receipt_pdf(receipt))

        assert "Tax €35.45 Total €257.45" in text
        assert "Prices are without tax." in text

    @pytest.mark.parametrize(
        ("currency", "amount", "written"),
        [("JPY", "500", "¥500"), ("BHD", "1.234", "BHD 1.234"), ("CHF", "5.00", "CHF 5.00")],
    )
    def test_writes_each_currency_with_its_places(self, currency: str, amount: str, written: str) -> None:
        receipt = a_receipt(
            lines=[],
            subtotal=amount,
            discount_total="0",
            shipping_total="0",
            total=amount,
            tax_lines=[],
            currency=currency,
        )

        assert f"Total {written}" in text_of(receipt_pdf(receipt))


class TestHtml:
    def test_says_what_the_pdf_says(self) -> None:
        page = receipt_html(a_receipt())

        for shown in (
            "Receipt R-2026-000042",
            "Ana Müller",
            "Walnut desk lamp",
            "€179.00",
            "€222.00",
            "−€17.90",
        ):
            assert shown in page
        assert '<html lang="en">' in page

    def test_is_accessible(self) -> None:
        page = receipt_html(a_receipt())

        assert page.count("<h1>") == 1
        assert page.count("<caption") == page.count("<table") == 3
        assert 'scope="col"' in page
        assert 'scope="row"' in page

    def test_needs_nothing_else(self) -> None:
        page = receipt_html(a_receipt())

        for loaded in ("<script", "<link", "<img", "url(", "@import", "http"):
            assert loaded not in page

    def test_takes_markup_as_text(self) -> None:
        receipt = a_receipt()
        receipt["lines"][0]["name"] = "<script>alert(1)</script>"

        assert "&lt;script&gt;alert(1)" in receipt_html(receipt)

    def test_falls_back_to_english(self) -> None:
        assert '<html lang="en">' in receipt_html(a_receipt(language="fr"))

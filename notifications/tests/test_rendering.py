"""Every mail in every language: equal parts, escaped, with links from the configuration only."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from gettext import GNUTranslations
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from babel.messages.pofile import read_po
from django.template.loader import get_template

from notifications import letters, links, rendering
from notifications.letter import greeting_name
from notifications.tests.factories import an_order

# No database stands behind a mail's words.
pytestmark = pytest.mark.once

TEMPLATES = sorted({*letters._LETTERS, "email_change_taken"})
CONTEXT: dict[str, Any] = {
    "name": "Ana",
    "verify_url": "https://shop.example/account/verify/uid/token/",
    "reset_url": "https://shop.example/account/reset/uid/token/",
    "confirm_url": "https://shop.example/account/email/uid/token/",
    "new_address": "n…@e….com",
    "at": datetime(2026, 11, 23, 15, 4, tzinfo=UTC),
    "until": datetime(2026, 11, 24, 15, 4, tzinfo=UTC),
    "browser": "Firefox",
    "system": "Windows",
    "network": "203.0.113.x",
    "session": SimpleNamespace(
        created_at="2026-11-20T08:00:00+00:00",
        last_seen_at="2026-11-23T15:00:00+00:00",
        ended_at="2026-11-23T15:04:00+00:00",
    ),
    "enabled": True,
    "by_staff": False,
    "order_url": "https://shop.example/account/orders/1/?token=a&b=c",
    "was_paid": True,
    "parcel": {
        "carrier_name": "DHL",
        "tracking_number": "00340434",
        "tracking_url": "https://carrier.example/?n=00340434&x=1",
    },
    "last": False,
    "items": [{"name": "Walnut lamp & shade", "options": {"items": "6 & more"}, "quantity": 2}],
    "back": {"message": "Use the label & tape."},
    "note": "It leaves on Monday.",
    "step": "approved",
    "dispute": {
        "amount": 500,
        "currency": "EUR",
        "reason": "product not received",
        "is_inquiry": False,
        "due_by": datetime(2026, 12, 1, 12, 0, tzinfo=UTC),
    },
    "order_number": "K7Q2MXR94T",
    "won": False,
    "receipt_number": "R-2026-000042",
    "receipt_file": "receipt-R-2026-000042.pdf",
    "refund_minor": 500,
    "refund_currency": "EUR",
    "product_name": "Walnut desk lamp",
    "variant_name": " (Linen, Black)",
    "product_url": "https://shop.example/products/walnut-desk-lamp/",
    "admin_url": "https://shop.example/admin/products/product/1/change/",
    "cart": {"items": an_order()["items"], "currency": "EUR"},
    "cart_url": "https://store.example/cart/",
    "unsubscribe_url": "https://shop.example/account/unsubscribe/token/",
    "lines": [{"sku": "LIT-02", "variant_name": " (Linen)", "available": 2}],
}


class Words(HTMLParser):
    """Collects what a reader sees, and where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("head", "style") or dict(attrs).get("class") == "preheader"
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        # The preheader is the only div.
        self.hidden -= tag in ("head", "style", "div")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words += words_of(data)


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\s:]+", text)


def write(template: str, language: str = "en", **order: Any) -> rendering.Rendered:
    context = {**CONTEXT, "order": an_order(**order)}
    return rendering.render(template=template, language=language, context=context)


def seen(html: str) -> Words:
    parser = Words()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("template", TEMPLATES)
class TestEveryMail:
    def test_says_the_same_in_text_and_html(self, template: str, language: str) -> None:
        mail = write(template, language)
        page = seen(mail.html)
        in_html = set(page.words) | {word for link in page.links for word in words_of(link)}
        in_text = set(words_of(mail.text))

        # What only one form needs: bullets and the signature's dashes; the hint about the button.
        hint = {
            "en": "If the button does not work, open this address",
            "de": "Falls der Knopf nicht funktioniert, öffnen Sie diese Adresse",
        }
        assert in_text - in_html == {"*", "--"} & in_text
        assert in_html - in_text <= set(words_of(hint[language]))

        # What lists of mail show beside the subject is the text behind heading and greeting.
        first = mail.preheader[:40].strip()
        assert first in " ".join(mail.text.replace("\n* ", "\n").split())
        assert len(first) < len(mail.preheader) <= 141
        assert not re.search(r"://|^(Hello|Guten Tag)\b|\n", mail.preheader)
        assert re.search(r'<div class="preheader" style="[^"]*display: none', mail.html)

    def test_is_in_one_language(self, template: str, language: str) -> None:
        mail = write(template, language)

        german = re.search(r"\b(Sie|Ihre?|Bestellung)\b", mail.text + mail.subject)
        english = re.search(r"\b(you|your|order)\b", mail.text + mail.subject, re.IGNORECASE)
        assert (german is not None, english is not None) == (language == "de", language == "en")
        assert f'<html lang="{language}">' in mail.html

    def test_has_everything_in_itself(self, template: str, language: str) -> None:
        html = write(template, language).html

        assert "prefers-color-scheme: dark" in html
        assert not re.search(r"<(img|script|link|iframe)\b|url\(|@import", html)
        assert re.search(r'<td class="card" style="[^"]*background: #ffffff', html)
        assert "{%" not in html
        assert "{{" not in html

    def test_leaves_no_tag_in_text(self, template: str, language: str) -> None:
        mail = write(template, language)

        assert not re.search(r"<[a-z/]|&amp;|&#|\{%|\{\{|\n{3,}", mail.text)
        assert mail.text.startswith("Fern & Oak\n")
        assert "\n" not in mail.subject


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_mail_has_three_files(template: str) -> None:
    for part in ("subject.txt", "txt", "html"):
        get_template(f"notifications/{template}.{part}")


class TestOrderMail:
    def test_shows_lines_totals_tax_and_addresses(self) -> None:
        text = write("order_placed").text

        assert "* Walnut desk lamp\n  Shade: Linen\n  Cable: Black\n  2 × €89.50: €179.00\n" in text
        assert (
            "Subtotal: €235.00\nDiscount: −€23.50\nShipping: €4.90\nTotal: €216.40\nincluding VAT 19%: €34.55\n"
            in text
        )
        assert (
            "Ships to:\n  Ana Müller\n  Müller & Töchter GmbH\n  Hauptstraße 12\n  Hinterhaus\n  10115 Berlin\n"
            "  Germany\n" in text
        )

    def test_writes_amounts_the_german_way(self) -> None:
        text = write("order_placed", "de").text

        assert "Gesamtbetrag: 216,40\xa0€\ndarin enthalten: VAT 19\xa0%: 34,55\xa0€\n" in text
        assert "Bestellung K7Q2MXR94T vom 23. November 2026" in text
        assert "  10115 Berlin\n  Deutschland\n" in text

    def test_adds_tax_where_prices_come_without(self) -> None:
        text = write("order_placed", prices_include_tax=False, tax_added="34.55", total="250.95").text

        assert "Shipping: €4.90\nVAT 19%: €34.55\nTotal: €250.95\n" in text

    def test_lists_discounts_by_name(self) -> None:
        discounts = [
            {"name": "Autumn & more", "code": None, "amount": "20.00"},
            {"name": "Five off", "code": "FIVE", "amount": "3.50"},
            {"name": "Free shipping", "code": None, "amount": "0.00"},
        ]

        mail = write("order_placed", discounts=discounts)

        assert "Subtotal: €235.00\nAutumn & more: −€20.00\nFive off: −€3.50\nShipping: €4.90\n" in mail.text
        assert "Autumn &amp; more</th>" in mail.html
        assert "Discount" not in mail.text + mail.html

    @pytest.mark.parametrize(
        ("treatment", "language", "says"),
        [
            ("export", "en", "VAT ID FR40303265045\nTax-free export.\n"),
            ("export", "de", "USt-IdNr. FR40303265045\nSteuerfreie Ausfuhrlieferung.\n"),
            ("reverse_charge", "en", "Reverse charge: the recipient accounts for the VAT.\n"),
            ("reverse_charge", "de", "Steuerschuldnerschaft des Leistungsempfängers.\n"),
        ],
    )
    def test_says_why_there_is_no_tax(self, treatment: str, language: str, says: str) -> None:
        mail = write(
            "order_placed",
            language,
            tax_treatment=treatment,
            vat_id="FR40303265045",
            tax_lines=[],
            prices_include_tax=False,
        )

        assert says in mail.text
        assert says.splitlines()[-1] in mail.html

    def test_says_until_when_it_is_reserved_only_while_it_waits(self) -> None:
        assert "until November 23, 2026, 3:34\u202fPM UTC" in write("order_placed").text
        assert "reserved" not in write("order_placed", status="confirmed").text

    def test_mentions_the_receipt(self) -> None:
        assert write("order_paid").subject == "Your receipt for order K7Q2MXR94T"
        german = write("order_paid", "de")
        assert german.subject == "Ihr Beleg zur Bestellung K7Q2MXR94T"
        assert "Der Beleg R-2026-000042 hängt an dieser Nachricht." in german.text

    def test_lists_the_goods_with_what_tells_variants_apart(self) -> None:
        mail = write("order_shipped")

        assert "* Walnut lamp & shade × 2\n  items: 6 & more\n" in mail.text
        assert "items: 6 &amp; more</span></th><td" in mail.html

    def test_says_how_the_shop_is_reached(self, settings: Any) -> None:
        settings.CONTACT_EMAIL, settings.SHOP_VAT_ID = "help@shop.example", "DE123456789"

        assert write("welcome", "de").text.endswith("Germany · USt-IdNr. DE123456789 · help@shop.example\n")

    def test_says_in_german_what_a_dispute_is_about(self) -> None:
        assert "Angegebener Grund: Ware nicht erhalten." in write("dispute_opened", "de").text

    def test_says_that_a_free_order_costs_nothing(self) -> None:
        text = write("order_paid", total="0.00", items=[], tax_lines=[]).text

        assert "Your order is confirmed" in text
        assert "payment has arrived" not in text

    def test_leaves_out_what_an_order_without_shipping_lacks(self) -> None:
        text = write("order_placed", shipping_address=None, billing_address=None, shipping_total="0.00").text

        assert "Ships to" not in text
        assert "Shipping" not in text

    def test_has_no_button_without_a_page(self) -> None:
        context = {**CONTEXT, "order": an_order(), "order_url": ""}

        mail = rendering.render(template="order_placed", language="en", context=context)

        assert "View my order" not in mail.text + mail.html

    def test_shows_an_option_called_items(self) -> None:
        item = {**an_order()["items"][0], "options": {"items": "6"}}

        assert "  items: 6\n" in write("order_placed", items=[item]).text


class TestHostileText:
    def test_is_escaped_in_html_and_plain_in_text(self) -> None:
        item = {**an_order()["items"][0], "name": "<script>alert('x')</script> & co"}

        mail = write("order_placed", items=[item])

        assert "<script>" not in mail.html
        assert "&lt;script&gt;" in mail.html
        assert "* <script>alert('x')</script> & co\n" in mail.text

    def test_cannot_break_lines_or_use_formats(self) -> None:
        address = {
            **an_order()["shipping_address"],
            "full_name": "Eve\n\nPay to: %(number)s {0} \u202e\x00evil",
        }

        mail = write("order_placed", shipping_address=address)

        assert "\n  Eve Pay to: %(number)s {0} evil\n" in mail.text

    @pytest.mark.parametrize(
        ("name", "greeted"),
        [
            ("Ana Müller", "Ana Müller"),
            ("Win money http://evil.example", ""),
            ("evil.example", ""),
            ("a" * 41, ""),
            ("Ana\nEve", ""),
        ],
    )
    def test_is_not_greeted(self, name: str, greeted: str) -> None:
        assert greeting_name(name) == greeted


class TestLinks:
    def test_lead_to_the_shops_own_pages(self, settings: Any) -> None:
        settings.STOREFRONT_URL, settings.SHOP_URL = "", "https://shop.example"

        assert links.home() == "https://shop.example/"
        assert links.reset(uid="u", token="t") == "https://shop.example/account/reset/u/t/"
        assert links.verify(uid="u", token="t") == "https://shop.example/account/verify/u/t/"
        assert links.email_change(uid="u", token="t") == "https://shop.example/account/email/u/t/"
        # Without a storefront a customer has nowhere to sign in.
        assert links.order(order_id="7", token=None) == ""
        assert links.cart() == ""
        assert links.unsubscribe(token="a.b") == "https://shop.example/account/unsubscribe/a.b/"
        assert links.order(order_id="7", token="a&b") == "https://shop.example/account/orders/7/?token=a%26b"

    def test_lead_to_the_storefront_when_there_is_one(self, settings: Any) -> None:
        settings.STOREFRONT_URL, settings.SHOP_URL = "https://front.example/", "https://shop.example"

        assert links.home() == "https://front.example/"
        assert links.reset(uid="u", token="t") == "https://front.example/reset/u/t/"
        assert links.verify(uid="u", token="t") == "https://front.example/verify/u/t/"
        assert links.email_change(uid="u", token="t") == "https://front.example/email/u/t/"
        assert links.order(order_id="7", token="x") == "https://front.example/orders/7/?token=x"
        assert links.order(order_id="7", token=None) == "https://front.example/orders/7/"
        assert links.cart() == "https://front.example/cart/"
        # Mail programs post to it, and no storefront has to know how.
        assert links.unsubscribe(token="t") == "https://shop.example/account/unsubscribe/t/"


class TestLanguages:
    @pytest.mark.parametrize(("wanted", "found"), [("de-AT", "de"), ("DE", "de"), ("fr", "en"), ("", "en")])
    def test_fall_back(self, wanted: str, found: str) -> None:
        assert rendering.supported(wanted) == found


class TestCatalogues:
    @pytest.mark.parametrize("language", ["en", "de"])
    def test_are_compiled_as_they_are_written(self, language: str) -> None:
        folder = Path(rendering.__file__).parent / "locale" / language / "LC_MESSAGES"
        with (folder / "django.po").open("rb") as source, (folder / "django.mo").open("rb") as compiled:
            written, found = read_po(source, locale=language), GNUTranslations(compiled)

        for message in written:
            if message.id:
                assert found.pgettext(message.context or "", str(message.id)) == (
                    message.string or message.id
                )

    def test_german_says_everything(self) -> None:
        source = Path(rendering.__file__).parent / "locale" / "de" / "LC_MESSAGES" / "django.po"
        catalogue = read_po(io.BytesIO(source.read_bytes()), locale="de")

        assert [message.id for message in catalogue if message.id and not message.string] == []
        used = set()
        for template in Path(rendering.__file__).parent.glob("templates/notifications/*"):
            used |= set(re.findall(r'\{% translate "([^"]+)"', template.read_text()))
        assert used <= {str(message.id) for message in catalogue}

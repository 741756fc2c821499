"""Who is taxed how: by the shop's country, the place, the VAT id and the rates that the shop has."""

from __future__ import annotations

import pytest

from cart.places import Place
from cart.tax.table import Seller, rules_for
from cart.tests.tax.sales import RATES, rules, sold

pytestmark = pytest.mark.once

AT, DE, EL, FR, NL = "ATU13585627", "DE136695976", "EL094259216", "FR40303265045", "NL004495445B01"


def to(country: str, postal_code: str = "", region: str = "") -> Place:
    return Place(country=country, region=region, postal_code=postal_code)


# (shop, rates it has, place, VAT id, treatment, total, tax), prices with tax.
INCLUDED = [
    # At home.
    ("DE", "DE", to("DE", "10115"), "", "standard", 14635, 2135),
    ("DE", "DE FR", to("DE", "10115"), "", "standard", 14635, 2135),
    ("DE", "DE", to("DE", "10115"), DE, "standard", 14635, 2135),
    ("DE", "DE", to("DE", "10115"), FR, "standard", 14635, 2135),
    ("DE", "", to("DE", "10115"), "", "standard", 14635, 0),
    ("CH", "CH", to("CH", "8001"), "", "standard", 14635, 991),
    ("CH", "CH", to("CH", "8001"), DE, "standard", 14635, 991),
    # To another EU state that the shop has rates of: those.
    ("DE", "DE FR", to("FR", "75001"), "", "standard", 14635, 2194),
    ("FR", "FR DE", to("DE", "10115"), "", "standard", 14635, 2135),
    ("DE", "DE ES", to("ES", "28001"), "", "standard", 14635, 2168),
    ("DE", "DE PT", to("PT", "1000-001"), "", "standard", 14635, 2457),
    # A region's rate replaces its country's, class by class; the country's goes on for the others and the shipping.
    ("DE", "DE PT PT-20", to("PT", "9500-150", "Açores"), "", "standard", 14635, 1873),
    # To one without: at home.
    ("DE", "DE", to("FR", "75001"), "", "standard", 14635, 2135),
    ("DE", "DE FR", to("AT", "1010"), "", "standard", 14635, 2135),
    ("FR", "FR", to("DE", "10115"), "", "standard", 14635, 2194),
    ("DE", "DE", to("MC", "98000"), "", "standard", 14635, 2135),
    ("FR", "FR", to("MC", "98000"), "", "standard", 14635, 2194),
    ("DE", "DE", to("ES", "07001"), "", "standard", 14635, 2135),
    ("DE", "DE", to("FI", "00100"), "", "standard", 14635, 2135),
    ("DE", "", to("FR", "75001"), "", "standard", 14635, 0),
    # To a business of another state: nothing, rates or not.
    ("DE", "DE", to("FR", "75001"), FR, "reverse_charge", 12500, 0),
    ("DE", "DE FR", to("FR", "75001"), FR, "reverse_charge", 12500, 0),
    ("DE", "DE", to("FR", "75001"), AT, "reverse_charge", 12500, 0),
    ("DE", "DE", to("GR", "10431"), EL, "reverse_charge", 12500, 0),
    ("DE", "DE", to("MC", "98000"), FR, "reverse_charge", 12500, 0),
    ("FR", "FR", to("DE", "10115"), DE, "reverse_charge", 12441, 0),
    ("DE", "", to("FR", "75001"), FR, "reverse_charge", 14635, 0),
    # One of the shop's own state, or none that can be one, changes nothing.
    ("DE", "DE", to("FR", "75001"), DE, "standard", 14635, 2135),
    ("DE", "DE FR", to("FR", "75001"), DE, "standard", 14635, 2194),
    ("DE", "DE", to("FR", "75001"), "FR40303265046", "standard", 14635, 2135),
    ("DE", "DE", to("FR", "75001"), "ZZ123", "standard", 14635, 2135),
    ("GR", "DE", to("DE", "10115"), EL, "standard", 14635, 2135),
    # Out of the EU.
    ("DE", "DE", to("CH", "8001"), "", "export", 12500, 0),
    ("DE", "DE", to("US", "94105", "California"), "", "export", 12500, 0),
    ("DE", "DE", to("GB", "SW1A 1AA"), "", "export", 12500, 0),
    ("DE", "DE", to("GB", "BT1 5GS"), "", "export", 12500, 0),
    ("DE", "DE", to("AX", "22100"), "", "export", 12500, 0),
    ("DE", "DE", to("RE", "97400"), "", "export", 12500, 0),
    ("DE", "DE", to("CH", "8001"), FR, "export", 12500, 0),
    ("DE", "", to("CH", "8001"), "", "export", 14635, 0),
    # Unless the shop has rates for there.
    ("DE", "DE CH", to("CH", "8001"), "", "standard", 14635, 991),
    ("DE", "DE US-CA", to("US", "94105", "California"), "", "standard", 14635, 804),
    ("DE", "DE US-CA", to("US", "97201", "Oregon"), "", "export", 12500, 0),
    # Parts of EU states where their VAT doesn't reign, the shop's own among them, whatever rates of the state say.
    ("DE", "DE ES", to("ES", "35001"), "", "export", 12500, 0),
    ("DE", "DE", to("ES", "38001"), "", "export", 12500, 0),
    ("DE", "DE", to("ES", "51001"), "", "export", 12500, 0),
    ("DE", "DE", to("ES", "52001"), "", "export", 12500, 0),
    ("DE", "DE", to("DE", "27498"), "", "export", 12500, 0),
    ("DE", "DE", to("DE", "78266"), "", "export", 12500, 0),
    ("DE", "DE", to("IT", "23041"), "", "export", 12500, 0),
    ("DE", "DE", to("IT", "22061"), "", "export", 12500, 0),
    ("DE", "DE", to("FI", "FI-22 100"), "", "export", 12500, 0),
    ("DE", "DE", to("GR", "630 86"), "", "export", 12500, 0),
    ("DE", "DE FR", to("FR", "97400"), "", "export", 12500, 0),
    ("DE", "DE", to("DK", "3900"), "", "export", 12500, 0),
    ("DE", "DE", to("ES", "35001"), FR, "export", 12500, 0),
    ("DE", "DE ES ES-TF", to("ES", "38001", "Tenerife"), "", "standard", 14635, 779),
    # A shop outside.
    ("CH", "CH", to("DE", "10115"), "", "export", 13644, 0),
    ("CH", "CH", to("DE", "10115"), DE, "export", 13644, 0),
    ("CH", "CH DE", to("DE", "10115"), "", "standard", 14635, 2135),
    ("CH", "CH DE", to("FR", "75001"), "", "export", 13644, 0),
    ("GB", "GB", to("GB", "BT1 5GS"), "", "standard", 14635, 2082),
]

# The same where the price list is without tax.
ADDED = [
    ("DE", "DE", to("DE", "10115"), "", "standard", 17159, 2524),
    ("DE", "DE FR", to("FR", "75001"), "", "standard", 17252, 2617),
    ("DE", "DE", to("FR", "75001"), "", "standard", 17159, 2524),
    ("DE", "DE", to("FR", "75001"), FR, "reverse_charge", 14635, 0),
    ("DE", "DE", to("CH", "8001"), "", "export", 14635, 0),
    ("DE", "DE", to("ES", "35001"), "", "export", 14635, 0),
    ("US", "US-CA", to("US", "94105", "California"), "", "standard", 15498, 863),
    ("US", "US-CA", to("US", "97201", "Oregon"), "", "standard", 14635, 0),
    ("US", "US-CA", to("DE", "10115"), "", "export", 14635, 0),
    ("US", "US-CA DE", to("DE", "10115"), "", "standard", 17159, 2524),
]


class TestTable:
    @pytest.mark.parametrize(("shop", "known", "place", "vat_id", "treatment", "total", "tax"), INCLUDED)
    def test_of_prices_with_tax(self, shop, known, place, vat_id, treatment, total, tax):
        found = rules(shop, place, known, vat_id=vat_id)

        totals = sold(found)

        assert (found.treatment, totals.total, totals.tax, totals.tax_added) == (treatment, total, tax, 0)
        assert found.prices_include_tax is (treatment == "standard")
        assert sum(line.amount for line in totals.tax_lines) == tax
        assert sum(line.taxable + line.amount for line in totals.tax_lines) <= total

    @pytest.mark.parametrize(("shop", "known", "place", "vat_id", "treatment", "total", "tax"), ADDED)
    def test_of_prices_without(self, shop, known, place, vat_id, treatment, total, tax):
        found = rules(shop, place, known, vat_id=vat_id, included=False)

        totals = sold(found)

        assert (found.treatment, totals.total, totals.tax, totals.tax_added) == (treatment, total, tax, tax)
        assert (found.prices_include_tax, totals.subtotal, totals.shipping) == (False, 14040, 595)

    def test_without_a_place_there_is_no_answer(self):
        seller = Seller(country="DE", prices_include_tax=True)

        assert rules_for(RATES["DE"], seller=seller, place=Place(), vat_id=FR, step=1) is None


class TestAmounts:
    def test_mixed_classes_and_shipping_are_told_apart(self):
        totals = sold(rules("DE", to("DE"), "DE"))

        assert [(line.name, line.rate, line.taxable, line.amount) for line in totals.tax_lines] == [
            ("DE standard", 190_000, 10_500, 1995),
            ("DE reduced", 70_000, 2000, 140),
        ]
        assert [(line.key, line.total, line.tax) for line in totals.lines] == [
            ("standard", 11900, 1900), ("reduced", 2140, 140),
        ]  # fmt: skip
        assert totals.shipping_tax == 95

    def test_what_is_free_of_tax_is_charged_net_unit_by_unit(self):
        totals = sold(rules("DE", to("CH"), "DE"))

        assert [(line.unit_price, line.total, line.tax, line.rate) for line in totals.lines] == [
            (10_000, 10_000, 0, 0), (1000, 2000, 0, 0),
        ]  # fmt: skip
        assert (totals.shipping, totals.shipping_tax, totals.tax_lines) == (500, 0, ())

    def test_a_class_without_a_rate_is_free_of_tax(self):
        totals = sold(rules("DE", to("ES", "28001"), "DE ES"))

        assert [(line.key, line.rate, line.tax) for line in totals.lines] == [
            ("standard", 210_000, 2065), ("reduced", 0, 0),
        ]  # fmt: skip

    def test_free_shipping_is_not_taxed(self):
        assert sold(rules("DE", to("DE"), "DE"), shipping=0).tax == 2040

    def test_what_cannot_be_paid_is_rounded_off(self):
        found = rules("DE", to("CH"), "DE", step=10)

        assert (found.charged(1070, "reduced"), found.charged(1234, "standard")) == (1000, 1034)

    def test_says_how_it_rounds(self):
        assert rules("DE", to("DE"), "DE").rounding == "line_half_up"

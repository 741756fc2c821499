"""Who knows the taxes: a setting names them, a check names the setting, and carts and orders carry their amounts."""

from __future__ import annotations

import pytest

from cart import selectors, services
from cart.checks import taxes_are_known
from cart.tax import NoTaxProvider, provider_at
from cart.tests.factories import bound_for, filled, selling, shopper
from cart.tests.tax import engine
from products.tests.factories import NOW, variant


def found() -> list[tuple[str | None, str]]:
    return [(message.id, message.msg) for message in taxes_are_known()]


@pytest.mark.once
class TestCheck:
    def test_has_nothing_to_say_of_the_shop_as_it_comes(self):
        assert found() == []

    @pytest.mark.parametrize(
        ("path", "why"),
        [
            ("cart.tax.nobody", "it can't be imported"),
            ("no.such.module", "it can't be imported"),
            ("engine", "it can't be imported"),
            ("cart.tax.table.rules_for", "it is no class without arguments"),
            ("cart.places.Place", "it has no taxation_of()"),
        ],
    )
    def test_names_a_provider_that_is_none(self, settings, path, why):
        settings.TAX_PROVIDER = path

        ((code, said),) = found()

        assert code == "cart.E001"
        assert said.startswith(f"TAX_PROVIDER is {path!r}: {why}")
        with pytest.raises(NoTaxProvider):
            provider_at(path)

    def test_takes_another_engine(self, settings):
        settings.TAX_PROVIDER = engine.PATH

        assert found() == []

    @pytest.mark.parametrize("country", ["EL", "UK", "de", "Germany"])
    def test_names_a_country_that_is_none(self, settings, country):
        settings.SHOP_COUNTRY = country

        assert found() == [
            ("cart.E002", f"SHOP_COUNTRY is {country!r}, no country code of ISO 3166-1 (Greece is GR).")
        ]


@pytest.mark.django_db
class TestEngine:
    def test_decides_what_a_cart_is_taxed(self, settings):
        selling()
        settings.TAX_PROVIDER = engine.PATH
        who = shopper()
        filled(who, variant(), quantity=3)

        unknown = selectors.read_cart(who.owner, now=NOW)
        assert unknown is not None
        assert (unknown.totals.tax, unknown.tax_treatment) == (None, "")

        cart = bound_for(who)

        assert (cart.totals.tax, cart.totals.tax_added, cart.totals.shipping_tax) == (152, 152, 122)
        assert (cart.totals.total, cart.prices_include_tax) == (3 * 1990 + 490 + 152, False)
        assert [(line.name, line.rate, line.amount) for line in cart.totals.tax_lines] == [
            ("Road", 250_000, 122), ("Levy", 5_025, 30),
        ]  # fmt: skip
        assert cart.tax_rounding == "engine_exact"

    def test_hands_over_again_as_soon_as_the_setting_does(self, settings):
        selling()
        settings.TAX_PROVIDER = engine.PATH
        who = shopper()
        filled(who, variant())
        bound_for(who)

        settings.TAX_PROVIDER = "cart.tax.table.TableOfRates"

        cart = services.set_place(owner=who.owner, country="DE", now=NOW)
        assert (cart.totals.tax, cart.totals.total, cart.tax_rounding) == (396, 2480, "line_half_up")

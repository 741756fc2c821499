"""Taxation by the shop's own table of rates. Articles are those of Council Directive 2006/112/EC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from cart import pricing
from cart.places import Place
from cart.tax.territory import eu_state_of, is_set_apart
from cart.tax.vat_ids import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STANDARD, EXPORT, REVERSE_CHARGE = "standard", "export", "reverse_charge"


@dataclass(frozen=True, kw_only=True)
class Seller:
    """The shop, as far as taxes ask: its country, and whether its price list includes the tax of that."""

    country: str
    prices_include_tax: bool

    @property
    def eu_state(self) -> str:
        """The EU state that it is in, or an empty text."""
        return eu_state_of(Place(country=self.country))


class TableOfRates:
    """The shop's own tax provider: ``TaxRate`` rows and the rules of the EU."""

    def taxation_of(
        self, rates: Sequence[Mapping[str, Any]], *, place: Place, vat_id: str, step: int
    ) -> pricing.Taxation | None:
        """Return how a sale to a place is taxed; the interface is ``cart.tax.TaxProvider``."""
        seller = Seller(country=settings.SHOP_COUNTRY, prices_include_tax=settings.PRICES_INCLUDE_TAX)
        return rules_for(rates, seller=seller, place=place, vat_id=vat_id, step=step)


def rules_for(
    rates: Sequence[Mapping[str, Any]], *, seller: Seller, place: Place, vat_id: str, step: int
) -> pricing.TaxRules | None:
    """
    Return the rates of a sale, or None where the place isn't known.

    :param rates: those of the place, its region's last, and the seller's own.
    :param step: what tax is rounded to, minor units.
    """
    if not place.country:
        return None
    there, home = _rates_there(rates, place), _rates_at_home(rates, seller)
    treatment = treatment_of(seller, place, vat_id=vat_id, has_rates=bool(there))
    if treatment == STANDARD:
        # To another EU state without rates it is taxed at home: so a small seller is, whose sales to all other
        # states together stay below the threshold (article 59c). One who is above it writes their rates.
        by_class, shipping = _by_class(there or home)
        return pricing.TaxRules(
            by_class=by_class,
            shipping=shipping,
            prices_include_tax=seller.prices_include_tax,
            treatment=treatment,
            step=step,
        )
    # What the price list includes of the tax at home isn't owed, so it isn't charged either.
    by_class, shipping = _by_class(home if seller.prices_include_tax else ())
    return pricing.TaxRules(
        prices_include_tax=False, treatment=treatment, home=by_class, home_shipping=shipping, step=step
    )


def treatment_of(seller: Seller, place: Place, *, vat_id: str, has_rates: bool) -> str:
    """
    Return why a sale to a place is taxed as it is.

    :param has_rates: whether the shop has rates for the place.
    """
    to_state = eu_state_of(place)
    if seller.eu_state and to_state not in ("", seller.eu_state):
        # To a business of another state (article 138): any but the seller's own, not only where the goods go.
        is_business = state_of(vat_id) not in ("", seller.eu_state)
        return REVERSE_CHARGE if is_business else STANDARD
    # Else it is exported (article 146), be it to a part of the seller's own state where its VAT doesn't reign.
    at_home = to_state == seller.eu_state if seller.eu_state else place.country == seller.country
    return STANDARD if at_home or has_rates else EXPORT


def _rates_there(rates: Sequence[Mapping[str, Any]], place: Place) -> list[Mapping[str, Any]]:
    # Where a state's VAT doesn't reign, its rates say nothing; those that the shop wrote for that region do.
    apart = is_set_apart(place)
    return [rate for rate in rates if rate["country"] == place.country and (rate["region"] or not apart)]


def _rates_at_home(rates: Sequence[Mapping[str, Any]], seller: Seller) -> list[Mapping[str, Any]]:
    return [rate for rate in rates if rate["country"] == seller.country and not rate["region"]]


def _by_class(rates: Sequence[Mapping[str, Any]]) -> tuple[dict[str, pricing.Tax], pricing.Tax]:
    """Return the rates by class and the one of shipping; a region's stand last and replace the country's."""
    taxes = [(rate, pricing.Tax(name=rate["name"], rate=rate["rate"])) for rate in rates]
    shipping = [tax for rate, tax in taxes if rate["on_shipping"]]
    return {rate["tax_class"]: tax for rate, tax in taxes}, shipping[-1] if shipping else pricing.NO_TAX

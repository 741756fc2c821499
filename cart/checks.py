"""What must be true of the settings that carts are priced by: each finding names the variable to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django_countries import countries

from cart.requirements import LONGEST_VERSION
from cart.tax import NoTaxProvider, provider_at
from shop.core.money import is_currency

if TYPE_CHECKING:
    from collections.abc import Iterator


# Tagged so that a server looks at it too before it takes requests: without taxes no cart has a price.
@register(Tags.security)
def taxes_are_known(**_options: Any) -> list[CheckMessage]:
    """Report what would leave every cart without its taxes."""
    return [*_provider(), *_country()]


def _provider() -> Iterator[CheckMessage]:
    try:
        provider_at(settings.TAX_PROVIDER)
    except NoTaxProvider as error:
        yield Error(f"TAX_PROVIDER is {settings.TAX_PROVIDER!r}: {error}", id="cart.E001")


def _country() -> Iterator[CheckMessage]:
    if settings.SHOP_COUNTRY not in countries:
        yield Error(
            f"SHOP_COUNTRY is {settings.SHOP_COUNTRY!r}, no country code of ISO 3166-1 (Greece is GR).",
            id="cart.E002",
        )


@register(Tags.security)
def currencies_are_known(**_options: Any) -> list[CheckMessage]:
    """Report what no price could be in, and countries whose carts would be in nothing that the shop sells in."""
    return [*_currencies(), *_currencies_by_country()]


def _currencies() -> Iterator[CheckMessage]:
    for code in settings.CURRENCIES:
        if not is_currency(code):
            yield Error(f"CURRENCIES: {code!r} is no currency that this shop knows.", id="cart.E003")
    if settings.BASE_CURRENCY not in settings.CURRENCIES:
        yield Error(f"CURRENCIES lacks the base currency, {settings.BASE_CURRENCY}.", id="cart.E004")


def _currencies_by_country() -> Iterator[CheckMessage]:
    for country, currency in settings.COUNTRY_CURRENCIES.items():
        if country not in countries:
            yield Error(f"COUNTRY_CURRENCIES: {country!r} is no country code of ISO 3166-1.", id="cart.E005")
        if currency not in settings.CURRENCIES:
            yield Error(
                f"COUNTRY_CURRENCIES: {currency} of {country} isn't one of CURRENCIES.", id="cart.E006"
            )


@register(Tags.security)
def terms_can_be_kept(**_options: Any) -> list[CheckMessage]:
    """Report a version of the terms that no order could keep."""
    if len(settings.ORDER_TERMS_VERSION) <= LONGEST_VERSION:
        return []
    return [Error(f"ORDER_TERMS_VERSION has more than {LONGEST_VERSION} characters.", id="cart.E007")]

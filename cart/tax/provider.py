"""Who knows the taxes: the interface, and the one that ``TAX_PROVIDER`` names."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cart.places import Place
    from cart.pricing import Taxation


@runtime_checkable
class TaxProvider(Protocol):
    """
    Decides how a sale is taxed. A class without arguments that one instance is made of in each process.

    It is asked inside transactions, each time a cart is priced, so it answers from what it has (its own tables, kept
    up to date by a job) and never over the network; and the same cart must get the same answer when the order is placed
    a moment later.
    """

    def taxation_of(
        self, rates: Sequence[Mapping[str, Any]], *, place: Place, vat_id: str, step: int
    ) -> Taxation | None:
        """
        Return how a sale to a place is taxed, or None where the place isn't known.

        :param rates: the shop's own rates of the place, those of its region last, and of the country where the shop
            is: ``name``, ``country``, ``region``, ``tax_class``, ``rate`` in millionths, ``on_shipping``.
        :param vat_id: the buyer's, as it was checked, or an empty text.
        :param step: what amounts are rounded to, minor units.
        """


class NoTaxProvider(Exception):
    """Raised when ``TAX_PROVIDER`` names nothing that could be one; the text says what is wrong."""


def taxation_of(
    rates: Sequence[Mapping[str, Any]], *, place: Place, vat_id: str, step: int
) -> Taxation | None:
    """Return how a sale is taxed, as the shop's tax provider has it; the arguments are those of ``TaxProvider``."""
    return provider_at(settings.TAX_PROVIDER).taxation_of(rates, place=place, vat_id=vat_id, step=step)


@functools.cache
def provider_at(path: str) -> TaxProvider:
    """
    Return the provider that a dotted path names.

    :raises NoTaxProvider: there is none.
    """
    try:
        made = import_string(path)()
    except ImportError as error:
        raise NoTaxProvider(f"it can't be imported: {error}") from error
    except TypeError as error:
        raise NoTaxProvider(f"it is no class without arguments: {error}") from error
    if not isinstance(made, TaxProvider):
        raise NoTaxProvider("it has no taxation_of(); see cart/tax/provider.py.")
    return made

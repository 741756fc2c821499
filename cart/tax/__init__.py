"""How sales are taxed: the shop's own table of rates, or whatever ``TAX_PROVIDER`` names."""

from cart.tax.provider import NoTaxProvider, TaxProvider, provider_at, taxation_of
from cart.tax.vat_ids import normalised as normalised_vat_id

__all__ = ["NoTaxProvider", "TaxProvider", "normalised_vat_id", "provider_at", "taxation_of"]

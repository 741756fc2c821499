"""How sales are taxed: the shop's own table of rates, or whatever ``TAX_PROVIDER`` names."""

from cart.tax.table import taxation_of

__all__ = ["taxation_of"]

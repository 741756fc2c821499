"""Carts in the admin: read-only; what decides totals is edited here."""

from cart.admin.carts import CartAdmin
from cart.admin.taxes import TaxRateAdmin

__all__ = ["CartAdmin", "TaxRateAdmin"]

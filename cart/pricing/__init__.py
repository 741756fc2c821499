"""
What a cart costs: one pure function from lines, promotions, tax and shipping to totals.

No ORM, no clock, no settings. Whole minor units throughout. Percentages and tax are rounded once a line, half away
from zero; a fixed amount is split over lines so that the parts sum to it exactly and one more unit never makes
anything cheaper (``splitting``).
"""

from cart.pricing.considering import Considered, Reason
from cart.pricing.promotions import Customer, Promotion
from cart.pricing.taxes import NO_TAX, Assessment, LineTax, Tax, Taxation, TaxedLine, TaxLine, TaxRules
from cart.pricing.totals import Line, PricedLine, Sale, Totals, price

__all__ = [
    "NO_TAX",
    "Assessment",
    "Considered",
    "Customer",
    "Line",
    "LineTax",
    "PricedLine",
    "Promotion",
    "Reason",
    "Sale",
    "Tax",
    "TaxLine",
    "TaxRules",
    "Taxation",
    "TaxedLine",
    "Totals",
    "price",
]

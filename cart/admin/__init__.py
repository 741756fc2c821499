"""Carts in the admin: read-only; what decides totals is edited here."""

from cart.admin.carts import CartAdmin
from cart.admin.codes import CouponAdmin
from cart.admin.promotions import PromotionAdmin, RedemptionAdmin
from cart.admin.shipping import ShippingMethodAdmin, ShippingZoneAdmin
from cart.admin.taxes import TaxRateAdmin

__all__ = [
    "CartAdmin",
    "CouponAdmin",
    "PromotionAdmin",
    "RedemptionAdmin",
    "ShippingMethodAdmin",
    "ShippingZoneAdmin",
    "TaxRateAdmin",
]

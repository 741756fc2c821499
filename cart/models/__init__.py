"""Carts, and what decides their totals: tax rates, shipping, promotions."""

from cart.models.carts import MAX_LINES, MAX_QUANTITY, NO_CART, Cart, CartCoupon, CartItem
from cart.models.promotions import Coupon, CustomerUses, Promotion, Redemption
from cart.models.shipping import ShippingMethod, ShippingRate, ShippingZone, ZoneArea
from cart.models.taxes import TaxRate

__all__ = [
    "MAX_LINES",
    "MAX_QUANTITY",
    "NO_CART",
    "Cart",
    "CartCoupon",
    "CartItem",
    "Coupon",
    "CustomerUses",
    "Promotion",
    "Redemption",
    "ShippingMethod",
    "ShippingRate",
    "ShippingZone",
    "TaxRate",
    "ZoneArea",
]

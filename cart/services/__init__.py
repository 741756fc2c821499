"""Every way a cart can change."""

from cart.services.checkout import check_total, convert
from cart.services.coupons import add_coupon, remove_coupon
from cart.services.forgetting import forget_customer, forget_guest_carts, lock_carts
from cart.services.lines import add_item, add_quantities, clear, set_quantity
from cart.services.merge import merge_guest_cart
from cart.services.opening import converted_cart, open_cart
from cart.services.place import set_place
from cart.services.redeeming import give_back_coupons, redeem

__all__ = [
    "add_coupon",
    "add_item",
    "add_quantities",
    "check_total",
    "clear",
    "convert",
    "converted_cart",
    "forget_customer",
    "forget_guest_carts",
    "give_back_coupons",
    "lock_carts",
    "merge_guest_cart",
    "open_cart",
    "redeem",
    "remove_coupon",
    "set_place",
    "set_quantity",
]

"""Every way a cart can change."""

from cart.services.batches import generate_codes, record_download, withdraw_codes
from cart.services.checkout import check_total, convert
from cart.services.codes import CodeData, change_code, create_code, delete_code
from cart.services.coupons import add_coupon, remove_coupon
from cart.services.drafting import Drafted, draw_up
from cart.services.expiring import announce_abandoned, delete_ended_carts, expire_carts
from cart.services.forgetting import forget_customer, forget_guest_carts, lock_carts
from cart.services.lines import add_item, add_quantities, clear, set_quantity
from cart.services.merge import merge_guest_cart
from cart.services.opening import converted_cart, open_cart
from cart.services.place import set_place
from cart.services.promotions import PromotionData, delete_promotion, save_promotion
from cart.services.redeeming import give_back_coupons, hold_again, redeem
from cart.services.taxes import TaxRateData, delete_tax_rate, save_tax_rate

__all__ = [
    "CodeData",
    "Drafted",
    "PromotionData",
    "TaxRateData",
    "add_coupon",
    "add_item",
    "add_quantities",
    "announce_abandoned",
    "change_code",
    "check_total",
    "clear",
    "convert",
    "converted_cart",
    "create_code",
    "delete_code",
    "delete_ended_carts",
    "delete_promotion",
    "delete_tax_rate",
    "draw_up",
    "expire_carts",
    "forget_customer",
    "forget_guest_carts",
    "generate_codes",
    "give_back_coupons",
    "hold_again",
    "lock_carts",
    "merge_guest_cart",
    "open_cart",
    "record_download",
    "redeem",
    "remove_coupon",
    "save_promotion",
    "save_tax_rate",
    "set_place",
    "set_quantity",
    "withdraw_codes",
]

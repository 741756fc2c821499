"""Every way a cart is read."""

from cart.digests import guest_digest
from cart.places import Place
from cart.selectors.codes import Batch, batches_of, codes_csv
from cart.selectors.held import carts_held, codes_held, count_carts, count_codes, uses_held
from cart.selectors.loading import CartOwner, Shopper, is_alive, load_cart
from cart.selectors.priced import PricedCart, PricedItem, empty_cart, priced_cart, read_cart
from cart.selectors.shipping import ShippingOption, shipping_options
from cart.shapes import cart_json, methods_json

__all__ = [
    "Batch",
    "CartOwner",
    "Place",
    "PricedCart",
    "PricedItem",
    "ShippingOption",
    "Shopper",
    "batches_of",
    "cart_json",
    "carts_held",
    "codes_csv",
    "codes_held",
    "count_carts",
    "count_codes",
    "empty_cart",
    "guest_digest",
    "is_alive",
    "load_cart",
    "methods_json",
    "priced_cart",
    "read_cart",
    "shipping_options",
    "uses_held",
]

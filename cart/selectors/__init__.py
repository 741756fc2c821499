"""Every way a cart is read."""

from cart.places import Place
from cart.selectors.held import carts_held, count_carts
from cart.selectors.loading import CartOwner, Shopper, is_alive, load_cart
from cart.selectors.priced import PricedCart, PricedItem, empty_cart, priced_cart, read_cart
from cart.selectors.shipping import Parcel, ShippingOption, shipping_options
from cart.shapes import cart_json

__all__ = [
    "CartOwner",
    "Parcel",
    "Place",
    "PricedCart",
    "PricedItem",
    "ShippingOption",
    "Shopper",
    "cart_json",
    "carts_held",
    "count_carts",
    "empty_cart",
    "is_alive",
    "load_cart",
    "priced_cart",
    "read_cart",
    "shipping_options",
]

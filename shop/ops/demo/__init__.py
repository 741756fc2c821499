"""The demo shop, Fern & Oak: goods, prices, pictures, tax, shipping, coupons and two sign-ins."""

from shop.ops.demo.loading import is_empty, load
from shop.ops.demo.sign_ins import ensure_sign_ins

__all__ = ["ensure_sign_ins", "is_empty", "load"]

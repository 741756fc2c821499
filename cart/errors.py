"""What carts refuse."""

from shop.core.errors import DomainError, Kind


class CartEmpty(DomainError):
    """Raised when an order is to be made of a cart without lines."""

    code = "cart_empty"
    kind = Kind.REFUSED
    title = "The cart is empty"
    message = "There is nothing in the cart."
    remedy = "Add something to the cart first."


class CartFull(DomainError):
    """Raised when a cart has as many lines, or a line as many units, as it may; nothing is changed."""

    code = "cart_full"
    kind = Kind.REFUSED
    title = "The cart is full"
    message = "A cart takes at most {max_lines} lines of at most {max_quantity} units."
    remedy = "Order what is in the cart first, or lower the quantity."


class ShippingNotAvailable(DomainError):
    """Raised when a shipping method doesn't go to a place."""

    code = "shipping_not_available"
    kind = Kind.REFUSED
    title = "No such shipping there"
    message = "This shipping method doesn't go there."
    remedy = "Choose one of the methods that GET cart/shipping_methods/ lists for the place."


class CurrencyNotAvailable(DomainError):
    """Raised when something has no price in a currency, or the shop doesn't sell in it."""

    code = "currency_not_available"
    kind = Kind.REFUSED
    title = "Not sold in this currency"
    message = "This can't be bought in {currency}."
    remedy = (
        "Choose another currency, or remove what isn't sold in this one. An open cart keeps its currency: "
        "PATCH cart/ with another one changes it."
    )


class CartInAnotherCurrency(CurrencyNotAvailable):
    """Raised when something is to be put in by a currency that isn't the cart's; nothing is changed."""

    message = "The cart is in {cart_currency}, not in {currency}."


class PriceChanged(DomainError):
    """
    Raised when the cart costs more than the shopper expected; nothing is placed.

    Facts: ``expected`` and ``actual`` (strings in ``currency``), ``changes`` and the priced ``cart``.
    """

    code = "price_changed"
    kind = Kind.CONFLICT
    title = "The price has changed"
    message = "The cart costs {actual} {currency} now, not {expected}."
    remedy = "Show the shopper the new cart and place the order with its total as expected_total."
    example = {"expected": "57.90", "actual": "59.90", "currency": "EUR", "changes": [], "cart": {}}


class CartConverted(DomainError):
    """Raised when the cart became an order already; ``order`` is its id where the asker may see it."""

    code = "cart_converted"
    kind = Kind.CONFLICT
    title = "This cart is an order already"
    message = "This cart became an order already."
    remedy = "Read that order; the next thing you add opens a new cart."


class CouponInvalid(DomainError):
    """Raised when there is no such code, or it is somebody else's: both look alike."""

    code = "coupon_invalid"
    kind = Kind.REFUSED
    title = "No such code"
    message = "This code is not valid."
    remedy = "Check how the code is written."


class CouponExpired(DomainError):
    """Raised when a code's time is over or hasn't begun."""

    code = "coupon_expired"
    kind = Kind.REFUSED
    title = "The code is not valid now"
    message = "This code is not valid at this time."
    remedy = "Use it within the time that it was given for."


class CouponUsedUp(DomainError):
    """Raised when a code was used as often as it may be, by all or by this customer; ``coupon`` is the code."""

    code = "coupon_used_up"
    kind = Kind.REFUSED
    title = "The code is used up"
    message = "{coupon} was used as often as it may be."
    remedy = "Take the code off the cart and place the order without it."
    example = {"coupon": "TEN"}


class PromotionUsedUp(CouponUsedUp):
    """Raised when the last use of a promotion that needs no code went to somebody else; ``coupon`` is null."""

    message = "{promotion} was used as often as it may be."


class CouponNotApplicable(DomainError):
    """Raised when a code doesn't fit the cart; ``reasons`` says which rule, and what is missing."""

    code = "coupon_not_applicable"
    kind = Kind.REFUSED
    title = "The code doesn't fit this cart"
    message = "This code doesn't fit this cart."
    remedy = "Change the cart as the reasons say, or place the order without the code."
    example = {
        "reasons": [
            {"rule": "min_subtotal", "needed": "30.00", "missing": "4.10", "detail": "Add 4.10 EUR more."}
        ]
    }


class PromotionInUse(DomainError):
    """Raised when a promotion or a code that orders have used is to be deleted; nothing is written."""

    code = "promotion_in_use"
    kind = Kind.CONFLICT
    title = "Orders have used it"
    message = "Orders have used this {what}, which has to stay with them."
    remedy = "Switch it off instead."
    example = {"what": "promotion"}

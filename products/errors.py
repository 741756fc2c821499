"""What the catalogue and stock refuse."""

from shop.core.errors import DomainError, Kind


class OutOfStock(DomainError):
    """
    Raised when less is left than was asked for; nothing is reserved.

    ``lines`` has one entry a short variant: ``{variant, sku, requested, available, held, held_until}``, where
    ``held`` counts units that others hold unpaid and ``held_until`` is when the first such hold ends.
    """

    code = "out_of_stock"
    kind = Kind.CONFLICT
    title = "Not enough in stock"
    message = "There is not enough in stock of what you want to buy."
    remedy = (
        "Lower the quantities of the lines named, or remove them. Units that are only held may come back "
        "at held_until."
    )


class StockWouldGoNegative(DomainError):
    """Raised when an adjustment takes more than is there or than orders leave free; nothing is written."""

    code = "stock_too_low"
    kind = Kind.CONFLICT
    title = "Less is there than that"
    message = "Only {free} can be taken out: the rest is not there or is held for orders."
    remedy = "Take out at most what is free, or cancel the orders that hold it first."


class VariantRequired(DomainError):
    """Raised when a product has several variants and the request doesn't say which."""

    code = "variant_required"
    kind = Kind.INVALID
    title = "Which variant?"
    message = "This product has several variants; name one."
    remedy = "Send the id of one of the product's variants, or its SKU, instead of the product."

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
    example = {
        "lines": [
            {
                "variant": 27,
                "sku": "LIT-02",
                "requested": 3,
                "available": 1,
                "held": 2,
                "held_until": "2026-11-23T10:30:00Z",
            }
        ]
    }


class StockWouldGoNegative(DomainError):
    """Raised when an adjustment takes more than is there or than orders leave free; nothing is written."""

    code = "stock_too_low"
    kind = Kind.CONFLICT
    title = "Less is there than that"
    message = "Only {free} can be taken out: the rest is not there or is held for orders."
    remedy = "Take out at most what is free, or cancel the orders that hold it first."


class CategoryInUse(DomainError):
    """Raised when a category is to be deleted that has others below it or products in it; nothing is written."""

    code = "category_in_use"
    kind = Kind.CONFLICT
    title = "The category is in use"
    message = "This category has categories or products."
    remedy = "Move them to another category first; archived products count too."


class StockNotTracked(DomainError):
    """Raised when the stock of a variant is to be adjusted that nobody counts; nothing is written."""

    code = "stock_not_tracked"
    kind = Kind.CONFLICT
    title = "Nobody counts this"
    message = "The stock of this variant isn't tracked, so there is nothing to adjust."
    remedy = "Track the variant first; then adjust what is on hand."


class VariantRequired(DomainError):
    """Raised when a product has several variants and the request doesn't say which."""

    code = "variant_required"
    kind = Kind.INVALID
    title = "Which variant?"
    message = "This product has several variants; name one."
    remedy = "Send the id of one of the product's variants, or its SKU, instead of the product."


class GalleryFull(DomainError):
    """Raised when a product has no room for another picture; nothing is kept."""

    code = "gallery_full"
    kind = Kind.REFUSED
    title = "The product has enough pictures"
    message = "A product has {limit} pictures at most."
    remedy = "Delete one that is no longer needed, then upload the new one."


class AlreadyReviewed(DomainError):
    """Raised when a customer reviews a product a second time; nothing is written."""

    code = "already_reviewed"
    kind = Kind.CONFLICT
    title = "You have reviewed this already"
    message = "There is one review a customer and product."
    remedy = "Change the review that is there."


class AvailableNow(DomainError):
    """Raised when a customer wants to be told that a variant is back, and it is there; nothing is written."""

    code = "available_now"
    kind = Kind.CONFLICT
    title = "It is in stock"
    message = "This can be bought now."
    remedy = "Put it into the cart."


class WishlistFull(DomainError):
    """Raised when a wishlist, or the list of what a customer waits for, has no room; nothing is written."""

    code = "wishlist_full"
    kind = Kind.REFUSED
    title = "The list is full"
    message = "The list holds {limit} entries."
    remedy = "Take something off it, then try again."


class AttributeInUse(DomainError):
    """Raised when an attribute is to be deleted that products have values of; nothing is written."""

    code = "attribute_in_use"
    kind = Kind.CONFLICT
    title = "The attribute is in use"
    message = "Products have values of this attribute."
    remedy = "Take it off the products first, or keep it out of the filters."


class BrandInUse(DomainError):
    """Raised when a brand is to be deleted that products have; nothing is written."""

    code = "brand_in_use"
    kind = Kind.CONFLICT
    title = "The brand is in use"
    message = "There are products of this brand."
    remedy = "Give them another brand first; archived products count too."

"""Every way the catalogue is read."""

from products.selectors.browse import category_tree, images_of, list_products, product_by_ref, product_id_of
from products.selectors.offers import Choice, Offer, image_url, offer_for, offers_in
from products.selectors.stock import movements_of, variant_at, variant_of

__all__ = [
    "Choice",
    "Offer",
    "category_tree",
    "image_url",
    "images_of",
    "list_products",
    "movements_of",
    "offer_for",
    "offers_in",
    "product_by_ref",
    "product_id_of",
    "variant_at",
    "variant_of",
]

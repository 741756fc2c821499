"""Every way the catalogue is read."""

from products.selectors.browse import (
    category_tree,
    images_of,
    list_products,
    product_by_ref,
    product_id_of,
    search_products,
    visible_product_id,
    wishlist_of,
)
from products.selectors.collections import collection_by_slug, collections_on_show
from products.selectors.facets import Facets, facets_of
from products.selectors.offers import (
    Choice,
    Offer,
    VariantFacts,
    image_url,
    offer_for,
    offers_for,
    offers_in,
    variant_facts,
)
from products.selectors.opinions import (
    alerts_held,
    purchases_held,
    reviews_held,
    reviews_of,
    wishes_held,
)
from products.selectors.stock import movements_of, variant_at, variant_of
from products.selectors.subtree import first_in, known
from products.selectors.texts import (
    ProductTexts,
    category_name_of,
    category_texts_for_staff,
    category_texts_of,
    seo_of,
    texts_for_staff,
    texts_of,
)

__all__ = [
    "Choice",
    "Facets",
    "Offer",
    "ProductTexts",
    "VariantFacts",
    "alerts_held",
    "category_name_of",
    "category_texts_for_staff",
    "category_texts_of",
    "category_tree",
    "collection_by_slug",
    "collections_on_show",
    "facets_of",
    "first_in",
    "image_url",
    "images_of",
    "known",
    "list_products",
    "movements_of",
    "offer_for",
    "offers_for",
    "offers_in",
    "product_by_ref",
    "product_id_of",
    "purchases_held",
    "reviews_held",
    "reviews_of",
    "search_products",
    "seo_of",
    "texts_for_staff",
    "texts_of",
    "variant_at",
    "variant_facts",
    "variant_of",
    "visible_product_id",
    "wishes_held",
    "wishlist_of",
]

"""The catalogue in the admin: every page that writes calls a service."""

from products.admin import (
    attributes,
    categories,
    collections,
    imports,
    opinions,
    products,
    rates,
    stock,
    variants,
)

__all__ = [
    "attributes",
    "categories",
    "collections",
    "imports",
    "opinions",
    "products",
    "rates",
    "stock",
    "variants",
]

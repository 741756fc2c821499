"""The catalogue in the admin: every page that writes calls a service."""

from products.admin import catalogue, opinions, stock, variants

__all__ = ["catalogue", "opinions", "stock", "variants"]

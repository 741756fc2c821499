from importlib import import_module

from django.apps import AppConfig

# Imported for its registration: Django doesn't find checks by itself.
from cart import checks  # noqa: F401


class CartConfig(AppConfig):
    name = "cart"

    def ready(self) -> None:
        # Fills a port; it reads models, which are there only now.
        import_module("cart.personal_data")

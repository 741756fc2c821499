from importlib import import_module

from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "products"

    def ready(self) -> None:
        # Fills a port; it reads models, which are there only now.
        import_module("products.personal_data")

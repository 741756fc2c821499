from importlib import import_module

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        # Fills a port; it reads models, which are there only now.
        import_module("orders.personal_data")

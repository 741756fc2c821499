from importlib import import_module

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        # Fills a port; it reads models, which are there only now.
        import_module("payments.personal_data")

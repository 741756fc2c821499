from importlib import import_module

from django.apps import AppConfig
from django.core.checks import Tags, register


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        # Fills a port; it reads models, which are there only now.
        import_module("payments.personal_data")
        register(import_module("payments.checks").logo_can_be_shown, Tags.security)

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register

from notifications.checks import provider_is_complete


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        # Fills a port; it reads models, which are there only now.
        import_module("notifications.personal_data")
        register(provider_is_complete)

from importlib import import_module

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        # Fills a port; it reads models, which are there only now.
        import_module("notifications.personal_data")

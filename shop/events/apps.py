from django.apps import AppConfig
from django.core.checks import register
from django.utils.module_loading import autodiscover_modules

from shop.events import checks


class EventsConfig(AppConfig):
    name = "shop.events"
    label = "events"

    def ready(self) -> None:
        register(checks.handled_types_exist)
        register(checks.fields_can_be_read)
        # Facts first, so that a handler's event type can be checked; then who hears them, then timed jobs.
        autodiscover_modules("events", "handlers", "jobs")

"""A command of the shop with the tests' event registered, as a process that can be killed."""

from __future__ import annotations

import functools
import os
import sys
from datetime import timedelta

import django


def main() -> None:
    """Register the event and its handler in place of every app's, then run the command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    # What imports models must wait for Django.
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    from shop.events import registry, relay  # noqa: PLC0415
    from shop.events.event import Event  # noqa: PLC0415
    from shop.events.leases import LeaseKeeper  # noqa: PLC0415
    from shop.events.tests import things  # noqa: PLC0415

    app, group = os.environ.get("TEST_APP", "shop"), os.environ.get("TEST_GROUP", "watchers")
    kind = things.ThingHappened if app == "shop" else things.thing_type(app)
    Event.registry.clear()
    Event.registry[kind.type] = kind
    registry.handlers.clear()
    registry.handles(kind.type, group=group)(things.see)
    registry.jobs.clear()
    if "TEST_LEASE_SECONDS" in os.environ:
        ttl = timedelta(seconds=float(os.environ["TEST_LEASE_SECONDS"]))
        setattr(relay, "LeaseKeeper", functools.partial(LeaseKeeper, ttl=ttl))  # noqa: B010
    execute_from_command_line(["manage.py", *sys.argv[1:]])


if __name__ == "__main__":
    main()

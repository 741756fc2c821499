"""What keeps a command from the broker, said so that it can be mended."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError

from shop.events import kafka
from shop.events.failures import describe

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def broker_needed() -> Iterator[None]:
    """
    Turn what comes between a command and the broker into one sentence.

    :raises CommandError: no broker answers, it refuses, or its address can't be read.
    """
    try:
        yield
    except ImproperlyConfigured as error:
        raise CommandError(str(error), returncode=2) from error
    except kafka.BrokerAway as error:
        servers = ", ".join(settings.KAFKA_BOOTSTRAP_SERVERS)
        raise CommandError(
            f"No broker answers at {servers}: see that it runs and that KAFKA_BOOTSTRAP_SERVERS and "
            f"KAFKA_SECURITY_PROTOCOL are right ({error})."
        ) from error
    except kafka.errors().KafkaError as error:
        raise CommandError(
            f"The broker refuses, see what this user may do there: {describe(error)}"
        ) from error

"""What payments do again and again. Each may run twice at once without harm: Stripe's keys and the locks see to it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from payments import services
from payments.errors import GatewayUnavailable
from shop.events.registry import job

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)


@job(every=timedelta(seconds=2))
def retry_webhooks(now: datetime) -> int:
    """Settle webhooks that couldn't be settled when they came."""
    return services.retry_webhooks(now=now)


@job(every=timedelta(seconds=2))
def send_refunds(now: datetime) -> int:
    """Send refunds that were asked for."""
    return services.send_refunds(now=now)


@job(every=timedelta(seconds=2))
def cancel_intents(now: datetime) -> int:
    """Cancel intents that nobody may pay any more."""
    return services.cancel_intents(now=now)


@job(every=timedelta(seconds=15))
def expire_unpaid(now: datetime) -> int:
    """End orders that weren't paid in time."""
    return services.expire_unpaid(now=now)


@job(every=timedelta(minutes=1))
def reconcile_recent(now: datetime) -> int:
    """Ask about payments of which no webhook has told for a while."""
    return services.reconcile_recent(now=now)


@job(every=timedelta(hours=1))
def reconcile_payments(now: datetime) -> int:
    """Compare both ledgers of the last week, and repair what differs; the run keeps why it couldn't."""
    try:
        return len(services.reconcile(since=now - timedelta(days=7), fix=True, now=now).repaired)
    except GatewayUnavailable as error:
        logger.warning("Both ledgers are compared in an hour: %s", error)
        return 0


@job(every=timedelta(seconds=2))
def capture_payments(now: datetime) -> int:
    """Take authorized money of orders whose goods have left."""
    return services.capture_payments(now=now)


@job(every=timedelta(hours=1))
def watch_authorizations(now: datetime) -> int:
    """Tell staff of authorized money that the bank won't hold much longer."""
    return services.watch_authorizations(now=now)


@job(every=timedelta(seconds=10))
def delete_customers(now: datetime) -> int:
    """Have Stripe forget customers who were erased here."""
    return services.delete_customers(now=now)

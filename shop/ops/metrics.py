"""Numbers for Prometheus: what was asked for, how long it took, and what is waiting."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from django.apps import apps
from django.utils import timezone
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from payments import selectors as payments
from shop.events import selectors as events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest, HttpResponse
    from prometheus_client import Metric

REQUESTS = Counter("shop_requests_total", "Requests answered.", ["method", "route", "status"])
LATENCY = Histogram(
    "shop_request_seconds",
    "Time from a request's arrival to its answer.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class MetricsMiddleware:
    """Count each request under its route; an address nobody serves counts under one name for all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        # Labels a visitor could choose would let anyone fill the memory.
        route = request.resolver_match.route if request.resolver_match else "none"
        method = request.method if request.method in _METHODS else "other"
        REQUESTS.labels(method, route, response.status_code).inc()
        LATENCY.labels(route).observe(time.perf_counter() - started)
        return response


def exposition() -> bytes:
    """Return all numbers in Prometheus' text format, those of every process of this server."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        requests = generate_latest(together)
    else:
        requests = generate_latest(REGISTRY)
    backlog = CollectorRegistry()
    backlog.register(_Backlog())
    return requests + generate_latest(backlog)


class _Backlog:
    """What waits in the database at the moment of asking."""

    def collect(self) -> Iterator[Metric]:
        events_now = events.status(now=timezone.now())
        mails = apps.get_model("notifications", "EmailMessage")._default_manager
        money = payments.open_work()
        waiting = {
            "outbox_backlog": (events_now.backlog, "Events not yet sent."),
            "outbox_oldest_seconds": (events_now.oldest_age, "Age of the oldest event not yet sent."),
            "outbox_stuck": (events_now.stuck, "Events that can't be sent."),
            "events_parked": (events_now.parked, "Events that failed and wait to be tried again."),
            "dead_letters": (events_now.dead_letters, "Events that were given up on."),
            "worker_up": (int(events_now.worker_alive), "Whether a worker leads."),
            "mails_pending": (
                mails.filter(state__in=("pending", "sending", "retry")).count(),
                "Mails not yet sent.",
            ),
            "payments_unreconciled": (
                money.unreconciled,
                "Differences between Stripe's books and ours that the last comparison left.",
            ),
            "payment_exceptions_open": (money.exceptions, "Money that doesn't match, for staff to look at."),
            "disputes_open": (money.disputes, "Disputes that aren't decided."),
            "mails_dead": (mails.filter(state="dead").count(), "Mails that were given up on."),
        }
        for name, (value, means) in waiting.items():
            yield GaugeMetricFamily(f"shop_{name}", means, value=value)

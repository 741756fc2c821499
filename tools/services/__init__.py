"""Real servers for development and tests, without Docker: PostgreSQL, Apache Kafka, Redis; for tests stripe-mock."""

from tools.services.base import Service, ServiceFailed, ServiceMissing
from tools.services.kafka import Kafka
from tools.services.postgres import Postgres
from tools.services.redis import Redis
from tools.services.stripe_mock import StripeMock

KINDS: dict[str, type[Service]] = {kind.name: kind for kind in (Postgres, Kafka, Redis, StripeMock)}

__all__ = ["KINDS", "Kafka", "Postgres", "Redis", "Service", "ServiceFailed", "ServiceMissing", "StripeMock"]

"""Real servers for development and tests, without Docker: PostgreSQL, Apache Kafka and Redis."""

from tools.services.base import Service, ServiceFailed, ServiceMissing
from tools.services.kafka import Kafka
from tools.services.postgres import Postgres
from tools.services.redis import Redis

KINDS: dict[str, type[Service]] = {kind.name: kind for kind in (Postgres, Kafka, Redis)}

__all__ = ["KINDS", "Kafka", "Postgres", "Redis", "Service", "ServiceFailed", "ServiceMissing"]

"""The worker through an outage of its database: a PostgreSQL of its own that is killed and comes back."""

import json
import time
from contextlib import closing

import psycopg2
import pytest
from django.utils import timezone

from shop.core.ids import new_id
from shop.events.tests.conftest import wait_for
from shop.events.tests.things import ThingHappened
from tools.services import Postgres

pytestmark = [pytest.mark.needs_postgres, pytest.mark.timeout(240)]


def ask(server, statement, values=()):
    """Run a statement on the other database; return its rows, none while it is away."""
    try:
        with closing(psycopg2.connect(server.url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []
    except psycopg2.OperationalError:
        return []


def announce(server, thing, version):
    ask(
        server,
        "INSERT INTO events_outboxevent (event_id, type, topic, aggregate_type, key, version, payload, occurred_at,"
        " attempts, error) VALUES (%s, %s, 'shop.shop', 'thing', %s, %s, %s, %s, 0, '')",
        [
            str(new_id()),
            ThingHappened.type,
            thing,
            version,
            json.dumps({"thing_id": thing, "version": version}),
            timezone.now(),
        ],
    )


def seen_versions(server):
    rows = ask(server, "SELECT facts FROM audit_auditentry WHERE action = 'seen' ORDER BY id")
    return [facts["version"] for (facts,) in rows]


def test_the_worker_outlives_a_database_that_is_killed(own_service, child):
    server, thing = own_service(Postgres), str(new_id())
    assert child("migrate", "-v0", DATABASE_URL=server.url).wait(120) == 0
    worker = child("run_worker", DATABASE_URL=server.url)
    announce(server, thing, 1)
    wait_for(lambda: seen_versions(server) == [1], seconds=40)

    server.kill()
    time.sleep(3)
    assert worker.poll() is None
    server.start()
    announce(server, thing, 2)

    wait_for(lambda: seen_versions(server) == [1, 2], seconds=30)
    assert ask(server, "SELECT count(*) FROM events_parkedevent") == [(0,)]
    worker.terminate()
    assert worker.wait(20) == 0

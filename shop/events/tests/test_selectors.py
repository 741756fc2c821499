from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from shop.core.ids import new_id
from shop.events.models import DeadLetter, Lease, OutboxEvent, ParkedEvent
from shop.events.selectors import Status, status
from shop.events.tests.things import happen


@pytest.mark.django_db
class TestStatus:
    def test_of_a_shop_at_rest(self, django_assert_num_queries):
        with django_assert_num_queries(4):
            found = status(now=timezone.now())

        assert found == Status(worker_alive=False, backlog=0, oldest_age=0, stuck=0, parked=0, dead_letters=0)

    def test_counts_what_waits(self):
        now = timezone.now()
        first, second, done = happen(1, 2, 3)
        OutboxEvent.objects.filter(pk=first.pk).update(occurred_at=now - timedelta(seconds=90), parked_at=now)
        OutboxEvent.objects.filter(pk=second.pk).update(occurred_at=now)
        OutboxEvent.objects.filter(pk=done.pk).update(occurred_at=now - timedelta(days=1), published_at=now)
        ParkedEvent.objects.create(
            group="g", event_id=new_id(), type="t", key="k", message="", parked_at=now, next_attempt_at=now
        )
        DeadLetter.objects.create(group="g", type="t", key="k", message="", died_at=now)

        assert status(now=now) == Status(
            worker_alive=False, backlog=2, oldest_age=90, stuck=1, parked=1, dead_letters=1
        )

    @pytest.mark.parametrize(("seconds", "alive"), [(5, True), (-1, False)])
    def test_the_worker_lives_while_a_relay_leads(self, seconds, alive):
        Lease.objects.create(name="relay", holder="one", until=Now() + timedelta(seconds=seconds))

        assert status(now=timezone.now()).worker_alive is alive

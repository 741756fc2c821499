import threading
import time
from datetime import timedelta

import pytest
from django.db import Error, connection, transaction
from django.db.models.functions import Now

from shop.events import leases
from shop.events.leases import LeaseKeeper
from shop.events.models import Lease
from shop.events.tests.conftest import wait_for

SHORT = timedelta(milliseconds=600)


@pytest.mark.django_db
class TestAcquire:
    def test_takes_a_lease_that_nobody_has(self):
        assert leases.acquire(name="relay", holder="one")

        assert Lease.objects.filter(
            name="relay", holder="one", until__gt=Now() + timedelta(seconds=9)
        ).exists()
        assert not Lease.objects.filter(until__gt=Now() + timedelta(seconds=10)).exists()

    def test_leaves_another_ones_lease_alone_and_writes_nothing(self, django_assert_num_queries):
        leases.acquire(name="relay", holder="one")

        with django_assert_num_queries(1):
            assert not leases.acquire(name="relay", holder="two")

        assert Lease.objects.get().holder == "one"

    def test_takes_a_lease_that_has_run_out(self):
        Lease.objects.create(name="relay", holder="one", until=Now() - timedelta(milliseconds=1))

        assert leases.acquire(name="relay", holder="two")

        assert Lease.objects.get().holder == "two"

    def test_takes_a_lease_that_was_given_back(self):
        leases.acquire(name="relay", holder="one")
        leases.release(name="relay", holder="one")

        assert leases.acquire(name="relay", holder="two")

    def test_prolongs_its_own(self):
        Lease.objects.create(name="relay", holder="one", until=Now() + timedelta(seconds=1))

        assert leases.acquire(name="relay", holder="one")

        assert Lease.objects.filter(until__gt=Now() + timedelta(seconds=9)).exists()

    def test_names_are_apart(self):
        assert leases.acquire(name="relay", holder="one")
        assert leases.acquire(name="jobs", holder="two")


@pytest.mark.django_db
def test_nobody_releases_the_lease_of_another():
    leases.acquire(name="relay", holder="one")

    leases.release(name="relay", holder="two")

    assert not leases.acquire(name="relay", holder="two")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("holder", "until", "confirmed"),
    [
        ("one", timedelta(seconds=5), True),
        ("one", -timedelta(seconds=1), False),
        ("two", timedelta(seconds=5), False),
    ],
)
def test_confirm_asks_the_database(holder, until, confirmed):
    Lease.objects.create(name="relay", holder="one", until=Now() + until)

    with transaction.atomic():
        assert leases.confirm(name="relay", holder=holder) is confirmed


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_one_of_many_gets_a_free_lease(self):
        for number in range(10):
            name = f"race-{number}"
            winners: list[str] = []
            together = threading.Barrier(8)

            def compete(name=name, winners=winners, together=together):
                holder = leases.new_holder()
                together.wait()
                if leases.acquire(name=name, holder=holder):
                    winners.append(holder)
                connection.close()

            threads = [threading.Thread(target=compete) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert winners == [Lease.objects.get(name=name).holder]


@pytest.mark.django_db(transaction=True)
class TestLeaseKeeper:
    def test_keeps_the_lease_longer_than_it_lasts(self):
        with LeaseKeeper("relay", ttl=SHORT) as keeper:
            wait_for(lambda: keeper.held)
            time.sleep(1.5)

            assert keeper.held
            assert not leases.acquire(name="relay", holder="another")

    def test_gives_it_back_at_the_end(self):
        with LeaseKeeper("relay") as keeper:
            wait_for(lambda: keeper.held)

        assert not keeper.held
        assert leases.acquire(name="relay", holder="another")

    def test_only_one_of_two_holds_it_and_the_other_follows(self):
        with LeaseKeeper("relay", ttl=SHORT) as leader:
            wait_for(lambda: leader.held)
            with LeaseKeeper("relay", ttl=SHORT) as standby:
                time.sleep(0.5)
                assert (leader.held, standby.held) == (True, False)

                leader.__exit__(None, None, None)

                wait_for(lambda: standby.held, seconds=3)
                assert not leader.held

    def test_stops_believing_before_the_lease_runs_out_when_the_database_is_away(self, monkeypatch):
        with LeaseKeeper("relay", ttl=SHORT) as keeper:
            wait_for(lambda: keeper.held)

            def away(**_kwargs):
                raise Error("gone")

            monkeypatch.setattr(leases, "acquire", away)

            wait_for(lambda: not keeper.held, seconds=3)

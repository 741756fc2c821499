"""Prices made and prices set at the same moment: the one set by hand stays, and nothing is made twice."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from products import services
from products.conversion import Rule
from products.filling import fill_prices
from products.models import ExchangeRate, Price, PriceChange, ProductPrice, Variant
from products.services.bulk import exchange
from products.services.bulk.exchange import write_made_prices
from products.tests.exchanging import CURRENCIES, LATER, prices, rate_of
from products.tests.factories import NOW, product, variant, variant_data
from shop.core.transactions import use_case
from users.tests.races import together

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db(transaction=True)]

EVEN_LATER = LATER + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def currencies(settings):
    settings.CURRENCIES = CURRENCIES


@pytest.fixture
def unlocked(monkeypatch):
    """Take the locks from the making of prices."""

    def look(variant_ids):
        return dict(Variant.objects.filter(pk__in=variant_ids).values_list("pk", "product_id"))

    monkeypatch.setattr(exchange, "_locked", look)
    monkeypatch.setattr(exchange, "lock_by_name", lambda name: None)


@pytest.fixture
def made():
    """Return a variant whose price in dollars is due to be made anew."""
    made = variant(sku="A", price=1000)
    rate_of(rate=1_000_000)
    fill_prices(now=NOW)
    rate_of(rate=2_000_000)
    return made


def until_somebody_waits() -> None:
    """Wait until another connection waits for a lock."""
    deadline = time.monotonic() + 20
    waiting = 0
    while not waiting:
        assert time.monotonic() < deadline
        time.sleep(0.01)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            waiting = cursor.fetchone()[0]


class TestPriceSetByHand:
    def while_it_is_written(self, made):
        """Fill in prices once somebody has set one and not yet committed."""
        is_set = threading.Event()

        def either(number):
            if number:
                assert is_set.wait(20)
                return fill_prices(now=LATER)
            with transaction.atomic():
                services.set_price(variant_id=made.pk, amount=1234, currency="USD", now=LATER)
                is_set.set()
                until_somebody_waits()
            return None

        return together(2, either)[1]

    def test_a_moment_ago_stays(self, made):
        assert self.while_it_is_written(made) == 0

        assert prices() == {"A": (1234, None, False)}
        history = PriceChange.objects.filter(currency="USD").order_by("pk").values_list("amount", flat=True)
        assert list(history) == [1000, 1234]
        assert ProductPrice.objects.get(currency="USD").lowest == 1234

    def test_negative_control_without_locks_it_is_lost(self, made, unlocked):
        """The race is real: what was compared before the commit is written after it."""
        assert self.while_it_is_written(made) == 1

        assert prices()["A"][0] == 2000

    def test_a_moment_later_waits_and_stays(self, made, monkeypatch):
        compared, compare = threading.Event(), exchange._compared

        def slow(*args):
            found = compare(*args)
            compared.set()
            until_somebody_waits()
            return found

        monkeypatch.setattr(exchange, "_compared", slow)

        def either(number):
            if number:
                return fill_prices(now=LATER)
            assert compared.wait(20)
            return use_case(
                services.set_price, variant_id=made.pk, amount=1234, currency="USD", now=EVEN_LATER
            )

        assert together(2, either)[1] == 1

        assert prices() == {"A": (1234, None, False)}
        history = PriceChange.objects.filter(currency="USD").order_by("pk").values_list("amount", flat=True)
        assert list(history) == [1000, 2000, 1234]
        assert ProductPrice.objects.get(currency="USD").lowest == 1234


class TestRunsAtOnce:
    TIMES = 4
    SIZE = 30

    def test_make_each_price_once(self, monkeypatch):
        monkeypatch.setattr("products.filling.CHUNK", 5)
        for _ in range(self.SIZE // 2):
            product(variant_data(price=1000), variant_data(price=900))
        rate_of()

        written = together(self.TIMES, lambda _: fill_prices(now=LATER))

        assert sum(written) == self.SIZE
        assert Price.objects.filter(currency="USD", by_rate=True).count() == self.SIZE
        assert PriceChange.objects.filter(currency="USD").count() == self.SIZE
        lowest = ProductPrice.objects.filter(currency="USD").values_list("lowest", flat=True)
        assert list(lowest) == [975] * (self.SIZE // 2)
        row = ExchangeRate.objects.get()
        assert (row.prices_by_rate, row.prices_by_hand) == (self.SIZE, 0)

    def test_negative_control_without_locks_both_make_it(self, monkeypatch, unlocked):
        variant(price=1000)
        rate_of()
        both, compare = threading.Barrier(2), exchange._compared

        def together_with_the_other(*args):
            found = compare(*args)
            both.wait(20)
            return found

        monkeypatch.setattr(exchange, "_compared", together_with_the_other)

        def run(_):
            try:
                return fill_prices(now=LATER)
            except IntegrityError:
                return "refused by the database"

        assert sorted(map(str, together(2, run))) == ["1", "refused by the database"]


class TestRateThatChanges:
    def while_it_is_filled(self, monkeypatch) -> None:
        """Begin by one rate, and have the next one set and filled in before the second variant."""
        monkeypatch.setattr("products.filling.CHUNK", 1)
        variant(sku="A", price=1000)
        variant(sku="B", price=1000)
        rate_of(rate=2_000_000)

        def change(done: int) -> None:
            if done == 1:
                rate_of(rate=3_000_000)
                fill_prices(now=EVEN_LATER)

        fill_prices(now=LATER, on_progress=change)

    def test_leaves_nothing_made_by_the_old_one(self, monkeypatch):
        self.while_it_is_filled(monkeypatch)

        assert prices() == {"A": (3000, None, True), "B": (3000, None, True)}
        assert ExchangeRate.objects.get().filled_at == EVEN_LATER

    def test_negative_control_a_run_that_does_not_look_again_does(self, monkeypatch):
        old = Rule(base="EUR", currency="USD", rate=2_000_000)
        new = Rule(base="EUR", currency="USD", rate=3_000_000)
        write = write_made_prices

        def write_whatever(variant_ids, rules, *, now):
            monkeypatch.setattr(exchange, "rules_of", lambda rows: dict(rules))
            assert dict(rules) in ({"USD": old}, {"USD": new})
            return write(variant_ids, rules, now=now)

        monkeypatch.setattr("products.filling.write_made_prices", write_whatever)
        self.while_it_is_filled(monkeypatch)

        assert prices() == {"A": (3000, None, True), "B": (2000, None, True)}
        assert ExchangeRate.objects.get().filled_at == EVEN_LATER


class TestSiblings:
    """What a list shows of a product is made of the prices of all its variants."""

    def price_both(self) -> int:
        one, other = product(variant_data(price=1000), variant_data(price=1000)).variants.order_by("pk")
        is_set = threading.Event()

        def either(number):
            if number:
                assert is_set.wait(20)
                use_case(services.set_price, variant_id=other.pk, amount=1500, currency="EUR", now=LATER)
                return
            with transaction.atomic():
                services.set_price(variant_id=one.pk, amount=900, currency="EUR", now=LATER)
                is_set.set()
                until_somebody_waits()

        together(2, either)
        return ProductPrice.objects.get().lowest

    def test_priced_at_once_are_both_counted(self):
        assert self.price_both() == 900

    def test_negative_control_without_the_products_lock_one_is_not(self, monkeypatch):
        def look(variant_id):
            return Variant.objects.values_list("product_id", flat=True).get(pk=variant_id)

        monkeypatch.setattr("products.services.prices._lock_product", look)

        assert self.price_both() == 1000

"""Exchange rates, and the run that fills in the prices that they make."""

from __future__ import annotations

from datetime import timedelta

import pytest

from products import services
from products.filling import fill_prices
from products.memory import catalogue_version
from products.models import CatalogueState, ExchangeRate, Price, PriceChange, ProductPrice
from products.services.exchange import rules_of
from products.tests.exchanging import CURRENCIES, DOER, LATER, prices, rate_of
from products.tests.factories import NOW, product, variant, variant_data
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, ValidationFailed
from shop.core.money import MAX_MINOR, MAX_RATE
from tests.statements import statements


@pytest.fixture(autouse=True)
def currencies(settings):
    settings.CURRENCIES = CURRENCIES


@pytest.mark.django_db
class TestRates:
    def test_are_kept_with_their_rule_and_a_record(self):
        row = rate_of(rate=1_083_500, round_to=100, minus=1)

        kept = ExchangeRate.objects.values(
            "currency", "rate", "round_to", "minus", "is_active", "filled_version"
        )
        assert list(kept) == [
            {
                "currency": "USD", "rate": 1_083_500, "round_to": 100, "minus": 1, "is_active": True,
                "filled_version": None,
            }
        ]  # fmt: skip
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.object_id) == ("products.exchange_rate_set", str(row.pk))
        assert entry.facts == {
            "currency": "USD", "rate": 1_083_500, "round_to": 100, "minus": 1, "is_active": True
        }  # fmt: skip

    def test_round_to_the_least_that_can_be_paid_where_nothing_is_said(self):
        assert (rate_of("USD").round_to, rate_of("KWD").round_to, rate_of("JPY").round_to) == (1, 10, 1)

    def test_that_say_the_same_change_nothing(self):
        rate_of()
        fill_prices(now=NOW)
        before = ExchangeRate.objects.values().get()

        rate_of()

        assert ExchangeRate.objects.values().get() == before
        assert AuditEntry.objects.count() == 1

    @pytest.mark.parametrize(
        ("currency", "values", "field"),
        [
            ("EUR", {}, "currency"),
            ("CHF", {}, "currency"),
            ("XXX", {}, "currency"),
            ("USD", {"rate": 0}, "rate"),
            ("USD", {"rate": -1}, "rate"),
            ("USD", {"rate": MAX_RATE + 1}, "rate"),
            ("USD", {"round_to": 0}, "round_to"),
            ("USD", {"round_to": 10, "minus": 10}, "minus"),
            ("USD", {"minus": -1}, "minus"),
            ("KWD", {"round_to": 25}, "round_to"),
            ("KWD", {"round_to": 50, "minus": 1}, "minus"),
        ],
    )
    def test_that_make_no_sense_are_refused(self, currency, values, field):
        with pytest.raises(ValidationFailed) as refused:
            rate_of(currency, **values)

        assert [error.field for error in refused.value.errors] == [field]
        assert not ExchangeRate.objects.exists()
        assert not AuditEntry.objects.exists()

    def test_are_removed_once(self):
        rate_of()

        services.remove_exchange_rate(currency="USD", **DOER)

        assert not ExchangeRate.objects.exists()
        assert AuditEntry.objects.latest("pk").action == "products.exchange_rate_removed"
        with pytest.raises(NotFound):
            services.remove_exchange_rate(currency="USD", **DOER)

    def test_of_the_base_currency_or_one_that_is_not_sold_in_make_nothing(self, settings):
        rate_of("USD")
        rate_of("GBP")
        settings.CURRENCIES = ["EUR", "GBP"]
        settings.BASE_CURRENCY = "GBP"

        assert rules_of(ExchangeRate.objects.all()) == {}


@pytest.mark.django_db
class TestFilling:
    def test_makes_prices_their_history_and_what_lists_show(self):
        made = product(
            variant_data(sku="A", price=1990), variant_data(sku="B", price=990, compare_at=1490), slug="lamp"
        )
        rate_of()

        assert fill_prices(now=LATER) == 2

        assert prices() == {"A": (2156, None, True), "B": (1073, 1614, True)}
        history = PriceChange.objects.filter(currency="USD").order_by("variant__sku")
        assert list(history.values_list("variant__sku", "amount", "at")) == [
            ("A", 2156, LATER),
            ("B", 1073, LATER),
        ]
        lowest = ProductPrice.objects.filter(currency="USD").values_list("product", "lowest", "compare_at")
        assert list(lowest) == [(made.pk, 1073, 1614)]
        assert prices("EUR") == {"A": (1990, None, False), "B": (990, 1490, False)}

    def test_of_every_currency_comes_right(self):
        variant(sku="A", price=1990)
        rate_of("JPY", rate=162_340_000)
        rate_of("KWD", rate=332_100)
        rate_of("USD", round_to=100, minus=1)

        assert fill_prices(now=NOW) == 3

        assert [prices(code)["A"] for code in ("JPY", "KWD", "USD")] == [
            (3231, None, True), (6610, None, True), (2199, None, True)
        ]  # fmt: skip

    def test_a_second_time_writes_nothing(self):
        variant()
        rate_of()
        fill_prices(now=NOW)

        with statements() as seen:
            assert fill_prices(now=LATER) == 0

        assert len(seen) == 2
        assert all(sql.startswith("SELECT") for sql in seen)
        ExchangeRate.objects.update(filled_version=None)
        with statements() as seen:
            assert fill_prices(now=LATER) == 0
        assert [sql for sql in seen if not sql.startswith("SELECT")] == [seen[-1]]
        assert seen[-1].startswith('UPDATE "products_exchangerate"')

    def test_says_when_and_how_many(self):
        by_hand = variant(price=1990)
        variant(price=1990)
        variant(price=1990)
        services.set_price(variant_id=by_hand.pk, amount=2000, currency="USD", now=NOW)
        rate_of()

        fill_prices(now=LATER)

        row = ExchangeRate.objects.get()
        assert (row.filled_at, row.prices_by_rate, row.prices_by_hand) == (LATER, 2, 1)
        assert row.filled_version == catalogue_version()

    def test_leaves_prices_set_by_hand_alone(self):
        made = variant(sku="A", price=1990)
        services.set_price(variant_id=made.pk, amount=1, currency="USD", compare_at=5, now=NOW)
        rate_of()

        assert fill_prices(now=LATER) == 0

        assert prices() == {"A": (1, 5, False)}

    def test_follows_the_price_that_it_is_made_of(self, django_capture_on_commit_callbacks):
        made = variant(sku="A", price=1990)
        rate_of()
        fill_prices(now=NOW)

        with django_capture_on_commit_callbacks(execute=True):
            services.set_price(variant_id=made.pk, amount=1000, currency="EUR", compare_at=1990, now=LATER)
        assert fill_prices(now=LATER) == 1

        assert prices() == {"A": (1084, 2156, True)}
        row = ProductPrice.objects.get(currency="USD")
        assert (row.lowest, row.compare_at, row.lowest_before) == (1084, 2156, 2156)

    def test_follows_a_rate_that_changes(self):
        variant(sku="A", price=1990)
        rate_of()
        fill_prices(now=NOW)

        rate_of(rate=1_100_000)
        assert fill_prices(now=LATER) == 1

        assert prices() == {"A": (2189, None, True)}

    def test_looks_again_after_a_day_though_no_edit_was_told_of(self):
        made = variant(sku="A", price=1990)
        rate_of()
        fill_prices(now=NOW)
        # As when a process dies right after its commit.
        Price.objects.filter(variant=made, currency="EUR").update(amount=2990)

        assert fill_prices(now=NOW + timedelta(days=1)) == 0
        assert fill_prices(now=NOW + timedelta(days=1, seconds=1)) == 1

        assert prices() == {"A": (3240, None, True)}

    @pytest.mark.parametrize("end", ["removed", "inactive", "not sold in"])
    def test_ends_with_the_rate(self, end, settings):
        made = variant(sku="A", price=1990)
        by_hand = variant(sku="B", price=1990)
        services.set_price(variant_id=by_hand.pk, amount=2000, currency="USD", now=NOW)
        rate_of("GBP")
        rate_of("USD")
        fill_prices(now=NOW)

        if end == "removed":
            services.remove_exchange_rate(currency="USD", **DOER)
        elif end == "inactive":
            rate_of("USD", is_active=False)
        else:
            settings.CURRENCIES = ["EUR", "GBP"]
        assert fill_prices(now=LATER) == 1

        assert prices("USD") == {"B": (2000, None, False)}
        assert set(prices("GBP")) == {"A", "B"}
        lists = ProductPrice.objects.filter(currency="USD").values_list("product", flat=True)
        assert list(lists) == [by_hand.product_id]
        assert PriceChange.objects.filter(variant=made, currency="USD").count() == 1
        assert fill_prices(now=LATER) == 0

    def test_ends_with_the_price_that_it_was_made_of(self):
        made = variant(sku="A", price=1990)
        variant(sku="B", price=1990)
        rate_of()
        fill_prices(now=NOW)
        Price.objects.filter(variant=made, currency="EUR").delete()
        ExchangeRate.objects.update(filled_version=None)

        assert fill_prices(now=LATER) == 1

        assert set(prices()) == {"B"}

    def test_makes_none_that_are_beyond_what_the_shop_handles(self):
        variant(sku="A", price=MAX_MINOR)
        variant(sku="B", price=1990)
        rate_of(rate=1_000_001)

        fill_prices(now=NOW)

        assert set(prices()) == {"B"}

    def test_passes_over_archived_variants(self):
        gone = variant(sku="A")
        services.archive_variant(variant_id=gone.pk, **DOER)
        rate_of()

        assert fill_prices(now=NOW) == 0

        assert prices() == {}

    def test_counts_as_one_edit_of_the_catalogue(self, django_capture_on_commit_callbacks):
        for _ in range(3):
            variant()
        rate_of()
        before = catalogue_version()

        with django_capture_on_commit_callbacks(execute=True):
            fill_prices(now=NOW)
        assert catalogue_version() == before + 1

        ExchangeRate.objects.update(filled_version=None)
        with django_capture_on_commit_callbacks(execute=True):
            fill_prices(now=NOW)
        assert catalogue_version() == before + 1

    def test_goes_on_by_the_new_rule_when_it_is_changed_meanwhile(self, monkeypatch):
        monkeypatch.setattr("products.filling.CHUNK", 1)
        variant(sku="A", price=1000)
        variant(sku="B", price=1000)
        rate_of(rate=2_000_000)

        fill_prices(now=NOW, on_progress=lambda done: rate_of(rate=3_000_000))

        assert prices() == {"A": (2000, None, True)}
        assert ExchangeRate.objects.get().filled_version is None
        fill_prices(now=NOW)
        assert prices() == {"A": (3000, None, True), "B": (3000, None, True)}


@pytest.mark.django_db(transaction=True)
class TestVersion:
    def test_of_its_own_edit_calls_for_no_other_run(self):
        variant()
        CatalogueState.objects.update_or_create(pk=1, defaults={"version": 7})
        rate_of()

        assert fill_prices(now=NOW) == 1

        assert catalogue_version() == 8
        with statements() as seen:
            assert fill_prices(now=LATER) == 0
        assert len(seen) == 2

    def test_of_somebody_elses_edit_does(self):
        made = variant(sku="A", price=1990)
        rate_of()

        def edit(done: int) -> None:
            services.set_price(variant_id=made.pk, amount=1000, currency="EUR", now=NOW)

        fill_prices(now=NOW, on_progress=edit)

        assert prices() == {"A": (2156, None, True)}
        assert fill_prices(now=LATER) == 1
        assert prices() == {"A": (1084, None, True)}

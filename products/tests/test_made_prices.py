"""Prices that rates have made: beside those set by hand, in sales, files and lists, and what making them costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from products import services
from products.filling import CHUNK, fill_prices
from products.importing.exporting import export_lines
from products.models import ExchangeRate, Price, PriceChange, Product, ProductPrice, StockItem, Variant
from products.tests.exchanging import CURRENCIES, DOER, LATER, prices, rate_of
from products.tests.factories import NOW, product, variant, variant_data
from products.tests.importing.files import run
from products.tests.importing.saying import change, save
from products.tests.importing.saying import variant as said_variant
from shop.audit.models import AuditEntry
from shop.core.errors import ValidationFailed
from tests.statements import statements
from users.tests.clients import anonymous


@pytest.fixture(autouse=True)
def currencies(settings):
    settings.CURRENCIES = CURRENCIES


@pytest.mark.django_db
class TestSales:
    """Directive 98/6/EC in a currency whose prices are made: measured by what was asked in that currency."""

    def fill(self, day: int) -> None:
        ExchangeRate.objects.update(filled_version=None)
        fill_prices(now=NOW + timedelta(days=day))

    def lowest_before(self) -> tuple[int | None, int | None]:
        listed = ProductPrice.objects.get(currency="USD").lowest_before
        return Price.objects.get(currency="USD").lowest_before, listed

    def price(self, made: Variant, amount: int, compare_at: int | None, day: int) -> None:
        services.set_price(
            variant_id=made.pk, amount=amount, currency="EUR", compare_at=compare_at,
            now=NOW + timedelta(days=day),
        )  # fmt: skip

    def test_are_measured_by_the_prices_asked_in_that_currency(self):
        made = variant(price=2000)
        rate_of(rate=1_000_000)
        self.fill(0)
        rate_of(rate=1_100_000)
        self.fill(5)
        self.price(made, 1500, 2000, day=10)
        self.fill(10)

        assert Price.objects.values_list("amount", "compare_at").get(currency="USD") == (1650, 2200)
        assert self.lowest_before() == (2000, 2000)

    def test_go_on_though_the_rate_moves_their_amount(self):
        made = variant(price=2000)
        rate_of(rate=1_000_000)
        self.fill(0)
        self.price(made, 1500, 2000, day=40)
        self.fill(40)
        for day, rate in ((41, 1_010_000), (42, 990_000), (43, 1_000_500)):
            rate_of(rate=rate)
            self.fill(day)

        assert Price.objects.values_list("amount", flat=True).get(currency="USD") == 1501
        assert self.lowest_before() == (2000, 2000)

    def test_that_are_reduced_further_begin_anew(self):
        made = variant(price=2000)
        rate_of(rate=1_000_000)
        self.fill(0)
        self.price(made, 1500, 2000, day=40)
        self.fill(40)
        rate_of(rate=1_100_000)
        self.price(made, 1200, 2000, day=45)
        self.fill(45)

        assert self.lowest_before() == (1500, 1500)

    def test_of_what_was_never_sold_in_it_have_nothing_to_be_measured_by(self):
        variant(price=1500, compare_at=2000)
        rate_of(rate=1_000_000)
        self.fill(0)

        assert self.lowest_before() == (None, None)

    def test_end_with_the_sale(self):
        made = variant(price=2000)
        rate_of(rate=1_000_000)
        self.fill(0)
        self.price(made, 1500, 2000, day=40)
        self.fill(40)
        self.price(made, 1500, None, day=50)
        self.fill(50)

        assert prices() == {made.sku: (1500, None, True)}
        assert self.lowest_before() == (None, None)


@pytest.mark.django_db
class TestByHand:
    @pytest.fixture
    def made(self):
        made = variant(sku="A", price=1990)
        rate_of()
        fill_prices(now=NOW)
        return made

    def fill(self) -> int:
        ExchangeRate.objects.update(filled_version=None)
        return fill_prices(now=LATER)

    @pytest.mark.parametrize("amount", [2156, 2500])
    def test_is_what_the_service_sets_even_the_same_amount(self, made, amount):
        services.set_price(variant_id=made.pk, amount=amount, currency="USD", now=NOW)

        assert self.fill() == 0
        assert prices() == {"A": (amount, None, False)}
        assert PriceChange.objects.filter(currency="USD").count() == (1 if amount == 2156 else 2)

    def test_is_what_staff_send(self, made):
        services.update_variant(variant_id=made.pk, price=2500, currency="USD", compare_at=2600, **DOER)

        assert self.fill() == 0
        assert prices() == {"A": (2500, 2600, False)}

    def test_is_what_a_file_changes(self, made):
        slug = made.product.slug
        said = said_variant(sku="A", price=2156, currency="USD")
        assert save(change(slug, said)).unchanged == 1
        assert prices() == {"A": (2156, None, True)}

        assert save(change(slug, said_variant(sku="A", price=2157, currency="USD"))).updated == 1

        assert self.fill() == 0
        assert prices() == {"A": (2157, None, False)}

    def test_of_the_base_currency_leaves_the_others_to_the_rate(self, made):
        services.update_variant(variant_id=made.pk, price=1000, currency="EUR", **DOER)

        assert self.fill() == 1
        assert prices() == {"A": (1084, None, True)}

    def test_ends_when_the_price_is_removed(self, made):
        services.set_price(variant_id=made.pk, amount=2500, currency="USD", now=NOW)

        services.remove_price(variant_id=made.pk, currency="USD", **DOER)

        assert prices() == {}
        assert not ProductPrice.objects.filter(currency="USD").exists()
        entry = AuditEntry.objects.latest("pk")
        assert (entry.action, entry.facts) == ("products.price_removed", {"currency": "USD"})
        assert self.fill() == 1
        assert prices() == {"A": (2156, None, True)}

    def test_removing_what_is_not_there_does_nothing(self, made):
        services.remove_price(variant_id=made.pk, currency="GBP", **DOER)

        assert not AuditEntry.objects.filter(action="products.price_removed").exists()

    def test_of_the_base_currency_can_not_be_removed(self, made):
        with pytest.raises(ValidationFailed) as refused:
            services.remove_price(variant_id=made.pk, currency="EUR", **DOER)

        assert refused.value.errors[0].field == "currency"
        assert prices("EUR") == {"A": (1990, None, False)}

    def test_an_export_holds_no_made_prices_and_its_import_changes_nothing(self, made):
        text = "".join(export_lines())
        before = list(Price.objects.order_by("pk").values())

        report = run(text)

        assert (report.unchanged, report.updated, report.error_count) == (1, 0, 0)
        assert "USD" not in text
        assert list(Price.objects.order_by("pk").values()) == before


@pytest.mark.django_db
class TestShopping:
    @pytest.fixture(autouse=True)
    def goods(self):
        for number, price in enumerate((1000, 2000, 3000)):
            product(variant_data(price=price), name=f"Lamp {number}", slug=f"lamp-{number}")
        rate_of("JPY", rate=160_000_000)
        rate_of("KWD", rate=332_100)
        fill_prices(now=NOW)

    def get(self, path: str) -> Any:
        return anonymous().get(f"/api/v1/products/{path}").json()

    @pytest.mark.parametrize(
        ("currency", "shown"), [("JPY", ["1600", "3200", "4800"]), ("KWD", ["3.320", "6.640", "9.960"])]
    )
    def test_a_list_is_priced_ordered_and_filtered_in_the_currency(self, currency, shown):
        body = self.get(f"?currency={currency}&ordering=price")
        assert [(row["price"], row["currency"]) for row in body["results"]] == [
            (price, currency) for price in shown
        ]

        body = self.get(f"?currency={currency}&price_min={shown[1]}&ordering=-price")
        assert [row["price"] for row in body["results"]] == [shown[2], shown[1]]

    def test_a_page_and_facets_are_too(self):
        page = self.get("lamp-1/?currency=JPY")
        assert [page["price"], page["variants"][0]["price"], page["currency"]] == ["3200", "3200", "JPY"]

        assert self.get("facets/?currency=KWD")["price"] == {
            "min": "3.320",
            "max": "9.960",
            "currency": "KWD",
        }


@pytest.mark.django_db
class TestScale:
    SIZE = 2_000

    def grow(self, size: int) -> None:
        """Make a variant a product, past the services for speed."""
        first = product(variant_data(price=1000))
        products = [
            Product(
                name=f"P{n}", slug=f"p-{n}", category_id=first.category_id, created_at=NOW, updated_at=NOW
            )
            for n in range(size - 1)
        ]
        Product.objects.bulk_create(products)
        variants = [Variant(product=one, sku=f"S{n}", option_key="") for n, one in enumerate(products)]
        Variant.objects.bulk_create(variants)
        StockItem.objects.bulk_create(StockItem(variant=one) for one in variants)
        Price.objects.bulk_create(
            Price(variant=one, currency="EUR", amount=1000 + n, compare_at=5000 + n)
            for n, one in enumerate(variants)
        )

    def test_costs_as_much_a_chunk_however_many_differ(self):
        assert self.SIZE % CHUNK == 0
        self.grow(self.SIZE)
        rate_of("USD")
        rate_of("JPY", rate=160_000_000)

        with statements() as first:
            assert fill_prices(now=NOW) == 2 * self.SIZE
        rate_of("USD", rate=1_100_000)
        with statements() as again:
            assert fill_prices(now=LATER) == self.SIZE

        # SQLite takes a thousand values a statement, so inserts of hundreds of rows are several there.
        chunks, split = self.SIZE // CHUNK, connection.vendor == "sqlite"
        for seen in (first, again):
            counted = [sql for sql in seen if not (split and sql.startswith("INSERT"))]
            assert len(counted) <= 5 + 15 * chunks
        for currency in ("USD", "JPY"):
            assert ProductPrice.objects.filter(currency=currency).count() == self.SIZE

    def test_costs_two_statements_a_chunk_where_nothing_differs(self):
        self.grow(self.SIZE)
        rate_of()
        fill_prices(now=NOW)
        ExchangeRate.objects.update(filled_version=None)

        with statements() as seen:
            assert fill_prices(now=LATER) == 0

        assert len(seen) <= 5 + 2 * (self.SIZE // CHUNK)


@pytest.mark.django_db
def test_the_command_fills_and_says_so(capsys):
    variant()
    rate_of()

    call_command("fill_prices")
    call_command("fill_prices")

    assert capsys.readouterr().out.splitlines() == [
        "filling in prices: 1/1", "1 prices were changed.", "0 prices were changed."
    ]  # fmt: skip

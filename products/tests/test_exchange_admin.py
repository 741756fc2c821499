"""Exchange rates and prices in other currencies in the admin: written as people write them."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from products import services
from products.filling import fill_prices
from products.models import ExchangeRate, Price, Variant
from products.tests.exchanging import CURRENCIES, LATER, prices, rate_of
from products.tests.factories import NOW, product, variant, variant_data
from products.tests.importing.files import run, said
from shop.audit.models import AuditEntry
from tests.statements import statements
from users.tests.clients import client_of
from users.tests.factories import StaffFactory, SuperuserFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:products_exchangerate_changelist")
ADD = reverse("admin:products_exchangerate_add")
MOST_STATEMENTS = 15


@pytest.fixture(autouse=True)
def currencies(settings):
    settings.CURRENCIES = CURRENCIES


@pytest.fixture
def admin(client):
    client.force_login(SuperuserFactory())
    return client


@pytest.fixture
def staff():
    return client_of(SuperuserFactory())


def page_of(row: ExchangeRate | Variant) -> str:
    return reverse(f"admin:products_{row._meta.model_name}_change", args=[row.pk])


def errors_of(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


def rule() -> tuple[Any, ...]:
    return ExchangeRate.objects.values_list("currency", "rate", "round_to", "minus", "is_active").get()


def form_of(admin: Any, made: Variant) -> dict[str, Any]:
    """Return the page's form as a browser would send it back."""
    context = admin.get(page_of(made)).context
    forms = [context["adminform"].form]
    sent: dict[str, Any] = {}
    for one in context["inline_admin_formsets"]:
        forms += [one.formset.management_form, *one.formset.forms]
    for form in forms:
        for field in form:
            value = field.value()
            if value is not None and value is not False:
                sent[field.html_name] = field.field.prepare_value(value) if value is not True else "on"
    return sent


class TestRates:
    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            (("USD", "1.0835", "", ""), ("USD", 1_083_500, 1, 0, True)),
            (("USD", "1.0835", "1.00", "0.01"), ("USD", 1_083_500, 100, 1, True)),
            (("USD", "0.9", "0.05", "0"), ("USD", 900_000, 5, 0, True)),
            (("JPY", "162.34", "100", "20"), ("JPY", 162_340_000, 100, 20, True)),
            (("KWD", "0.3321", "", ""), ("KWD", 332_100, 10, 0, True)),
            (("KWD", "0.3321", "0.250", "0.010"), ("KWD", 332_100, 250, 10, True)),
        ],
    )
    def test_are_written_as_people_do(self, admin, said, kept):
        names = ("currency", "rate", "round_to", "minus")
        answer = admin.post(ADD, {**dict(zip(names, said, strict=True)), "is_active": "on"})

        assert answer.status_code == 302
        assert rule() == kept
        assert AuditEntry.objects.get().action == "products.exchange_rate_set"

    @pytest.mark.parametrize(
        ("said", "field", "words"),
        [
            ({"rate": "1,0835"}, "rate", "Write a rate like 1.0835."),
            ({"rate": "0"}, "rate", "Write a rate like 1.0835."),
            ({"rate": "1.0000001"}, "rate", "Write a rate like 1.0835."),
            ({"round_to": "0.001"}, "round_to", "USD has 2 decimal places."),
            ({"round_to": "0.05", "minus": "0.05"}, "minus", "Write less than what is rounded to."),
            (
                {"currency": "EUR"},
                "currency",
                "Select a valid choice. EUR is not one of the available choices.",
            ),
            (
                {"currency": "KWD", "round_to": "0.025"},
                "round_to",
                "The last decimal place of KWD must be 0: cards can't be charged otherwise.",
            ),
            ({"currency": "JPY", "round_to": "0.5"}, "round_to", "JPY has 0 decimal places."),
        ],
    )
    def test_say_what_is_wrong_beside_it(self, admin, said, field, words):
        usual = {"currency": "USD", "rate": "1.0835", "round_to": "", "minus": "", "is_active": "on"}

        answer = admin.post(ADD, usual | said)

        assert errors_of(answer) == {field: [words]}
        assert not ExchangeRate.objects.exists()

    def test_are_shown_as_they_were_written_and_saving_them_changes_nothing(self, admin):
        row = rate_of(round_to=100, minus=1)
        fill_prices(now=NOW)
        before = ExchangeRate.objects.values().get()

        page = admin.get(page_of(row))
        form = page.context["adminform"].form
        shown = {name: form[name].value() for name in ("currency", "rate", "round_to", "minus")}
        assert shown == {"currency": "USD", "rate": "1.0835", "round_to": "1.00", "minus": "0.01"}
        assert "19.90 EUR becomes 21.99 USD." in page.content.decode()

        assert admin.post(page_of(row), shown | {"is_active": "on"}).status_code == 302
        assert ExchangeRate.objects.values().get() == before

    def test_are_changed_and_filled_anew(self, admin):
        row = rate_of()
        fill_prices(now=NOW)

        admin.post(page_of(row), {"rate": "1.1", "round_to": "0.01", "minus": "0", "is_active": ""})

        assert rule() == ("USD", 1_100_000, 1, 0, False)
        assert ExchangeRate.objects.get().filled_version is None

    def test_of_a_currency_that_has_one_are_not_offered_again(self, admin):
        rate_of("USD")
        rate_of("GBP")

        form = admin.get(ADD).context["adminform"].form

        assert [code for code, _ in form.fields["currency"].choices] == ["JPY", "KWD"]

    def test_are_removed(self, admin):
        row = rate_of()
        page = reverse("admin:products_exchangerate_delete", args=[row.pk])

        assert admin.post(page, {"post": "yes"}).status_code == 302

        assert not ExchangeRate.objects.exists()
        assert AuditEntry.objects.latest("pk").action == "products.exchange_rate_removed"

    def test_say_what_came_of_them_at_little_cost(self, admin):
        for _ in range(3):
            variant(price=1990)
        by_hand = variant(price=1990)
        services.set_price(variant_id=by_hand.pk, amount=2000, currency="USD", now=NOW)
        for currency in ("USD", "JPY", "GBP", "KWD"):
            rate_of(currency)
        assert (
            "It has made no prices yet"
            in admin.get(page_of(ExchangeRate.objects.get(currency="JPY"))).content.decode()
        )
        fill_prices(now=LATER)

        with statements() as seen:
            listed = admin.get(LIST).content.decode()
        assert len(seen) <= MOST_STATEMENTS
        assert "1 EUR = 1.0835 USD" in listed
        row = ExchangeRate.objects.get(currency="USD")
        with statements() as seen:
            page = admin.get(page_of(row)).content.decode()
        assert len(seen) <= MOST_STATEMENTS
        assert "3 prices made by it and 1 set by hand, as of 2026-03-02 12:01." in page

    def test_are_not_for_everybody(self, client):
        client.force_login(StaffFactory())

        assert client.get(LIST).status_code == 403
        assert client.post(ADD, {"currency": "USD", "rate": "1"}).status_code == 403
        assert not ExchangeRate.objects.exists()


class TestPrices:
    @pytest.fixture
    def made(self):
        made = variant(sku="A", price=1990)
        rate_of("USD")
        rate_of("KWD", rate=332_100)
        fill_prices(now=NOW)
        return made

    def test_are_shown_with_who_set_them(self, admin, made):
        services.set_price(variant_id=made.pk, amount=2000, currency="USD", compare_at=2500, now=NOW)

        with statements() as seen:
            page = admin.get(page_of(made))

        assert len(seen) <= MOST_STATEMENTS + 5
        (formset,) = (one.formset for one in page.context["inline_admin_formsets"])
        shown = [
            [form["currency"].value(), form["amount"].value(), form["compare_at"].value()]
            for form in formset.initial_forms
        ]
        assert shown == [["KWD", "6.610", None], ["USD", "20.00", "25.00"]]
        text = page.content.decode()
        assert text.count("by the exchange rate") == text.count("by hand") == 1

    def test_stay_made_by_the_rate_when_nothing_is_changed(self, admin, made):
        before = list(Price.objects.order_by("pk").values())

        answer = admin.post(page_of(made), form_of(admin, made))

        assert answer.status_code == 302
        assert list(Price.objects.order_by("pk").values()) == before

    def test_are_set_by_hand_where_they_are_changed(self, admin, made):
        said = form_of(admin, made) | {"prices-1-amount": "20.00", "prices-1-compare_at": "25.00"}

        assert admin.post(page_of(made), said).status_code == 302

        assert prices("USD") == {"A": (2000, 2500, False)}
        assert prices("KWD") == {"A": (6610, None, True)}
        assert AuditEntry.objects.filter(action="products.variant_updated").exists()

    def test_are_added_and_removed(self, admin, made):
        said = form_of(admin, made) | {
            "prices-1-DELETE": "on", "prices-TOTAL_FORMS": "3", "prices-2-currency": "GBP", "prices-2-amount": "17.50",
            "prices-2-variant": str(made.pk),
        }  # fmt: skip

        assert admin.post(page_of(made), said).status_code == 302

        assert (prices("USD"), prices("GBP")) == ({}, {"A": (1750, None, False)})

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"prices-0-amount": "6.615"}, "The last decimal place of KWD must be 0"),
            ({"prices-1-compare_at": "21.56"}, "This must be higher than the price."),
            (
                {"prices-TOTAL_FORMS": "3", "prices-2-currency": "USD", "prices-2-amount": "1.00"},
                "Write one price in each currency.",
            ),
        ],
    )
    def test_say_what_is_wrong(self, admin, made, said, words):
        before = list(Price.objects.order_by("pk").values())

        answer = admin.post(page_of(made), form_of(admin, made) | said)

        assert answer.status_code == 200
        (formset,) = (one.formset for one in answer.context["inline_admin_formsets"])
        assert words in f"{formset.errors} {formset.non_form_errors()}".replace("&#x27;", "'")
        assert list(Price.objects.order_by("pk").values()) == before

    def test_are_not_there_in_a_shop_of_one_currency(self, admin, settings):
        settings.CURRENCIES = ["EUR"]

        page = admin.get(page_of(variant()))

        assert page.context["inline_admin_formsets"] == []


class TestAmountsNobodyCanBeCharged:
    """The last of three decimal places must be 0, wherever a price is entered."""

    WORDS = "The last decimal place of KWD must be 0: cards can't be charged otherwise."

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"price": "1.005", "currency": "KWD"}, "price"),
            ({"price": "1.000", "compare_at_price": "1.001", "currency": "KWD"}, "compare_at_price"),
        ],
    )
    def test_are_refused_by_the_api(self, staff, body, field):
        made = product(variant_data(sku="A"), slug="lamp")
        path = f"/api/v1/products/lamp/variants/{made.variants.get().pk}/"

        answer = staff.patch(path, body)

        assert answer.status_code == 400
        assert [(error["field"], error["detail"]) for error in answer.json()["errors"]] == [
            (field, self.WORDS)
        ]
        assert prices("KWD") == {}
        assert (
            staff.patch(path, {"price": "1.000", "compare_at_price": "1.010", "currency": "KWD"}).status_code
            == 200
        )
        assert prices("KWD") == {"A": (1000, 1010, False)}

    def test_of_yen_have_no_decimals(self, staff):
        made = product(variant_data(sku="A"), slug="lamp")

        answer = staff.patch(
            f"/api/v1/products/lamp/variants/{made.variants.get().pk}/", {"price": "1.5", "currency": "JPY"}
        )

        assert answer.json()["errors"][0]["detail"] == "JPY has 0 decimal places."

    def test_are_told_as_bad_rows_of_a_file(self):
        product(variant_data(sku="A"), slug="lamp")

        report = run("sku,price,currency\nA,1.005,KWD\n")

        assert said(report) == [f"2 price: {self.WORDS}"]
        assert prices("KWD") == {}

    def test_are_refused_of_the_base_currency_too(self, admin, settings):
        settings.BASE_CURRENCY = "KWD"
        made = variant(sku="A", price=1000, currency="KWD")

        answer = admin.post(page_of(made), form_of(admin, made) | {"price": "1.005"})

        assert errors_of(answer) == {"price": [self.WORDS]}
        assert prices("KWD") == {"A": (1000, None, False)}

"""Tax rates in the admin: what can't be meant is refused beside what was typed, and the record says who did what."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cart import services
from cart.models import TaxRate
from cart.services import TaxRateData
from cart.tests.factories import selling
from products.tests.factories import NOW
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, ValidationFailed
from tests.statements import statements
from users.tests.factories import SuperuserFactory

pytestmark = pytest.mark.django_db

ADD = "admin:cart_taxrate_add"


@pytest.fixture
def admin(client):
    client.force_login(SuperuserFactory())
    return client


def form(**values):
    return {"name": "VAT", "country": "DE", "region": "", "tax_class": "standard", "rate": "19"} | values


def rows():
    return list(
        TaxRate.objects.order_by("pk").values_list(
            "name", "country", "region", "tax_class", "rate", "on_shipping"
        )
    )


class TestPage:
    def test_adds_changes_and_deletes_and_writes_it_down(self, admin):
        assert admin.post(reverse(ADD), form(on_shipping="on")).status_code == 302
        rate = TaxRate.objects.get()
        assert rows() == [("VAT", "DE", "", "standard", 190_000, True)]

        page = reverse("admin:cart_taxrate_change", args=[rate.pk])
        assert admin.post(page, form(rate="8.875", on_shipping="on")).status_code == 302
        assert rows() == [("VAT", "DE", "", "standard", 88_750, True)]

        assert (
            admin.post(reverse("admin:cart_taxrate_delete", args=[rate.pk]), {"post": "yes"}).status_code
            == 302
        )
        assert rows() == []
        assert [(entry.action, entry.facts["rate"]) for entry in AuditEntry.objects.order_by("pk")] == [
            ("cart.tax_rate_saved", 190_000),
            ("cart.tax_rate_saved", 88_750),
            ("cart.tax_rate_deleted", 88_750),
        ]

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"country": "XX"}, "Select a valid choice."),
            ({"rate": "101"}, "Write a percentage like 19 or 8.875."),
            ({"rate": "nineteen"}, "Write a percentage like 19 or 8.875."),
            ({"tax_class": "very special"}, "Write a word of letters and digits"),
            ({}, "This class has a rate there already."),
            ({"region": "BAYERN", "tax_class": "reduced"}, "This class has a rate there already."),
            (
                {"tax_class": "reduced", "on_shipping": "on"},
                "Another rate there is the shipping&#x27;s already.",
            ),
        ],
    )
    def test_refuses_what_cannot_be_meant(self, admin, values, said):
        selling()
        TaxRate.objects.create(name="A", country="DE", region="Bayern", tax_class="reduced", rate=1)
        before = rows()

        answer = admin.post(reverse(ADD), form(**values))

        assert (answer.status_code, rows()) == (200, before)
        assert said in answer.content.decode()

    def test_suggests_the_classes_there_are(self, admin):
        TaxRate.objects.create(name="A", country="DE", tax_class="books", rate=1)

        page = admin.get(reverse(ADD)).content.decode()

        for word in ("standard", "reduced", "zero", "books"):
            assert f'<option value="{word}"></option>' in page
        assert 'list="tax_class-suggested"' in page

    def test_of_many_rates_costs_as_much_as_of_few(self, admin):
        def cost() -> int:
            with statements() as seen:
                assert admin.get(reverse("admin:cart_taxrate_changelist")).status_code == 200
            return len(seen)

        selling()
        few = cost()
        TaxRate.objects.bulk_create(
            TaxRate(name="A", country="US", region=f"R{number}", tax_class=f"c{number}", rate=number)
            for number in range(150)
        )

        assert cost() == few <= 8
        page = admin.get(reverse(ADD)).content.decode()
        assert page.count('<option value="c') <= 20


class TestService:
    def test_leaves_a_rate_be_that_is_saved_as_it_was(self):
        data = TaxRateData(name="VAT", country="DE", rate=190_000, on_shipping=True)
        made = services.save_tax_rate(data=data, actor_id=None, now=NOW)

        assert services.save_tax_rate(data=data, rate_id=made.pk, actor_id=None, now=NOW) == made
        assert rows() == [("VAT", "DE", "", "standard", 190_000, True)]

    @pytest.mark.parametrize(
        "values", [{"country": "XX"}, {"rate": -1}, {"rate": 1_000_001}, {"tax_class": ""}]
    )
    def test_refuses_what_a_form_would_not_let_through(self, values):
        data = TaxRateData(**{"name": "VAT", "country": "DE", "rate": 1} | values)

        with pytest.raises(ValidationFailed) as refused:
            services.save_tax_rate(data=data, actor_id=None, now=NOW)

        assert [error.field for error in refused.value.errors] == list(values)
        assert (rows(), AuditEntry.objects.count()) == ([], 0)

    def test_knows_when_there_is_none(self):
        data = TaxRateData(name="VAT", country="DE", rate=1)

        with pytest.raises(NotFound):
            services.save_tax_rate(data=data, rate_id=99, actor_id=None, now=NOW)
        with pytest.raises(NotFound):
            services.delete_tax_rate(rate_id=99, actor_id=None, now=NOW)

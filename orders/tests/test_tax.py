"""How an order was taxed: by the addresses in its body and the VAT id on the cart, kept as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import transaction
from django.urls import reverse

from cart import services as carts
from cart.models import ShippingMethod
from cart.selectors import CartOwner
from cart.tests.factories import bound_for, coupon, filled, promotion, rate_to, selling, shopper
from cart.tests.tax import engine
from orders import services
from orders.digest import digest
from orders.models import Order
from orders.personal_data import OrdersPersonalData
from orders.selectors import order_json
from orders.tests.factories import ADDRESS, place, place_cart
from orders.tests.invariants import check_invariants
from orders.tests.shopping import buyer
from orders.tests.test_pages import page_of
from products.tests.factories import NOW, variant
from users.tests.factories import SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db

FR, DE = "FR40303265045", "DE136695976"
IN_FRANCE = replace(ADDRESS, city="Paris", postal_code="75001", country="FR", phone="")
IN_ZURICH = replace(ADDRESS, city="Zürich", postal_code="8001", country="CH", phone="")
ON_TENERIFE = replace(
    ADDRESS, city="Adeje", postal_code="38670", country="ES", phone="", region="Santa Cruz de Tenerife"
)
FACTS = ("tax_treatment", "tax_rounding", "vat_id", "prices_include_tax", "tax_total", "tax_added", "total")


@pytest.fixture(autouse=True)
def _shop():
    """19 % at home and 4.90 to everywhere that these tests go; no rates elsewhere."""
    selling()
    for country in ("FR", "CH", "ES"):
        rate_to(ShippingMethod.objects.get(), country)


@pytest.fixture
def who():
    made = shopper()
    filled(made, variant(price=11900))
    bound_for(made)
    return made


def facts(order: Order) -> tuple:
    order.refresh_from_db()
    return tuple(getattr(order, name) for name in FACTS)


class TestPlacing:
    @pytest.mark.parametrize(
        ("address", "vat_id", "kept"),
        [
            (ADDRESS, "", ("standard", "line_half_up", "", True, 1978, 0, 12390)),
            (ADDRESS, FR, ("standard", "line_half_up", FR, True, 1978, 0, 12390)),
            (IN_FRANCE, "", ("standard", "line_half_up", "", True, 1978, 0, 12390)),
            (IN_FRANCE, DE, ("standard", "line_half_up", DE, True, 1978, 0, 12390)),
            (IN_FRANCE, FR, ("reverse_charge", "line_half_up", FR, False, 0, 0, 10412)),
            (IN_ZURICH, "", ("export", "line_half_up", "", False, 0, 0, 10412)),
            (ON_TENERIFE, "", ("export", "line_half_up", "", False, 0, 0, 10412)),
        ],
    )
    def test_goes_by_the_address_and_the_carts_vat_id(self, who, address, vat_id, kept):
        carts.set_place(owner=who.owner, now=NOW, vat_id=vat_id)

        order = place_cart(who, 12390, shipping_address=address)

        assert facts(order) == kept
        assert (order.tax_lines == []) is (kept[4] == 0)
        check_invariants()

    def test_does_not_go_by_where_the_bill_goes(self, who):
        order = place_cart(who, 12390, shipping_address=IN_FRANCE, billing_address=IN_ZURICH)

        assert facts(order)[0] == "standard"

    def test_refuses_the_home_price_that_a_shopper_did_not_expect(self, who):
        """The estimate was an export; the address says otherwise."""
        made = buyer(variant(price=11900))
        owner = CartOwner.of(user_id=None, token=made.token)
        estimate = carts.set_place(owner=owner, country="CH", now=NOW)
        assert estimate.totals.total == 10412

        response = made.place(expected_total="104.12")

        assert (response.status_code, response.json()["code"]) == (409, "price_changed")
        assert not Order.objects.exists()

    def test_carries_what_another_engine_says(self, who, settings):
        settings.TAX_PROVIDER = engine.PATH

        order = place_cart(who, 99999)

        assert facts(order) == ("standard", "engine_exact", "", False, 132, 132, 12390 + 132)
        assert order.tax_lines == [
            {"name": "Road", "rate": 250_000, "taxable": 490, "amount": 122},
            {"name": "Levy", "rate": 5_025, "taxable": 11900, "amount": 10},
        ]
        line = order.lines.get()
        assert (line.tax_name, line.tax_rate, line.tax_amount) == ("Levy", 5_025, 10)
        check_invariants()

    def test_of_what_goes_nowhere_has_no_treatment(self):
        made = shopper()
        filled(made, variant(requires_shipping=False))

        order = place_cart(made, 1990, shipping_address=None, shipping_method="")

        assert facts(order)[:3] == ("", "", "")
        assert order_json(order.pk)["tax_treatment"] is None


class TestDiscounts:
    def test_are_kept_by_name_in_their_turn(self, who):
        promotion(name="Autumn", value=100_000)
        coupon("FIVE", name="Five off", kind="fixed", value=500)
        carts.add_coupon(owner=who.owner, code="FIVE", now=NOW)

        order = place_cart(who, 12390)

        order.refresh_from_db()
        assert order.discounts == [
            {"name": "Autumn", "code": None, "amount": 1190},
            {"name": "Five off", "code": "FIVE", "amount": 500},
        ]
        assert sum(one["amount"] for one in order.discounts) == order.discount_total
        assert order_json(order.pk)["discounts"] == [
            {"name": "Autumn", "code": None, "amount": "11.90"},
            {"name": "Five off", "code": "FIVE", "amount": "5.00"},
        ]


class TestDigest:
    @pytest.mark.parametrize(
        "change",
        [
            {"tax_treatment": "export"}, {"tax_treatment": ""}, {"tax_rounding": "other"}, {"vat_id": DE},
            {"vat_id": ""}, {"discounts": [{"name": "A", "code": None, "amount": 1}]},
        ],
    )  # fmt: skip
    def test_shows_a_change(self, who, change):
        carts.set_place(owner=who.owner, now=NOW, vat_id=FR)
        place_cart(who, 12390)
        Order.objects.update(**change)

        stored = Order.objects.get()

        assert digest(stored, stored.lines.all(), stored.addresses.all()) != stored.digest

    def test_of_an_order_of_before_is_what_it_was(self, monkeypatch):
        """Proof that a column which is added later doesn't make every older order look changed."""
        order = place()
        new = dict.fromkeys(("tax_treatment", "tax_rounding", "vat_id"), "")
        Order.objects.update(**new, discounts=[])
        stored = Order.objects.get()
        now = digest(stored, stored.lines.all(), stored.addresses.all())

        monkeypatch.setattr("orders.digest._SINCE_THEN", ())

        assert digest(stored, stored.lines.all(), stored.addresses.all()) == now != order.digest


class TestReading:
    @pytest.fixture
    def order(self, who):
        promotion(name="Autumn", value=100_000)
        carts.set_place(owner=who.owner, now=NOW, vat_id=FR)
        return place_cart(who, 12390, shipping_address=IN_FRANCE)

    def test_an_order_says_it(self, order):
        said = order_json(order.pk)

        assert {name: said[name] for name in ("vat_id", "tax_treatment", "tax_total", "tax_lines", "total")} == {
            "vat_id": FR, "tax_treatment": "reverse_charge", "tax_total": "0.00", "tax_lines": [], "total": "94.12",
        }  # fmt: skip

    def test_the_page_says_it(self, order):
        text = page_of(order).content.decode()

        assert "<td>Autumn</td><td>−€10.00</td>" in text
        assert f"VAT ID: {FR}" in text
        assert "Reverse charge: the recipient accounts for the VAT." in text
        assert "Discount" not in text

    def test_the_page_says_it_in_german(self, order):
        Order.objects.update(language="de", tax_treatment="export")

        text = page_of(order).content.decode()

        assert f"USt-IdNr.: {FR}" in text
        assert "Steuerfreie Ausfuhrlieferung." in text

    def test_the_page_of_one_of_before_says_what_it_knows(self, order):
        Order.objects.update(discounts=[], tax_treatment="", vat_id="")

        text = page_of(order).content.decode()

        assert "<td>Discount</td><td>−€10.00</td>" in text
        assert "VAT ID" not in text

    def test_the_page_tells_tax_that_is_added(self, who, settings):
        settings.PRICES_INCLUDE_TAX = False

        assert "<td>Tax</td><td>€23.54</td>" in page_of(place_cart(who, 99999)).content.decode()

    def test_the_admin_says_it_and_lists_by_it(self, order, client):
        client.force_login(SuperuserFactory())
        other = place()

        page = client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
        listed = client.get(
            reverse("admin:orders_order_changelist"), {"tax_treatment__exact": "reverse_charge"}
        ).content.decode()

        for shown in (FR, "line_half_up", "Reverse Charge", "Autumn −10.00 EUR"):
            assert shown in page
        assert order.number in listed
        assert other.number not in listed


def test_a_vat_id_is_exported_and_erased():
    user = UserFactory()
    made = shopper(user)
    filled(made, variant())
    bound_for(made)
    carts.set_place(owner=made.owner, now=NOW, vat_id=FR)
    order = place_cart(made, 2480)
    part = OrdersPersonalData()
    assert [held["vat_id"] for held in part.export(user_id=user.pk)["orders"]] == [FR]

    with transaction.atomic():
        services.forget_customer(user_id=user.pk, actor_id=user.pk, now=NOW)

    assert facts(order) == ("standard", "line_half_up", "", True, 396, 0, 2480)
    check_invariants()

"""Which methods go where, for how much: zones, tables, and what staff write."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from cart import selectors, services
from cart.models import ShippingMethod, ShippingRate, ShippingZone, ZoneArea
from cart.places import Place
from cart.selectors.shipping import Parcel, options_among
from cart.tests.factories import filled, rate_to, selling, shopper, zone
from cart.tests.guests import Guest
from products.tests.factories import NOW, variant
from users.tests.clients import client_of
from users.tests.factories import SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def methods():
    """Parcels to Germany, dearer to islands and dearest to one of them; letters by weight; freight by subtotal."""
    parcel = ShippingMethod.objects.create(code="parcel", name="Parcel", position=1)
    rate_to(parcel, "DE", amount=500, free_from=5000)
    rate_to(parcel, "DE", "25*", amount=900)
    rate_to(parcel, "DE", "25990-25999", amount=1000)
    rate_to(parcel, "DE", "25999", amount=1500)
    rate_to(parcel, "DE", "", "Bayern", amount=600)
    letter = ShippingMethod.objects.create(
        code="letter", name="Letter", position=2, basis="weight", max_weight=1000
    )
    rate_to(letter, "DE", amount=100)
    rate_to(letter, "DE", threshold=100, amount=200)
    rate_to(letter, "DE", threshold=500, amount=300)
    rate_to(letter, "AT", threshold=50, amount=400)
    freight = ShippingMethod.objects.create(code="freight", name="Freight", position=3, basis="subtotal")
    rate_to(freight, "DE", threshold=10_000, amount=4000)
    rate_to(freight, "DE", threshold=50_000, amount=0)
    gone = ShippingMethod.objects.create(code="gone", name="Gone", is_active=False)
    rate_to(gone, "DE")
    rate_to(parcel, "DE", currency="USD", amount=1)
    return parcel, letter, freight


CASES = [
    # place (country, region, postal code), subtotal, grams, what each method costs
    (("DE", "", ""), 0, 0, {"parcel": 500, "letter": 100}),
    (("DE", "", "10115"), 0, 0, {"parcel": 500, "letter": 100}),
    (("DE", "", "10115"), 4999, 0, {"parcel": 500, "letter": 100}),
    (("DE", "", "10115"), 5000, 0, {"parcel": 0, "letter": 100}),
    (("DE", "", "25 813"), 0, 0, {"parcel": 900, "letter": 100}),
    (("DE", "", "25813"), 9000, 0, {"parcel": 900, "letter": 100}),
    (("DE", "", "25990"), 0, 0, {"parcel": 1000, "letter": 100}),
    (("DE", "", "25998"), 0, 0, {"parcel": 1000, "letter": 100}),
    (("DE", "", "25999"), 0, 0, {"parcel": 1500, "letter": 100}),
    (("DE", "", "2"), 0, 0, {"parcel": 500, "letter": 100}),
    (("DE", "Bayern", ""), 0, 0, {"parcel": 600, "letter": 100}),
    (("DE", "BAYERN", "80331"), 0, 0, {"parcel": 600, "letter": 100}),
    (("DE", "bayern", "25813"), 0, 0, {"parcel": 900, "letter": 100}),
    (("DE", "Hessen", "60311"), 0, 0, {"parcel": 500, "letter": 100}),
    (("DE", "%", "60311"), 0, 0, {"parcel": 500, "letter": 100}),
    (("DE", "", ""), 0, 99, {"parcel": 500, "letter": 100}),
    (("DE", "", ""), 0, 100, {"parcel": 500, "letter": 200}),
    (("DE", "", ""), 0, 499, {"parcel": 500, "letter": 200}),
    (("DE", "", ""), 0, 500, {"parcel": 500, "letter": 300}),
    (("DE", "", ""), 0, 1000, {"parcel": 500, "letter": 300}),
    (("DE", "", ""), 0, 1001, {"parcel": 500}),
    (("DE", "", ""), 9999, 2000, {"parcel": 0}),
    (("DE", "", ""), 10_000, 2000, {"parcel": 0, "freight": 4000}),
    (("DE", "", ""), 49_999, 2000, {"parcel": 0, "freight": 4000}),
    (("DE", "", ""), 50_000, 2000, {"parcel": 0, "freight": 0}),
    (("AT", "", "1010"), 0, 49, {}),
    (("AT", "", "1010"), 0, 50, {"letter": 400}),
    (("FR", "", ""), 0, 0, {}),
    (("", "", ""), 0, 0, {}),
]


class TestOptions:
    @pytest.mark.parametrize(("where", "subtotal", "grams", "costs"), CASES)
    def test_of_a_cart(self, methods, where, subtotal, grams, costs):
        country, region, code = where
        who = shopper()
        filled(who, variant(price=subtotal, weight_grams=grams))
        place = Place(country=country, region=region, postal_code=code)

        cart = selectors.read_cart(who.owner, now=NOW, place=place)

        assert cart is not None
        assert {option.code: option.amount for option in cart.options} == costs
        assert [option.code for option in cart.options] == [
            code for code in ("parcel", "letter", "freight") if code in costs
        ]

    def test_of_whoever_has_no_cart_are_those_of_nothing(self, methods):
        for where, subtotal, grams, costs in CASES:
            if subtotal or grams:
                continue
            country, region, code = where
            place = Place(country=country, region=region, postal_code=code)
            found = selectors.shipping_options(place=place, currency="EUR")
            assert {option.code: option.amount for option in found} == costs

    def test_between_zones_that_fit_alike_the_position_decides_and_then_the_older(self):
        method = ShippingMethod.objects.create(code="parcel", name="Parcel")
        for name, position, amount in (("first", 1, 100), ("second", 0, 200), ("third", 0, 300)):
            made = ShippingZone.objects.create(name=name, position=position)
            ZoneArea.objects.create(zone=made, country="DE")
            ShippingRate.objects.create(
                method=method, zone=made, currency="EUR", amount=amount, min_days=1, max_days=1
            )

        (option,) = selectors.shipping_options(place=Place(country="DE"), currency="EUR")

        assert option.amount == 200

    def test_a_zone_of_many_areas_is_one_table(self):
        method = ShippingMethod.objects.create(code="parcel", name="Parcel", basis="weight")
        everywhere = zone("DE")
        for country, pattern in (("DE", "1*"), ("DE", "10*"), ("AT", "")):
            ZoneArea.objects.create(zone=everywhere, country=country, postal_pattern=pattern)
        for threshold in (0, 100):
            rate_to(method, "DE", threshold=threshold, amount=threshold + 1)

        assert [
            [option.amount for option in found_for(country, code, grams)]
            for country, code, grams in (
                ("DE", "10115", 99),
                ("DE", "10115", 100),
                ("AT", "", 100),
                ("DE", "", 0),
            )
        ] == [[1], [101], [101], [1]]

    @pytest.mark.once
    def test_are_one_a_method_whatever_the_order_of_rows(self):
        usual = {
            "code": "a", "name": "A", "basis": "flat", "max_weight": None, "zone_position": 0, "region": "",
            "threshold": 0, "free_from": None, "min_days": 1, "max_days": 1,
        }  # fmt: skip
        rows = [
            {**usual, "zone": 1, "postal_pattern": "", "amount": 1},
            {**usual, "zone": 2, "postal_pattern": "1*", "amount": 2},
            {**usual, "zone": 3, "postal_pattern": "12*", "amount": 3},
        ]

        for order in (rows, rows[::-1]):
            (option,) = options_among(order, postal_code="12345", parcel=Parcel())
            assert option.amount == 3


def found_for(country: str, code: str, grams: int) -> tuple[selectors.ShippingOption, ...]:
    who = shopper()
    filled(who, variant(weight_grams=grams))
    cart = selectors.read_cart(who.owner, now=NOW, place=Place(country=country, postal_code=code))
    assert cart is not None
    return cart.options


class TestOverHttp:
    def test_the_price_is_what_the_cart_is_then_charged(self, methods):
        selling("DE", method="post")
        guest = Guest()
        guest.add(variant(price=1000, weight_grams=300), 2)
        for query in ("country=DE&postal_code=25813", "country=DE&region=Bayern", "country=CH", "country=DE"):
            place = dict(part.split("=") for part in query.split("&"))
            for option in guest("get", f"shipping_methods/?{query}").json():
                cart = guest(
                    "patch", "", {"region": "", "postal_code": "", **place, "shipping_method": option["code"]}
                )
                assert cart.json()["shipping_total"] == option["price"]

    def test_a_sale_free_of_tax_is_charged_without_it(self):
        selling("DE", shipping=595)
        rate_to(ShippingMethod.objects.get(), "CH", amount=595)
        guest, customer = Guest(), client_of(UserFactory())
        guest.add(variant(price=1190))

        options = [
            client("shipping_methods/?country=CH").json()[0]["price"]
            for client in (lambda path: guest("get", path), lambda path: customer.get(f"/api/v1/cart/{path}"))
        ]
        cart = guest("patch", "", {"country": "CH", "shipping_method": "standard"}).json()

        assert options == ["5.00", "5.00"]
        assert (cart["shipping_total"], cart["total"], cart["tax_treatment"]) == ("5.00", "15.00", "export")

    def test_what_is_not_sent_weighs_nothing_and_needs_no_method(self, methods):
        guest = Guest()
        guest.add(variant(price=1000, weight_grams=5000, requires_shipping=False))

        body = guest("get", "shipping_methods/?country=DE").json()
        cart = guest("patch", "", {"country": "DE"}).json()

        assert {option["code"]: option["price"] for option in body} == {"parcel": "5.00", "letter": "1.00"}
        assert cart["shipping_total"] == "0.00"

    def test_a_method_that_the_parcel_has_grown_out_of_is_dropped(self, methods):
        who = shopper()
        made = variant(weight_grams=600)
        filled(who, made)
        services.set_place(owner=who.owner, now=NOW, country="DE", shipping_method="letter")

        cart = filled(who, made)

        assert cart.totals.shipping is None


class TestAdmin:
    @pytest.fixture
    def admin(self, client):
        client.force_login(SuperuserFactory())
        return client

    def test_every_page_opens(self, admin, methods, django_assert_max_num_queries):
        pages = [reverse(f"admin:cart_{model}_changelist") for model in ("shippingzone", "shippingmethod")]
        pages += [reverse("admin:cart_shippingmethod_change", args=[method.pk]) for method in methods]
        pages += [reverse("admin:cart_shippingzone_change", args=[ShippingZone.objects.order_by("pk")[0].pk])]
        pages += [reverse(f"admin:cart_{model}_add") for model in ("shippingzone", "shippingmethod")]
        for page in pages:
            with django_assert_max_num_queries(15):
                assert admin.get(page).status_code == 200

    def test_a_zone_is_written_with_its_areas(self, admin):
        form = {
            "name": "Islands", "position": 0, "areas-TOTAL_FORMS": 1, "areas-INITIAL_FORMS": 0,
            "areas-0-country": "DE", "areas-0-region": "", "areas-0-postal_pattern": "25990-25999",
        }  # fmt: skip
        page = reverse("admin:cart_shippingzone_add")

        refused = admin.post(page, {**form, "areas-0-postal_pattern": "25*9"})
        assert "Write a code such as 10115" in refused.content.decode()
        assert not ShippingZone.objects.exists()

        assert admin.post(page, form).status_code == 302
        assert ZoneArea.objects.values_list("zone__name", "country", "postal_pattern").get() == (
            "Islands",
            "DE",
            "25990-25999",
        )

    @pytest.mark.parametrize(
        ("basis", "said", "kept"),
        [("flat", "", 0), ("weight", "2000", 2000), ("subtotal", "50.00", 5000), ("weight", "", 0)],
    )
    def test_a_rate_is_written_as_people_write(self, admin, basis, said, kept):
        assert (
            admin.post(reverse("admin:cart_shippingmethod_add"), method_form(basis, said)).status_code == 302
        )

        assert ShippingRate.objects.values_list("threshold", "amount", "free_from").get() == (kept, 590, 6000)
        shown = admin.get(
            reverse("admin:cart_shippingmethod_change", args=[ShippingMethod.objects.get().pk])
        ).content.decode()
        assert 'value="5.90"' in shown
        assert not said or f'value="{said}"' in shown

    @pytest.mark.parametrize(
        ("basis", "said", "why"),
        [
            ("flat", "1", "This method has a flat price"),
            ("weight", "2.5", "Write whole grams"),
            ("weight", "-1", "Write whole grams"),
            ("subtotal", "x", "Write an amount like 19.90."),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, admin, basis, said, why):
        page = admin.post(reverse("admin:cart_shippingmethod_add"), method_form(basis, said))

        assert why in page.content.decode()
        assert not ShippingRate.objects.exists()


def method_form(basis: str, threshold: str) -> dict[str, object]:
    return {
        "code": "post", "name": "Post", "basis": basis, "position": 0, "is_active": "on",
        "rates-TOTAL_FORMS": 1, "rates-INITIAL_FORMS": 0, "rates-0-zone": zone("DE").pk,
        "rates-0-currency": "EUR", "rates-0-threshold": threshold, "rates-0-amount": "5.90",
        "rates-0-free_from": "60.00", "rates-0-min_days": 1, "rates-0-max_days": 3,
    }  # fmt: skip


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
class TestMigration:
    @pytest.fixture(autouse=True)
    def _afterwards(self):
        yield
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())

    def test_what_was_there_becomes_zones_and_promotions(self):
        old = self._at("0001_initial")
        method = old.get_model("cart", "ShippingMethod").objects.create(code="post", name="Post")
        rates = old.get_model("cart", "ShippingRate").objects
        for country, prefix, amount in (("DE", "", 490), ("DE", "10", 690), ("AT", "", 790)):
            rates.create(
                method=method,
                country=country,
                postal_prefix=prefix,
                currency="EUR",
                amount=amount,
                min_days=1,
                max_days=3,
            )
        coupons = old.get_model("cart", "Coupon").objects
        for code in ("Ten", "TEN", "five"):
            coupons.create(
                code=code,
                name=f"{code} off",
                kind="percent",
                value=100_000,
                currency="EUR",
                max_uses=9,
                used=2,
            )
        used = coupons.get(code="Ten")
        cart = old.get_model("cart", "Cart").objects.create(
            token_hash="h", currency="EUR", created_at=NOW, updated_at=NOW, status="converted"
        )
        old.get_model("cart", "CouponRedemption").objects.create(coupon=used, cart=cart, created_at=NOW)

        new = self._at("0004_codes_and_rates_of_zones")

        found = new.get_model("cart", "Coupon").objects.order_by("pk")
        assert [(coupon.code, coupon.used, coupon.promotion.name) for coupon in found] == [
            ("TEN", 2, "Ten off"),
            (f"TEN-{found[1].pk}", 2, "TEN off"),
            ("FIVE", 2, "five off"),
        ]
        redemption = new.get_model("cart", "Redemption").objects.get()
        assert (redemption.coupon.code, redemption.promotion.name, redemption.state) == (
            "TEN",
            "Ten off",
            "held",
        )
        for code, amount in (("", 490), ("80331", 490), ("10115", 690)):
            (option,) = selectors.shipping_options(
                place=Place(country="DE", postal_code=code), currency="EUR"
            )
            assert option.amount == amount

    def _at(self, name: str):
        executor = MigrationExecutor(connection)
        executor.migrate([("cart", name)])
        return MigrationExecutor(connection).loader.project_state([("cart", name)]).apps

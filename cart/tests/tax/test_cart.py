"""A cart that says where it goes and for which business: over HTTP, out of the database."""

from __future__ import annotations

import pytest

from cart import selectors, services
from cart.models import Cart, ShippingMethod, TaxRate
from cart.selectors import CartOwner
from cart.tests.factories import bound_for, coupon, filled, promotion, rate_to, selling, shopper
from products import services as products
from products.tests.factories import NOW, product, variant, variant_data
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

FR, DE = "FR40303265045", "DE136695976"


@pytest.fixture(autouse=True)
def _shop():
    """19 % at home and 4.90 to everywhere that these tests go; no rates elsewhere."""
    selling("DE")
    for country in ("FR", "CH", "ES"):
        rate_to(ShippingMethod.objects.get(), country)


@pytest.fixture
def who():
    made = shopper()
    filled(made, variant(price=11900))
    return made


def read(who):
    cart = selectors.read_cart(who.owner, now=NOW)
    assert cart is not None
    return cart


def place(who, **values):
    return services.set_place(owner=who.owner, now=NOW, shipping_method="standard", **values)


class TestVatId:
    @pytest.fixture
    def cart(self, guest):
        guest.add(variant(price=11900))
        guest("patch", "", {"country": "FR", "shipping_method": "standard"})
        return guest

    def test_makes_a_sale_to_a_business_of_another_state_free_of_tax(self, cart):
        answer = cart("patch", "", {"vat_id": "fr 40 303 265 045"})

        body = answer.json()
        assert (answer.status_code, body["vat_id"], body["tax_treatment"]) == (200, FR, "reverse_charge")
        assert {name: body[name] for name in ("subtotal", "shipping_total", "tax_total", "tax_added", "total")} == {
            "subtotal": "100.00", "shipping_total": "4.12", "tax_total": "0.00", "tax_added": "0.00",
            "total": "104.12",
        }  # fmt: skip
        assert (body["tax_lines"], body["prices_include_tax"]) == ([], False)
        assert body["items"][0]["unit_price"] == "100.00"
        assert cart("get").json() == body

    def test_of_the_shops_own_state_changes_nothing(self, cart):
        before = cart("get").json()

        assert cart("patch", "", {"vat_id": DE}).json() == {**before, "vat_id": DE}

    @pytest.mark.parametrize("nothing", ["", None])
    def test_is_taken_off_again(self, cart, nothing):
        before = cart("get").json()
        cart("patch", "", {"vat_id": FR})

        assert cart("patch", "", {"vat_id": nothing}).json() == before
        assert (before["vat_id"], before["tax_treatment"], before["total"]) == (None, "standard", "123.90")

    @pytest.mark.parametrize(
        ("vat_id", "detail"),
        [
            ("FR40303265046", "This is no VAT id: its digits don't check out. Is it mistyped? (FR)"),
            ("DE12345", "VAT ids that begin with DE are written differently."),
            ("136695976", "A VAT id begins with the two letters of its EU state, such as DE136695976."),
        ],
    )
    def test_that_cannot_be_one_is_refused_and_changes_nothing(self, cart, vat_id, detail):
        cart("patch", "", {"vat_id": FR})
        before = cart("get")

        answer = cart("patch", "", {"vat_id": vat_id, "country": "DE"})

        assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
        assert answer.json()["errors"] == [{"field": "vat_id", "code": "invalid", "detail": detail}]
        after = cart("get")
        assert (after.json(), after.headers["ETag"]) == (before.json(), before.headers["ETag"])

    def test_may_stand_before_the_place_is_known(self, guest):
        guest.add(variant())

        body = guest("patch", "", {"vat_id": "GR094259216"}).json()

        assert (body["vat_id"], body["tax_treatment"], body["tax_total"]) == ("EL094259216", None, None)

    @pytest.mark.parametrize(("own", "kept"), [("", FR), (DE, DE)])
    def test_comes_along_when_a_guest_signs_in_unless_there_is_one(self, who, own, kept):
        place(who, country="FR", vat_id=FR)
        user = UserFactory()
        theirs = shopper(user)
        filled(theirs, variant())
        services.set_place(owner=theirs.owner, now=NOW, vat_id=own)

        services.merge_guest_cart(user_id=user.pk, token_hash=who.owner.token_hash, now=NOW)

        assert Cart.objects.get(user=user).vat_id == kept
        assert Cart.objects.get(status="merged").vat_id == ""

    def test_of_before_they_were_checked_frees_from_nothing(self, who):
        place(who, country="FR")
        Cart.objects.update(vat_id="FR 1")

        cart = read(who)

        assert (cart.tax_treatment, cart.totals.total) == ("standard", 12390)


class TestPlace:
    def test_out_of_the_eu_is_an_export_and_back_again_is_none(self, who):
        assert (there := place(who, country="CH")).tax_treatment == "export"
        assert (there.totals.total, there.totals.tax, there.prices_include_tax) == (10412, 0, False)

        back = place(who, country="DE")

        assert (back.tax_treatment, back.totals.total, back.totals.tax) == ("standard", 12390, 1978)

    def test_a_postal_code_decides_where_a_state_has_islands(self, who):
        assert place(who, country="ES", postal_code="28001").totals.total == 12390
        assert place(who, country="ES", postal_code="35001").totals.total == 10412

    def test_a_region_replaces_the_rates_of_its_country_by_class_whatever_its_capitals(self, who):
        filled(who, product(variant_data(price=10700), tax_class="reduced").variants.get())
        TaxRate.objects.create(name="TVA", country="FR", rate=200_000, on_shipping=True)
        TaxRate.objects.create(name="Reduced", country="FR", rate=55_000, tax_class="reduced")
        TaxRate.objects.create(name="Corse", country="FR", region="Corse", rate=100_000)
        TaxRate.objects.create(
            name="Way", country="FR", region="Corse", rate=130_000, tax_class="x", on_shipping=True
        )

        def taxed(region: str) -> list[tuple[str, int]]:
            cart = place(who, country="FR", region=region)
            return [(line.name, line.amount) for line in cart.totals.tax_lines]

        assert taxed("") == [("TVA", 1983 + 82), ("Reduced", 558)]
        assert taxed("CORSE") == [("Way", 56), ("Corse", 1082), ("Reduced", 558)]
        assert taxed("Bretagne") == taxed("")

    def test_without_tax_in_its_prices_the_shop_adds_it_at_home_and_nothing_abroad(self, who, settings):
        settings.PRICES_INCLUDE_TAX = False

        assert place(who, country="DE").totals.total == 11900 + 490 + 2261 + 93
        assert place(who, country="CH").totals.total == 11900 + 490

    def test_of_a_shop_outside_the_eu_everything_abroad_is_an_export(self, who, settings):
        settings.SHOP_COUNTRY = "CH"
        TaxRate.objects.create(name="MWST", country="CH", rate=81_000, on_shipping=True)

        assert (place(who, country="CH").totals.tax, place(who, country="CH").tax_treatment) == (
            929,
            "standard",
        )
        assert (place(who, country="FR", vat_id=FR).tax_treatment) == "export"
        # It has rates for Germany.
        assert place(who, country="DE").tax_treatment == "standard"


class TestChanges:
    """What is charged moves with the place, and that is no change of price."""

    def test_a_sale_free_of_tax_tells_of_none(self, who):
        place(who, country="CH")

        assert read(who).changes == ()

    def test_a_new_price_is_told_as_the_catalogue_has_it(self, who):
        cart = place(who, country="CH")
        products.set_price(variant_id=cart.items[0].variant_id, currency="EUR", amount=12900, now=NOW)

        cart = read(who)

        assert [(one["code"], one["old"], one["new"]) for one in cart.changes] == [
            ("price_up", "119.00", "129.00")
        ]
        assert cart.totals.subtotal == 10840


class TestDiscounts:
    def test_are_taken_off_what_is_charged(self, who):
        promotion(name="Autumn", value=100_000)
        place(who, country="CH")

        cart = read(who)

        assert (cart.totals.subtotal, cart.totals.discount, cart.totals.tax) == (10000, 1000, 0)

    def test_lower_the_tax_of_their_lines(self, who):
        coupon("TEN")
        bound_for(who)

        cart = services.add_coupon(owner=who.owner, code="TEN", now=NOW)

        assert (cart.totals.discount, cart.totals.tax, cart.totals.shipping_tax) == (1190, 1710 + 78, 78)


def test_asks_the_database_no_more_often(who, django_assert_num_queries):
    place(who, country="FR", vat_id=FR)

    with django_assert_num_queries(2):
        selectors.read_cart(CartOwner(token_hash=who.owner.token_hash), now=NOW)

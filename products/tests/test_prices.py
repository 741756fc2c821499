"""What things cost and did cost: the lowest price of the 30 days before a sale."""

from __future__ import annotations

from datetime import timedelta

import pytest

from products import services
from products.models import Price, PriceChange, ProductPrice
from products.tests.factories import NOW, product, variant_data
from users.tests.clients import anonymous

pytestmark = pytest.mark.django_db


def priced(*steps):
    """Return the lowest price before the last step, of (day, amount, former price) each."""
    made = product(variant_data(price=steps[0][1]), now=NOW)
    variant = made.variants.get()
    for day, amount, compare_at in steps[1:]:
        services.set_price(
            variant_id=variant.pk, amount=amount, currency="EUR", compare_at=compare_at,
            now=NOW + timedelta(days=day),
        )  # fmt: skip
    return Price.objects.get(variant=variant).lowest_before


class TestLowestBefore:
    @pytest.mark.parametrize(
        ("steps", "lowest"),
        [
            pytest.param([(0, 2000, None), (40, 1500, 2000)], 2000, id="one price until the sale"),
            pytest.param(
                [(0, 2000, None), (50, 3000, None), (60, 1500, 3000)], 2000, id="raised just before"
            ),
            pytest.param(
                [(0, 1000, None), (10, 3000, None), (60, 2000, 3000)], 3000, id="cheaper, but long ago"
            ),
            pytest.param([(0, 1000, None), (29, 3000, None), (59, 2000, 3000)], 3000, id="until 30 days ago"),
            pytest.param([(0, 1000, None), (30, 3000, None), (59, 2000, 3000)], 1000, id="29 days ago"),
            pytest.param(
                [(0, 3000, None), (31, 2000, 3000), (35, 3000, None), (50, 2500, 3000)],
                2000,
                id="an earlier sale",
            ),
            pytest.param(
                [(0, 3000, None), (40, 2000, 3000), (45, 2000, 3500)], 3000, id="the same sale said anew"
            ),
            pytest.param([(0, 3000, None), (40, 2000, 3000), (45, 1500, 3000)], 2000, id="reduced further"),
            pytest.param([(0, 3000, None), (40, 2000, None)], None, id="cheaper without a former price"),
            pytest.param([(0, 3000, None), (40, 2000, 3000), (50, 2000, None)], None, id="no sale any more"),
        ],
    )
    def test_is_that_of_the_30_days(self, steps, lowest):
        assert priced(*steps) == lowest

    def test_is_unknown_for_what_was_never_sold_before(self):
        made = product(variant_data(price=1500, compare_at=2000))

        assert made.variants.get().prices.get().lowest_before is None

    def test_is_shown_with_the_variant_and_the_product(self):
        made = product(variant_data(sku="A", price=2000), slug="lamp")
        (variant,) = made.variants.all()
        services.set_price(variant_id=variant.pk, amount=1500, currency="EUR", compare_at=1999, now=NOW)

        body = anonymous().get("/api/v1/products/lamp/").json()

        names = ("price", "compare_at_price", "lowest_price_30_days")
        shown = [[one[name] for name in names] for one in (body, *body["variants"])]
        assert shown == [["15.00", "19.99", "20.00"]] * 2
        assert ProductPrice.objects.get().lowest_before == 2000


class TestHistory:
    def test_has_a_row_for_each_change_and_none_for_the_same_price(self):
        made = product(variant_data(price=2000))
        variant = made.variants.get()
        for amount, compare_at in ((2000, None), (2000, 2500), (1800, 2500), (1800, 2500)):
            services.set_price(
                variant_id=variant.pk, amount=amount, currency="EUR", compare_at=compare_at, now=NOW
            )

        assert list(PriceChange.objects.order_by("pk").values_list("amount", flat=True)) == [2000, 1800]

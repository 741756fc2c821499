"""From when and until when shoppers see a product."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from products import selectors, services
from products.models import Product
from products.tests.factories import NOW, product, variant_data
from shop.core.errors import NotFound, ValidationFailed
from users.tests.clients import client_of
from users.tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def seen(now, slug="lamp"):
    """Return where a product can be seen at an instant: in the list, on its page, and in a cart."""
    listed = selectors.list_products(filters={}, currency="EUR", now=now)
    try:
        page = selectors.product_by_ref(slug, currency="EUR", now=now)
    except NotFound:
        page = None
    variant = Product.objects.get(slug=slug).variants.get().pk
    offer = selectors.offers_in([variant], currency="EUR", now=now)[variant]
    return [listed.exists(), page is not None, offer.for_sale]


@pytest.mark.parametrize(
    ("at", "shown"), [(-HOUR, False), (0 * HOUR, True), (HOUR, True), (2 * HOUR, False), (3 * HOUR, False)]
)
def test_a_product_is_seen_in_its_window_and_not_outside(at, shown):
    product(slug="lamp", published_at=NOW, published_until=NOW + 2 * HOUR)

    assert seen(NOW + at) == [shown] * 3


@pytest.mark.parametrize("until", [NOW, NOW - HOUR])
def test_hidden_before_it_is_shown_is_refused(until):
    with pytest.raises(ValidationFailed) as refusal:
        product(published_until=until)

    assert [(error.field, error.code) for error in refusal.value.errors] == [("published_until", "invalid")]
    assert not Product.objects.exists()


def test_staff_set_the_window():
    staff = client_of(StaffFactory(permissions=["products.change_product"]))
    made = product(variant_data(), slug="lamp", published=False)
    path, now = "/api/v1/products/lamp/", timezone.now()

    soon = {"published_at": (now + HOUR).isoformat(), "published_until": (now + 2 * HOUR).isoformat()}
    assert staff.patch(path, soon, format="json").status_code == 200
    assert seen(now) == [False] * 3
    assert seen(now + HOUR) == [True] * 3

    refused = staff.patch(path, {"published_until": now.isoformat()}, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "published_until")
    assert staff.patch(path, {"published_at": None}, format="json").status_code == 200
    assert seen(now + HOUR) == [False] * 3

    services.update_product(product_id=made.pk, published=True, published_until=None, actor_id=None, now=NOW)
    assert seen(now + 9 * HOUR) == [True] * 3

"""What an order calls what was bought."""

from __future__ import annotations

from typing import Any

import pytest

from cart import services as carts
from cart.tests.factories import bound_for, filled, selling, shopper
from orders.tests.factories import place_cart
from products import services as products
from products.tests.factories import NOW, variant

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("of_cart", "asked", "language", "named"),
    [
        ("de", "", "de", ("Eichenlampe", {"Schirm": "Leinen"})),
        ("de", "en", "en", ("Oak lamp", {"Shade": "Linen"})),
        ("en", "de", "de", ("Eichenlampe", {"Schirm": "Leinen"})),
    ],
)
def test_an_order_keeps_the_words_of_its_language(of_cart, asked, language, named):
    selling()
    lamp, who = variant(options={"Shade": "Linen"}), shopper()
    about: dict[str, Any] = {"product_id": lamp.product_id, "actor_id": None, "now": NOW}
    said = {"name": "Eichenlampe", "options": {"Shade": "Schirm", "Linen": "Leinen"}}
    products.update_product(name="Oak lamp", **about)
    products.write_product_text(language="de", said=said, **about)
    filled(who, lamp)
    cart = bound_for(who)
    carts.set_place(owner=who.owner, now=NOW, language=of_cart)

    order = place_cart(who, cart.totals.total, language=asked)

    products.write_product_text(language="de", said={"name": "Neu"}, **about)
    kept = order.lines.get()
    assert (order.language, (kept.name, kept.options)) == (language, named)

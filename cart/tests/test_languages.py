"""A cart in the shopper's language."""

from __future__ import annotations

import pytest

from cart.tests.guests import Guest
from products import selectors, services
from products.tests.factories import NOW, variant
from tests.statements import statements

pytestmark = pytest.mark.django_db
SAID = {"name": "Eichenlampe", "options": {"Shade": "Schirm", "Linen": "Leinen"}}
GERMAN = ("Eichenlampe", {"Schirm": "Leinen"})
ENGLISH = ("Oak lamp", {"Shade": "Linen"})


@pytest.fixture
def lamp(db):
    made = variant(options={"Shade": "Linen"})
    services.update_product(product_id=made.product_id, actor_id=None, now=NOW, name="Oak lamp")
    services.write_product_text(product_id=made.product_id, language="de", said=SAID, actor_id=None, now=NOW)
    return made


def line(response) -> tuple:
    item = response.json()["items"][0]
    return item["name"], item["options"]


def test_a_cart_is_in_the_language_of_its_shopper_until_they_choose_another(lamp):
    guest = Guest()
    body = {"variant": lamp.pk, "quantity": 1}

    assert line(guest("post", "items/", body, **{"Accept-Language": "de-CH"})) == GERMAN
    assert line(guest("get")) == GERMAN
    assert line(guest("patch", "", {"language": "fr"})) == ENGLISH
    assert line(guest("patch", "", {"language": "de-AT"})) == GERMAN
    assert line(guest("post", "items/", {"sku": lamp.sku, "quantity": 1})) == GERMAN


def test_reading_costs_no_statement_more(lamp):
    counts = []
    for language in ("en", "de"):
        guest = Guest()
        guest("post", "items/", {"variant": lamp.pk, "quantity": 1}, **{"Accept-Language": language})
        with statements() as seen:
            guest("get")
        counts.append(len(seen))

    assert counts == [2, 2]


def test_a_language_of_the_catalogue_that_no_mail_is_written_in_is_the_carts_too(lamp, settings):
    settings.CATALOGUE_LANGUAGES = ["en", "fr"]
    said = {"name": "Lampe en chêne"}
    services.write_product_text(product_id=lamp.product_id, language="fr", said=said, actor_id=None, now=NOW)

    added = Guest()("post", "items/", {"variant": lamp.pk, "quantity": 1}, **{"Accept-Language": "fr"})

    assert line(added) == ("Lampe en chêne", {"Shade": "Linen"})


def test_facts_for_mails(lamp):
    facts = selectors.variant_facts([lamp.pk], language="de")[lamp.pk]

    assert (facts.product_name, facts.options) == GERMAN
    assert selectors.variant_facts([lamp.pk])[lamp.pk].product_name == "Oak lamp"

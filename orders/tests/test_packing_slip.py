"""The slip in a parcel: what is in it, what is still to come, where it goes, in the order's language."""

from __future__ import annotations

from io import BytesIO

import pytest
from pypdf import PdfReader

from orders.tests.factories import paid
from orders.tests.parcels import cancel_lines, ship
from orders.tests.shopping import code, order_url, token_of
from products.tests.factories import variant
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return client_of(StaffFactory(permissions=["orders.view_order"]))


def address(order, parcel):
    return f"{order_url(order)}fulfilments/{parcel}/packing_slip/"


def slip(client, order, parcel):
    """Return the words of a slip with single spaces, and its answer."""
    answer = client.get(address(order, parcel))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    pages = PdfReader(BytesIO(answer.content)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages), answer


def test_says_what_is_in_it_and_what_is_still_to_come(staff):
    order = paid(variant(sku="LAMP"), variant(sku="MUG"), variant(sku="GONE"), quantity=3)
    lamp, mug, _ = order.lines.order_by("position")
    lamp.__class__.objects.filter(pk=lamp.pk).update(name="Lamp & <b>shade</b>", options={"Colour": "Green"})
    cancel_lines(order, [0, 0, 3])
    first = ship(order, [2, 0, 0])
    second = ship(order)

    words, answer = slip(staff, order, first)

    assert answer.headers["Content-Disposition"] == f'inline; filename="{order.number}-1.pdf"'
    assert f"Packing slip {order.number}-1" in words
    assert "Goes to Ada Lovelace Hauptstr. 1 10115 Berlin Germany" in words
    assert "Carrier DHL" in words
    assert "Tracking number 00 34/1" in words
    assert "In this parcel SKU Quantity Lamp & <b>shade</b> Colour: Green LAMP 2" in words
    assert f"Still to come SKU Quantity Lamp & <b>shade</b> Colour: Green LAMP 1 {mug.name} MUG 3" in words
    assert "GONE" not in words
    assert "19.90" not in words
    last, _ = slip(staff, order, second)
    assert "Still to come" not in last
    assert "With this parcel your order is complete." in last


def test_is_in_the_language_of_the_order_and_always_the_same(staff):
    order = paid(variant(sku="LAMP"), language="de")
    parcel = ship(order)

    words, answer = slip(staff, order, parcel)

    for said in (
        "Lieferschein",
        "Geht an",
        "Deutschland",
        "In diesem Paket",
        "Menge",
        "2. März 2026",
        "Seite 1",
    ):
        assert said in words
    assert staff.get(address(order, parcel)).content == answer.content


def test_is_printed_without_an_address_that_was_forgotten_and_in_a_language_that_is_gone(staff):
    order = paid(language="tlh")
    order.addresses.all().delete()

    words, _ = slip(staff, order, ship(order))

    assert "Packing slip" in words


def test_is_for_staff_who_may_see_orders(staff):
    order, other = paid(), paid()
    parcel = ship(order)
    path = address(order, parcel)

    assert code(anonymous().get(path, headers=token_of(order))) == (401, "not_authenticated")
    assert code(client_of(UserFactory()).get(path)) == (403, "permission_denied")
    assert code(client_of(StaffFactory()).get(path)) == (403, "permission_denied")
    assert code(staff.get(address(other, parcel))) == (404, "not_found")
    assert staff.get(path, headers={"Accept": "application/pdf"}).status_code == 200

"""An attribute is redefined while products get values of it: what products show and what is looked through agree."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest

from products import services
from products.models import Attribute, Product, ProductAttribute
from products.services import AttributeData, attributes
from products.services.bulk import products as bulk
from products.tests.factories import NOW, product
from products.tests.importing.saying import record, save
from shop.core.errors import ValidationFailed
from shop.core.transactions import use_case
from users.tests.clients import anonymous
from users.tests.races import together

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db(transaction=True)]

DOER: dict[str, Any] = {"actor_id": None, "now": NOW}


def redefine(**changes: Any) -> None:
    number = Attribute.objects.get(key="wattage").pk
    data = AttributeData(**{"name": "Wattage"} | changes)
    use_case(services.save_attribute, data=data, attribute_id=number, **DOER)


def edit(pk: int, **values: str) -> None:
    use_case(services.update_product, product_id=pk, attributes=values, **DOER)


def shown() -> dict[int, dict[str, str]]:
    return dict(Product.objects.values_list("pk", "attributes"))


def looked_through() -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {pk: {} for pk in shown()}
    rows = ProductAttribute.objects.values_list("product", "attribute__name", "value")
    for pk, name, value in rows:
        found[pk][name] = value
    return found


@pytest.fixture
def lamp():
    return product(attributes={"Wattage": "8", "Wood": "Oak"}).pk


@pytest.fixture
def meanwhile(monkeypatch):
    """Start something right after a function has returned for the first time; what is returned waits for its end."""
    with ThreadPoolExecutor(1) as pool:

        def install(where, name, what):
            function, started = getattr(where, name), list[Future[Any]]()

            def call_and_start(*args, **kwargs):
                answer = function(*args, **kwargs)
                if not started:
                    started.append(pool.submit(lambda: together(1, lambda _: what())))
                    # Until it is done, or kept waiting by a lock of this transaction.
                    wait(started, timeout=1)
                return answer

            monkeypatch.setattr(where, name, call_and_start)
            return lambda: started[0].result()

        yield install


@pytest.fixture
def unheld(monkeypatch):
    monkeypatch.setattr("products.selectors.named.held", list)


class TestNewName:
    def test_reaches_a_product_that_gets_a_value_meanwhile(self, lamp, meanwhile):
        new = product().pk
        renamed = meanwhile(attributes, "_written", lambda: redefine(name="Power"))

        edit(new, Wattage="9")
        renamed()

        assert shown() == looked_through() == {lamp: {"Power": "8", "Wood": "Oak"}, new: {"Power": "9"}}

    def test_negative_control_unheld_it_does_not(self, lamp, meanwhile, unheld):
        new = product().pk
        renamed = meanwhile(attributes, "_written", lambda: redefine(name="Power"))

        edit(new, Wattage="9")
        renamed()

        assert (shown()[new], looked_through()[new]) == ({"Wattage": "9"}, {"Power": "9"})

    def test_reaches_a_product_that_a_file_brings(self, lamp, meanwhile):
        renamed = meanwhile(bulk, "write_prices", lambda: redefine(name="Power"))

        save(record("shade", attributes={"Wattage": "9"}))
        renamed()

        new = Product.objects.get(slug="shade").pk
        assert shown() == looked_through() == {lamp: {"Power": "8", "Wood": "Oak"}, new: {"Power": "9"}}

    def test_negative_control_unheld_it_does_not_reach_what_a_file_brings(self, lamp, meanwhile, unheld):
        renamed = meanwhile(bulk, "write_prices", lambda: redefine(name="Power"))

        save(record("shade", attributes={"Wattage": "9"}))
        renamed()

        new = Product.objects.get(slug="shade").pk
        assert (shown()[new], looked_through()[new]) == ({"Wattage": "9"}, {"Power": "9"})

    def test_brings_nothing_back_that_an_edit_takes_away(self, lamp, meanwhile):
        edited = meanwhile(attributes, "_written", lambda: edit(lamp, Wood="Ash"))

        redefine(name="Power")
        edited()

        assert shown() == looked_through() == {lamp: {"Wood": "Ash"}}

    def test_negative_control_without_the_products_lock_it_does(self, lamp, meanwhile, monkeypatch):
        monkeypatch.setattr(attributes, "_batches", lambda attribute: iter([list(Product.objects.all())]))
        edited = meanwhile(attributes, "_written", lambda: edit(lamp, Wood="Ash"))

        redefine(name="Power")
        edited()

        assert shown() == {lamp: {"Power": "8", "Wood": "Oak"}}
        assert looked_through() == {lamp: {"Wood": "Ash"}}


class TestNewKind:
    def test_is_refused_for_a_value_that_comes_meanwhile(self, lamp, meanwhile):
        redefined = meanwhile(attributes, "_written", lambda: redefine(kind="number"))

        edit(lamp, Wattage="plenty")

        with pytest.raises(ValidationFailed):
            redefined()
        assert (Attribute.objects.get(key="wattage").kind, shown()) == ("text", {lamp: {"Wattage": "plenty"}})
        assert anonymous().get("/api/v1/products/facets/").status_code == 200

    def test_negative_control_unheld_it_leaves_a_number_that_is_none(self, lamp, meanwhile, unheld):
        new = product().pk
        redefined = meanwhile(attributes, "_written", lambda: redefine(kind="number"))

        edit(new, Wattage="plenty")
        redefined()

        assert (Attribute.objects.get(key="wattage").kind, shown()[new]) == ("number", {"Wattage": "plenty"})

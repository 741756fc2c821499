"""Attributes: each has a kind, values are written in one way, filters don't mind the case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products import services
from products.attributes import folded, written
from products.errors import AttributeInUse
from products.models import Attribute, Product, ProductAttribute
from products.services import AttributeData
from products.tests.factories import NOW, product
from shop.audit.models import AuditEntry
from shop.core.errors import ValidationFailed
from tests.statements import statements
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory

GOOD = [
    ("text", "  Solid   oak ", "Solid oak"),
    ("number", "12.50", "12.5"),
    ("number", 12, "12"),
    ("number", 0.5, "0.5"),
    ("number", "1e3", "1000"),
    ("number", "-0", "0"),
    ("number", "007", "7"),
    ("boolean", True, "true"),
    ("boolean", "No", "false"),
    ("choice", " MATT ", "matt"),
]
BAD = [
    ("text", "  "),
    ("text", "x" * 201),
    ("number", "twelve"),
    ("number", "NaN"),
    ("number", "Infinity"),
    ("number", "1e400"),
    ("number", "1" * 16),
    ("boolean", "maybe"),
    ("boolean", 2),
    ("choice", "shiny"),
]


class TestValues:
    @pytest.mark.parametrize(("kind", "value", "stored"), GOOD)
    def test_are_written_in_one_way(self, kind, value, stored):
        assert written(value, kind=kind, choices=["matt", "Glossy"]) == stored

    @pytest.mark.parametrize(("kind", "value"), BAD)
    def test_of_another_kind_are_refused(self, kind, value):
        with pytest.raises(ValueError, match=r"[a-z]"):
            written(value, kind=kind, choices=["matt", "Glossy"])

    @given(st.decimals(min_value=-(10**9), max_value=10**9, places=3))
    def test_a_number_is_written_once(self, number):
        once = written(str(number), kind="number")

        assert written(once, kind="number") == once
        assert float(once) == float(number)

    @given(st.text(min_size=1, max_size=50))
    def test_folding_twice_changes_nothing(self, text):
        assert folded(folded(text)) == folded(text)


@pytest.fixture
def wattage(db) -> Attribute:
    return define(name="Wattage", kind="number", unit="W")


def define(**said) -> Attribute:
    return services.save_attribute(data=AttributeData(**said), actor_id=None, now=NOW)


def redefine(attribute: Attribute, **said) -> Attribute:
    data = AttributeData(**{"name": attribute.name, "kind": attribute.kind} | said)
    return services.save_attribute(data=data, attribute_id=attribute.pk, actor_id=None, now=NOW)


def shown(made: Product) -> dict[str, str]:
    made.refresh_from_db()
    return made.attributes


@pytest.mark.django_db
class TestOfProducts:
    def test_are_shown_under_the_attributes_own_name(self, wattage):
        made = product(attributes={"wattage": "8.50", "Wood": "Oak"})

        assert shown(made) == {"Wattage": "8.5", "Wood": "Oak"}
        assert Attribute.objects.get(key="wood").kind == "text"

    def test_a_value_of_another_kind_leaves_nothing(self, wattage):
        with pytest.raises(ValidationFailed) as refused:
            product(name="Lamp", attributes={"Wattage": "a lot", "New": "x"})

        assert [(e.field, e.code) for e in refused.value.errors] == [("attributes.Wattage", "invalid")]

    def test_changing_them_replaces_them(self, wattage):
        made = product(attributes={"Wattage": 8, "Wood": "Oak"})

        services.update_product(product_id=made.pk, actor_id=None, now=NOW, attributes={"Wattage": 9})

        assert shown(made) == {"Wattage": "9"}
        assert list(ProductAttribute.objects.values_list("value", flat=True)) == ["9"]

    def test_other_changes_leave_them(self, wattage):
        made = product(attributes={"Wattage": 8})

        services.update_product(product_id=made.pk, actor_id=None, now=NOW, name="Other")

        assert shown(made) == {"Wattage": "8"}
        assert ProductAttribute.objects.count() == 1


@pytest.mark.django_db
class TestDefining:
    def test_a_new_name_is_written_into_the_products(self, wattage):
        made = [product(attributes={"Wattage": n, "Wood": "Oak"}) for n in (8, 9)]

        redefine(wattage, name="Power", unit="watt")

        assert [shown(one) for one in made] == [{"Power": "8", "Wood": "Oak"}, {"Power": "9", "Wood": "Oak"}]

    def test_what_products_do_not_show_is_not_written_into_them(self, wattage):
        product(attributes={"Wattage": 8})

        assert not self.written_by(wattage, position=3)
        assert self.written_by(wattage, name="Power") == {"products_product", "products_productattribute"}

    def written_by(self, attribute: Attribute, **changes) -> set[str]:
        """Return the tables of products that a change writes to."""
        with statements() as seen:
            redefine(attribute, **changes)
        written = {one.split('"')[1] for one in seen if one.startswith("UPDATE")}
        return written & {"products_product", "products_productattribute"}

    def test_finds_products_by_the_new_name_at_once(self):
        made = product(attributes={"Lit": "Yes"})

        redefine(Attribute.objects.get(), name="Illuminated", kind="boolean")

        found = anonymous().get("/api/v1/products/?q=illuminated").json()["results"]
        assert [one["id"] for one in found] == [made.pk]

    def test_a_new_kind_writes_values_anew(self):
        colour = define(name="Lit")
        made = product(attributes={"Lit": "Yes"})

        redefine(colour, kind="boolean")

        assert shown(made) == {"Lit": "true"}
        assert ProductAttribute.objects.get().key == "true"

    def test_a_kind_that_a_value_is_not_of_is_refused(self):
        colour = define(name="Colour")
        made = product(attributes={"Colour": "red"})

        with pytest.raises(ValidationFailed):
            redefine(colour, kind="number")

        colour.refresh_from_db()
        assert (colour.kind, shown(made)) == ("text", {"Colour": "red"})

    def test_a_choice_needs_choices(self, db):
        with pytest.raises(ValidationFailed):
            define(name="Finish", kind="choice")
        assert not Attribute.objects.exists()

    @pytest.mark.parametrize("name", ["Length (cm)", "12", "", "a$b", "x" * 51])
    def test_a_name_that_no_filter_can_have_is_refused(self, wattage, name):
        for said in (lambda: define(name=name), lambda: redefine(wattage, name=name)):
            with pytest.raises(ValidationFailed) as refused:
                said()
            assert [(e.field, e.code) for e in refused.value.errors] == [("name", "invalid")]

        assert list(Attribute.objects.values_list("name", flat=True)) == ["Wattage"]

    def test_names_are_unique_whatever_their_case(self, wattage):
        with pytest.raises(ValidationFailed) as refused:
            define(name="WATTAGE")

        assert [(e.field, e.code) for e in refused.value.errors] == [("name", "unique")]

    def test_one_in_use_is_not_deleted(self, wattage):
        product(attributes={"Wattage": 8})

        with pytest.raises(AttributeInUse):
            services.delete_attribute(attribute_id=wattage.pk, actor_id=None, now=NOW)

        assert Attribute.objects.count() == 1

    def test_one_nobody_has_is(self, wattage):
        services.delete_attribute(attribute_id=wattage.pk, actor_id=None, now=NOW)

        assert not Attribute.objects.exists()
        assert AuditEntry.objects.filter(action="products.attribute_deleted").count() == 1


@pytest.mark.django_db
class TestOverHttp:
    def test_json_numbers_and_booleans_are_taken(self, wattage):
        define(name="Dimmable", kind="boolean")
        made = product(slug="lamp")
        staff = client_of(StaffFactory(permissions=["products.change_product"]))

        answer = staff.patch("/api/v1/products/lamp/", {"attributes": {"Wattage": 7.5, "Dimmable": True}})

        assert answer.status_code == 200
        assert answer.json()["attributes"] == {"Wattage": "7.5", "Dimmable": "true"}
        assert shown(made) == {"Wattage": "7.5", "Dimmable": "true"}

    @pytest.mark.parametrize(
        "attributes",
        [
            {"Wattage": "much"},
            {"wood": "a", "Wood": "b"},
            {"x": ["y"]},
            {"x": {"y": 1}},
            {"x": None},
            {"": "x"},
        ],
    )
    def test_bad_ones_are_refused(self, wattage, attributes):
        made = product(slug="lamp")
        staff = client_of(StaffFactory(permissions=["products.change_product"]))

        answer = staff.patch("/api/v1/products/lamp/", {"attributes": attributes})

        assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
        assert shown(made) == {}

    @pytest.mark.parametrize("query", ["attr.Größe=ÄRMEL", "attr.GRÖSSE=ärmel", "attr.größe=Ärmel"])
    def test_filters_do_not_mind_the_case_of_any_letter(self, query):
        wanted = product(attributes={"Größe": "Ärmel"})
        product(attributes={"Größe": "Kragen"})

        found = anonymous().get(f"/api/v1/products/?{query}").json()

        assert [one["id"] for one in found["results"]] == [wanted.pk]

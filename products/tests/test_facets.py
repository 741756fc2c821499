"""Facets: each counted without its own filter, in a bounded number of statements."""

from __future__ import annotations

import pytest

from products import services
from products.models import Attribute
from products.selectors import counting, facets
from products.selectors.browse import listed
from products.services import AttributeData
from products.tests.factories import NOW, category, product, variant_data
from tests.statements import statements
from users.tests.clients import anonymous

pytestmark = pytest.mark.django_db
PATH = "/api/v1/products/facets/"


@pytest.fixture
def shelf():
    """Fill two categories of a tree with six products."""
    services.create_category(name="Living", slug="living")
    services.create_category(name="Lamps", slug="lamps", parent="living")
    services.create_category(name="Garden", slug="garden")
    data = AttributeData(name="Wattage", kind="number", unit="W")
    services.save_attribute(data=data, actor_id=None, now=NOW)
    finish = AttributeData(name="Finish", kind="choice", choices=["matt", "glossy"], position=1)
    services.save_attribute(data=finish, actor_id=None, now=NOW)
    goods = [
        ("lamps", "Fern", 1000, 5, {"Wattage": 40, "Finish": "glossy"}),
        ("lamps", "Fern", 2000, 0, {"Wattage": 8, "Finish": "matt"}),
        ("lamps", "Oak", 3000, 5, {"Wattage": 8, "Finish": "matt"}),
        ("living", "Oak", 4000, 5, {"Wood": "oak"}),
        ("garden", "", 5000, 5, {"Wood": "OAK"}),
        ("garden", "Fern", 6000, 0, {}),
    ]
    for number, (where, brand, price, on_hand, attributes) in enumerate(goods):
        product(
            variant_data(price=price, on_hand=on_hand),
            name=f"P{number}",
            category=where,
            brand=brand,
            attributes=attributes,
        )


def get(query: str = "") -> dict:
    answer = anonymous().get(f"{PATH}?{query}")
    assert answer.status_code == 200
    return answer.json()


def counts(facet: list[dict], name: str = "name") -> dict[str, int]:
    return {one[name]: one["count"] for one in facet}


def values(found: dict) -> dict[str, dict[str, int]]:
    return {one["name"]: counts(one["values"], "value") for one in found["attributes"]}


class TestCounts:
    def test_of_everything(self, shelf):
        assert get() == {
            "count": 6,
            "complete": True,
            "category": [
                {"slug": "living", "name": "Living", "depth": 1, "count": 4},
                {"slug": "lamps", "name": "Lamps", "depth": 2, "count": 3},
                {"slug": "garden", "name": "Garden", "depth": 1, "count": 2},
            ],
            "brand": [{"name": "Fern", "count": 3}, {"name": "Oak", "count": 2}],
            "price": {"min": "10.00", "max": "60.00", "currency": "EUR"},
            "availability": {"in_stock": 4, "out_of_stock": 2},
            "attributes": [
                {
                    "name": "Wattage",
                    "kind": "number",
                    "unit": "W",
                    "values": [{"value": "8", "count": 2}, {"value": "40", "count": 1}],
                },
                {"name": "Wood", "kind": "text", "unit": "", "values": [{"value": "OAK", "count": 2}]},
                {
                    "name": "Finish",
                    "kind": "choice",
                    "unit": "",
                    "values": [{"value": "matt", "count": 2}, {"value": "glossy", "count": 1}],
                },
            ],
        }

    def test_leaves_its_own_filter_out(self, shelf):
        found = get("brand=fern&in_stock=true")

        assert found["count"] == 1
        assert counts(found["brand"]) == {"Fern": 1, "Oak": 2}
        assert found["availability"] == {"in_stock": 1, "out_of_stock": 2}
        assert counts(found["category"], "slug") == {"living": 1, "lamps": 1}
        assert found["price"] == {"min": "10.00", "max": "10.00", "currency": "EUR"}

    def test_of_prices_leaves_both_ends_out(self, shelf):
        found = get("price_min=20.00&price_max=30.00")

        assert (found["count"], found["price"]["min"], found["price"]["max"]) == (2, "10.00", "60.00")
        assert counts(found["brand"]) == {"Fern": 1, "Oak": 1}

    def test_of_an_attribute_leaves_only_its_own_out(self, shelf):
        found = get("attr.wattage=8&attr.finish=matt")

        assert found["count"] == 2
        assert values(found) == {"Wattage": {"8": 2}, "Finish": {"matt": 2}}
        assert values(get("attr.wattage=8")) == {"Wattage": {"8": 2, "40": 1}, "Finish": {"matt": 2}}

    def test_of_a_subtree(self, shelf):
        found = get("category=living")

        assert found["count"] == 4
        assert counts(found["category"], "slug") == {"living": 4, "lamps": 3, "garden": 2}
        assert counts(found["brand"]) == {"Oak": 2, "Fern": 2}

    def test_of_nothing(self, shelf):
        found = get("q=nosuchthing")

        assert (found["count"], found["category"], found["brand"], found["attributes"]) == (0, [], [], [])
        assert found["price"] == {"min": None, "max": None, "currency": "EUR"}

    def test_leaves_out_what_nobody_filters_by(self, shelf):
        hidden = AttributeData(name="Wattage", kind="number", filterable=False)
        wattage = Attribute.objects.get(key="wattage")

        services.save_attribute(data=hidden, attribute_id=wattage.pk, actor_id=None, now=NOW)

        assert set(values(get())) == {"Wood", "Finish"}

    def test_name_the_commonest_brands_and_values(self, monkeypatch):
        monkeypatch.setattr(counting, "MOST", 2)
        for name in ("Oak", "Fern", "Ash", "Fern"):
            product(brand=name, attributes={"Wood": name.upper()})

        found = get()

        assert counts(found["brand"]) == {"Fern": 2, "Oak": 1}
        assert values(found)["Wood"] == {"FERN": 2, "ASH": 1}
        assert found["count"] == 4

    def test_of_letters_beyond_ascii_and_of_quotes(self):
        for value in ('Öl & "Wachs"', 'öl & "wachs"', "Öl"):
            product(attributes={"Oberfläche": value})

        assert values(get()) == {"Oberfläche": {'Öl & "Wachs"': 2, "Öl": 1}}

    def test_are_not_complete_where_one_facet_is_not(self, shelf, monkeypatch):
        monkeypatch.setattr(facets, "MANY", 3)

        found = get("attr.wattage=8&attr.finish=matt&brand=fern")

        assert (found["count"], found["complete"]) == (1, True)
        assert (get("attr.wattage=8")["count"], get("attr.wattage=8")["complete"]) == (2, False)

    def test_of_numbers_are_ordered_whatever_was_read_before_they_were(self, shelf):
        """The values of a moment before an attribute became one of numbers."""
        product(attributes={"Wood": "12"})
        Attribute.objects.filter(key="wood").update(kind="number")

        assert list(values(get())["Wood"]) == ["12", "OAK"]

    def test_does_not_even_count_what_nobody_filters_by(self, shelf):
        """Each product may have another value of it."""
        Attribute.objects.filter(key="wattage").update(filterable=False)
        products = listed({}, currency="EUR", now=NOW, hidden=False).values_list(*counting.COLUMNS)

        counted = counting.counts_of(products).values

        assert set(counted) == set(Attribute.objects.exclude(key="wattage").values_list("name", flat=True))

    def test_says_when_it_counted_only_the_first(self, shelf, monkeypatch):
        monkeypatch.setattr(facets, "MANY", 3)

        found = get()

        assert (found["count"], found["complete"]) == (3, False)

    def test_counts_what_the_list_lists(self, shelf):
        for query in ("", "brand=oak", "category=garden&in_stock=false", "attr.wood=oak", "q=P1"):
            length = anonymous().get(f"/api/v1/products/?{query}").json()["count"]
            assert get(query)["count"] == length


class TestStatements:
    @pytest.mark.parametrize("rows", [1, 30])
    def test_do_not_grow_with_products(self, rows):
        for number in range(rows):
            product(category=category(f"C{number}").slug, brand=f"B{number}", attributes={f"A{number}": "x"})

        with statements() as seen:
            anonymous().get(PATH)

        assert len(seen) == 4

    def test_grow_by_one_for_each_facet_filtered_by(self, shelf):
        with statements() as seen:
            anonymous().get(f"{PATH}?attr.wattage=8&attr.finish=matt&brand=fern&category=living")

        assert len(seen) == 8


class TestAnswers:
    def test_are_public_and_cached(self, shelf):
        answer = anonymous().get(PATH)

        assert answer.headers["Cache-Control"] == "public, max-age=5"
        again = anonymous().get(PATH, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")

    @pytest.mark.parametrize(
        ("query", "code"),
        [("x=1", "unknown_filter"), ("ordering=price", "unknown_filter"), ("page_size=5", "unknown_filter"),
         ("price_min=much", "validation_failed"), ("q=" + "x" * 101, "validation_failed")],
    )  # fmt: skip
    def test_refuse_what_the_list_does(self, query, code):
        answer = anonymous().get(f"{PATH}?{query}")

        assert (answer.status_code, answer.json()["code"]) == (400, code)

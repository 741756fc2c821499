"""The catalogue as shoppers read it over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from products import schemas, services
from products.models import Product
from products.tests.factories import NOW, image, product, variant_data
from tests.statements import statements
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db
API = "/api/v1/"


def get(path: str, **headers):
    return anonymous().get(f"{API}{path}", **headers)


def names(path: str) -> list[str]:
    response = get(path)
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()["results"]]


def walk(path: str, link: str = "next") -> list[list[str]]:
    pages, url = [], f"{API}{path}"
    while url:
        body = anonymous().get(url).json()
        pages.append([row["name"] for row in body["results"]])
        url = body[link]
    return pages


class TestList:
    def test_whole_body(self):
        made = product(
            variant_data(price=1990, compare_at=2490), name="Oak lamp", brand="Fern", description="Warm."
        )
        image(made, "a.webp", alt="A lamp")
        Product.objects.update(rating=450, review_count=2)

        response = get("products/")

        assert response.json() == {
            "count": 1,
            "next": None,
            "previous": None,
            "results": [
                {
                    "id": made.pk,
                    "name": "Oak lamp",
                    "slug": "oak-lamp",
                    "description": "Warm.",
                    "category": {"name": "Lamps", "slug": "lamps"},
                    "brand": "Fern",
                    "price": "19.90",
                    "compare_at_price": "24.90",
                    "lowest_price_30_days": None,
                    "currency": "EUR",
                    "in_stock": True,
                    "rating": 4.5,
                    "review_count": 2,
                    "image": {
                        "url": "http://127.0.0.1:8000/media/a.webp",
                        "width": 8,
                        "height": 6,
                        "alt": "A lamp",
                        "thumbnails": [],
                    },
                    "created_at": "2026-03-02T12:00:00Z",
                    "updated_at": "2026-03-02T12:00:00Z",
                }
            ],
        }
        assert set(response.json()["results"][0]) == set(schemas.ProductInList().fields)

    @pytest.mark.parametrize("rows", [1, 20])
    def test_costs_two_statements(self, rows):
        for number in range(rows):
            product(brand=f"B{number}")

        with statements() as seen:
            assert len(get("products/").json()["results"]) == rows

        assert len(seen) == 2

    @pytest.mark.parametrize(
        ("ordering", "expected"),
        [
            ("price", ["B", "C", "A"]),
            ("-price", ["A", "C", "B"]),
            ("newest", ["C", "B", "A"]),
            ("name", ["A", "B", "C"]),
            ("rating", ["B", "A", "C"]),
            ("relevance", ["C", "B", "A"]),
        ],
    )
    @pytest.mark.parametrize("size", [1, 2])
    def test_orders_and_pages_both_ways(self, ordering, expected, size):
        for number, (name, price, rating) in enumerate([("A", 300, 400), ("B", 100, 500), ("C", 200, None)]):
            made = product(variant_data(price=price), name=name, now=NOW + timedelta(minutes=number))
            Product.objects.filter(pk=made.pk).update(rating=rating)

        pages = walk(f"products/?ordering={ordering}&page_size={size}")

        assert [name for page in pages for name in page] == expected
        last = get(f"products/?ordering={ordering}&page_size={size}").json()
        while last["next"]:
            last = anonymous().get(last["next"]).json()
        back = walk(last["previous"].removeprefix(API), link="previous")
        assert [name for page in reversed(back) for name in page] == expected[
            : len(expected) - len(pages[-1])
        ]

    def test_rows_without_a_rating_come_last_in_stable_pages(self):
        for number in range(5):
            made = product(name=f"P{number}")
            Product.objects.filter(pk=made.pk).update(rating=[None, 300, None, 300, 500][number])

        assert walk("products/?ordering=rating&page_size=1") == [["P4"], ["P3"], ["P1"], ["P2"], ["P0"]]

    def test_pages_stay_stable_while_products_are_added(self):
        for number in range(4):
            product(name=f"P{number}", now=NOW + timedelta(minutes=number))
        first = get("products/?page_size=2").json()

        product(name="Newer", now=NOW + timedelta(hours=1))
        second = anonymous().get(first["next"]).json()

        assert [row["name"] for row in second["results"]] == ["P1", "P0"]
        assert second["next"] is None
        assert names(second["previous"].removeprefix(API)) == ["P3", "P2"]

    @pytest.mark.parametrize(
        "query", ["category=none", "brand=none", "collection=none", "ids=", "attr.none=x"]
    )
    def test_what_does_not_exist_is_an_empty_list(self, query):
        product()

        assert get(f"products/?{query}").json() == {"count": 0, "next": None, "previous": None, "results": []}

    def test_filters_together(self):
        product(variant_data(price=500), name="Red", attributes={"color": "red"}, brand="Fern")
        product(variant_data(price=500), name="Blue", attributes={"color": "blue"}, brand="Fern")

        query = "price_min=4.99&price_max=5&in_stock=true&brand=FERN&attr.color=Red&category=lamps&q=red"
        assert names(f"products/?{query}") == ["Red"]
        assert names("products/?attr.color=red&attr.size=L") == []

    def test_prices_in_another_currency(self):
        made = product()
        services.set_price(variant_id=made.variants.get().pk, amount=3000, currency="JPY", now=NOW)

        row = get("products/?currency=jpy&price_min=3000").json()["results"][0]

        assert (row["price"], row["currency"]) == ("3000", "JPY")
        assert get("products/?currency=USD").json()["count"] == 0


class TestRefusals:
    @pytest.mark.parametrize(
        "query",
        [
            "nonsense=1",
            "ordering=category__parent__name",
            "ordering=-name",
            "ordering=user__password",
            "search=x",
            "explain=1",
            "offset=5",
            "password__startswith=a",
            "_connector=OR",
            "attr.=x",
            "attr.%22=x",
            "attr.a%5C=x",
            "attr.0=x",
            "attr.%00=x",
            "attr.%27%29%3B--=x",
            "attr=x",
        ],
    )
    def test_unknown_filter(self, query):
        response = get(f"products/?{query}")

        assert (response.status_code, response.json()["code"]) == (400, "unknown_filter")

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("q=" + "a" * 101, "q"),
            ("q=%00", "q"),
            ("price_min=NaN", "price_min"),
            ("price_min=1e400", "price_min"),
            ("price_min=-1", "price_min"),
            ("price_max=1.999", "price_max"),
            ("price_max=%D9%A3", "price_max"),
            ("currency=JPY&price_min=1.5", "price_min"),
            ("currency=XXX", "currency"),
            ("ids=" + ",".join(["1"] * 101), "ids"),
            ("ids=x", "ids"),
            ("ids=-1", "ids"),
            ("ids=99999999999999999999", "ids"),
            ("in_stock=maybe", "in_stock"),
            ("page_size=0", "page_size"),
            ("page_size=x", "page_size"),
            ("cursor=x", "cursor"),
            ("cursor=%00", "cursor"),
            ("cursor=", "cursor"),
            ("attr.color=%00", "attr.color"),
            ("attr.color=" + "x" * 201, "attr.color"),
            ("price_min=1&price_min=2", "price_min"),
            ("&".join(f"attr.a{n}=x" for n in range(11)), "attr.a9"),
        ],
    )
    def test_a_value_that_cannot_be_read(self, query, field):
        response = get(f"products/?{query}")

        assert (response.status_code, response.json()["code"]) == (400, "validation_failed")
        assert [error["field"] for error in response.json()["errors"]] == [field]

    def test_a_cursor_of_another_list_or_of_nobody(self):
        for _ in range(2):
            product()
        link = get("products/?page_size=1").json()["next"]
        cursor = link.partition("cursor=")[2]
        position, _, signature = cursor.partition(".")

        for query in (
            f"ordering=name&cursor={cursor}",
            f"q=lamp&cursor={cursor}",
            f"cursor={position}A.{signature}",
        ):
            assert get(f"products/?{query}").json()["errors"][0]["field"] == "cursor"

    def test_a_page_is_never_larger_than_a_hundred(self):
        assert get("products/?page_size=1000000").status_code == 200

    @pytest.mark.parametrize("ref", ["999", "99999999999999999999", "9" * 4400, "none", "%00", "a%00b", "1'"])
    def test_a_product_or_category_that_is_not_there(self, ref):
        for place in ("products", "categories"):
            response = get(f"{place}/{ref}/")
            assert (response.status_code, response.json()["code"]) == (404, "not_found")


class TestDetail:
    def test_of_a_former_slug_names_the_present_one(self):
        made = product(name="Lamp")
        for slug in ("desk-lamp", "products"):
            services.update_product(product_id=made.pk, actor_id=None, now=NOW, slug=slug)

        for former in ("lamp", "desk-lamp"):
            answer = get(f"products/{former}/?currency=EUR")
            assert (answer.status_code, answer.content) == (301, b"")
            assert answer.headers["Location"] == "/api/v1/products/products/?currency=EUR"
            assert answer.headers["Cache-Control"] == "no-store"
        assert get("products/desk-lamp/").headers["Location"] == "/api/v1/products/products/"
        assert get("products/products/").json()["id"] == get(f"products/{made.pk}/").json()["id"] == made.pk

    def test_of_a_former_slug_is_not_told_of_what_is_hidden(self):
        made = product(name="Lamp")
        services.update_product(product_id=made.pk, actor_id=None, now=NOW, slug="desk", published=False)

        assert get("products/lamp/").status_code == 404

    def test_whole_body(self):
        made = product(
            variant_data(sku="S", options={"size": "S"}, price=1000, on_hand=2, backorder_limit=1),
            variant_data(sku="L", options={"size": "L"}, price=1200, tracked=False, requires_shipping=False),
            name="Oak lamp",
            option_names=["size"],
            attributes={"wood": "oak"},
        )
        small, large = made.variants.order_by("pk")

        body = get("products/oak-lamp/").json()

        assert body == {
            "id": made.pk,
            "name": "Oak lamp",
            "slug": "oak-lamp",
            "description": "",
            "category": {"name": "Lamps", "slug": "lamps"},
            "brand": None,
            "minimum_age": None,
            "price": "10.00",
            "compare_at_price": None,
            "lowest_price_30_days": None,
            "currency": "EUR",
            "in_stock": True,
            "rating": None,
            "review_count": 0,
            "image": None,
            "created_at": "2026-03-02T12:00:00Z",
            "updated_at": "2026-03-02T12:00:00Z",
            "seo_title": "Oak lamp",
            "seo_description": "",
            "options": [{"name": "size", "values": ["S", "L"]}],
            "attributes": {"wood": "oak"},
            "collections": [],
            "images": [],
            "variants": [
                {
                    "id": small.pk,
                    "sku": "S",
                    "options": {"size": "S"},
                    "price": "10.00",
                    "compare_at_price": None,
                    "lowest_price_30_days": None,
                    "available": 2,
                    "backorder": True,
                    "available_at": None,
                    "requires_shipping": True,
                    "image": None,
                },
                {
                    "id": large.pk,
                    "sku": "L",
                    "options": {"size": "L"},
                    "price": "12.00",
                    "compare_at_price": None,
                    "lowest_price_30_days": None,
                    "available": None,
                    "backorder": False,
                    "available_at": None,
                    "requires_shipping": False,
                    "image": None,
                },
            ],
        }
        assert set(body) == set(schemas.ProductDetail().fields)
        assert set(body["variants"][0]) == set(schemas.VariantDetail().fields)

    @pytest.mark.parametrize("rows", [1, 20])
    def test_costs_two_statements(self, rows):
        made = product(*(variant_data() for _ in range(rows)))

        with statements() as seen:
            assert len(get(f"products/{made.pk}/").json()["variants"]) == rows

        assert len(seen) == 2

    def test_an_unpublished_one_is_for_staff_who_ask(self):
        made = product(published=False)
        path = f"{API}products/{made.pk}/"
        staff = client_of(StaffFactory(permissions=["products.view_product"]))

        assert get(f"products/{made.pk}/").status_code == staff.get(path).status_code == 404
        assert get(f"products/{made.pk}/?preview=1").status_code == 401
        assert client_of(UserFactory()).get(path, {"preview": "1"}).status_code == 403
        shown = staff.get(path, {"preview": "1"})
        assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "no-store")
        assert staff.get(f"{API}products/", {"preview": "1"}).json()["count"] == 1
        assert get("products/").json()["count"] == 0


class TestCaching:
    @pytest.mark.parametrize("path", ["products/", "products/lamp/", "categories/", "categories/lamps/"])
    def test_public_reads_have_an_etag_and_answer_304(self, path):
        product(slug="lamp")

        first = get(path)
        tag = first.headers["ETag"]

        assert first.headers["Cache-Control"] == "public, max-age=5"
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert get(path, headers={"If-None-Match": '"other"'}).status_code == 200

    def test_a_bearer_makes_no_difference_to_them(self):
        product(slug="lamp")

        for path in ("products/", "products/lamp/", "categories/"):
            assert get(path, headers={"Authorization": "Bearer nonsense"}).content == get(path).content

    def test_errors_are_not_cached(self):
        assert get("products/none/").headers["Cache-Control"] == "no-store"

    def test_head_says_what_get_says_without_a_body(self):
        product()
        asked, told = get("products/"), anonymous().head(f"{API}products/")

        assert (told.status_code, told.content, told.headers["ETag"]) == (200, b"", asked.headers["ETag"])

    def test_options_are_answered(self):
        assert anonymous().options(f"{API}products/").status_code == 200


def test_times_are_the_doors():
    made = product(now=timezone.now() + timedelta(seconds=60))

    assert get(f"products/{made.pk}/").status_code == 404

"""The catalogue in the language of whoever reads."""

from __future__ import annotations

from typing import Any

import pytest

from products import schemas, services
from products.models import Product
from products.tests.factories import NOW, category, product, variant_data
from tests.statements import statements
from users.tests.clients import anonymous, client_of
from users.tests.factories import SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db
API = "/api/v1/"
GERMAN: dict[str, Any] = {
    "name": "Eichenlampe",
    "description": "<p>Warmes <b>Licht</b>.</p>",
    "seo_title": "Eichenlampe kaufen",
    "seo_description": "Lampen aus Eiche.",
    "options": {"Shade": "Schirm", "Linen": "Leinen"},
}


def translate(made: Product, language: str = "de", **said) -> None:
    services.write_product_text(
        product_id=made.pk, language=language, said=said or GERMAN, actor_id=None, now=NOW
    )


def get(path: str, language: str = "de", client=None, **headers):
    return (client or anonymous()).get(f"{API}{path}", headers={"Accept-Language": language, **headers})


def seo(path: str, language: str = "de", client=None) -> tuple[str, str]:
    body = get(path, language, client).json()
    return body["seo_title"], body["seo_description"]


@pytest.fixture
def lamp(db) -> Product:
    made = product(
        variant_data(options={"Shade": "Linen", "Size": "S"}),
        variant_data(options={"Shade": "Jute", "Size": "S"}),
        name="Oak lamp",
        slug="oak-lamp",
        description="<p>Warm <b>light</b>.</p>",
        option_names=["Shade", "Size"],
    )
    translate(made)
    said = {"name": "Lampen", "description": "Alles, was leuchtet."}
    services.write_category_text(slug="lamps", language="de", said=said, actor_id=None, now=NOW)
    return made


class TestPage:
    def test_says_it_all_in_the_language(self, lamp):
        response = get("products/oak-lamp/", "de-AT, en;q=0.5")

        body = response.json()
        assert set(body) == set(schemas.ProductDetail().fields)
        assert response.headers["Content-Language"] == "de"
        assert "Accept-Language" in response.headers["Vary"]
        assert {name: body[name] for name in GERMAN if name != "options"} == {
            name: text for name, text in GERMAN.items() if name != "options"
        }
        assert body["category"] == {"name": "Lampen", "slug": "lamps"}
        assert body["options"] == [
            {"name": "Schirm", "values": ["Leinen", "Jute"]},
            {"name": "Size", "values": ["S"]},
        ]
        assert [one["options"] for one in body["variants"]] == [
            {"Schirm": "Leinen", "Size": "S"},
            {"Schirm": "Jute", "Size": "S"},
        ]

    @pytest.mark.parametrize("language", ["", "en-GB", "fr", "de;q=broken"])
    def test_says_its_own_words_to_everybody_else(self, lamp, language):
        response = get("products/oak-lamp/", language)

        body = response.json()
        assert response.headers["Content-Language"] == "en"
        assert (body["name"], body["category"]["name"]) == ("Oak lamp", "Lamps")
        assert body["variants"][0]["options"] == {"Shade": "Linen", "Size": "S"}
        assert (body["seo_title"], body["seo_description"]) == ("Oak lamp", "Warm light.")

    @pytest.mark.parametrize(
        ("field", "shown"),
        [
            ("name", "Oak lamp"),
            ("description", "<p>Warm <b>light</b>.</p>"),
            ("seo_title", "Eichenlampe"),
            ("seo_description", "Warmes Licht."),
        ],
    )
    def test_each_empty_text_falls_back(self, lamp, field, shown):
        translate(lamp, **{**GERMAN, field: ""})

        body = get("products/oak-lamp/").json()

        assert body[field] == shown
        others = [name for name in GERMAN if name not in (field, "options")]
        assert {name: body[name] for name in others} == {name: GERMAN[name] for name in others}

    def test_shows_search_engines_the_own_title_only_where_nothing_is_said(self, lamp):
        own = {"seo_title": "Buy an oak lamp", "seo_description": "Oak lamps."}
        services.update_product(product_id=lamp.pk, actor_id=None, now=NOW, **own)

        translate(lamp, name="Eichenlampe")
        assert seo("products/oak-lamp/") == ("Eichenlampe", "Oak lamps.")
        translate(lamp, options={"Linen": "Leinen"})
        assert seo("products/oak-lamp/") == ("Buy an oak lamp", "Oak lamps.")

    def test_sent_back_with_a_new_name_leaves_empty_what_was_empty(self, lamp):
        staff = client_of(SuperuserFactory())
        services.update_product(product_id=lamp.pk, actor_id=None, now=NOW, name="Oak " * 40)
        read = get("products/oak-lamp/", "en").json()
        assert read["seo_title"] == "Oak " * 24 + "Oak…"

        sent = staff.put(f"{API}products/oak-lamp/", {**read, "name": "Oak lamp"})

        assert (sent.status_code, sent.json()["seo_title"]) == (200, "Oak lamp")
        lamp.refresh_from_db()
        assert (lamp.seo_title, lamp.seo_description) == ("", "")
        said = {"seo_title": "Oak", "seo_description": "Oak lamps."}
        assert staff.patch(f"{API}products/oak-lamp/", said).json() == {
            **sent.json(), **said, "updated_at": staff.get(f"{API}products/oak-lamp/").json()["updated_at"],
        }  # fmt: skip
        staff.patch(f"{API}products/oak-lamp/", {"seo_title": ""})
        assert seo("products/oak-lamp/", "en") == ("Oak lamp", "Oak lamps.")

    def test_is_shown_to_staff_in_their_language_too(self, lamp):
        shown = get("products/oak-lamp/?preview=1", "de", client_of(SuperuserFactory()))

        assert (shown.headers["Content-Language"], shown.json()["name"]) == ("de", "Eichenlampe")
        assert shown.headers["Cache-Control"] == "no-store"

    def test_options_that_would_swallow_one_another_stay_as_they_are(self, lamp):
        # Refused when it is written, but options may change after it was.
        lamp.texts.update(options={"Shade": "Size"})

        assert get("products/oak-lamp/").json()["variants"][0]["options"] == {"Shade": "Linen", "Size": "S"}

    def test_each_language_has_its_etag(self, lamp):
        german, english = get("products/oak-lamp/"), get("products/oak-lamp/", "en")

        assert german.headers["ETag"] != english.headers["ETag"]
        again = get("products/oak-lamp/", "de", **{"If-None-Match": german.headers["ETag"]})
        assert (again.status_code, again.headers["Content-Language"]) == (304, "de")
        other = get("products/oak-lamp/", "en", **{"If-None-Match": german.headers["ETag"]})
        assert other.status_code == 200


class TestLists:
    def test_of_products(self, lamp):
        made = product(name="Vase")

        rows = {row["id"]: row for row in get("products/").json()["results"]}

        assert (rows[lamp.pk]["name"], rows[lamp.pk]["description"]) == (
            "Eichenlampe",
            "<p>Warmes <b>Licht</b>.</p>",
        )
        assert rows[made.pk]["name"] == "Vase"
        assert {row["category"]["name"] for row in rows.values()} == {"Lampen"}

    def test_are_found_and_ordered_by_the_shops_own_names(self, lamp):
        product(name="Pine lamp")

        listed = get("products/?ordering=name").json()["results"]
        found = get("products/?q=Oak").json()["results"]

        assert [row["name"] for row in listed] == ["Eichenlampe", "Pine lamp"]
        assert [row["name"] for row in found] == ["Eichenlampe"]

    def test_of_categories(self, lamp):
        category("Desk lamps", parent="lamps")
        said = {"description": "Für den Tisch."}
        services.write_category_text(slug="desk-lamps", language="de", said=said, actor_id=None, now=NOW)

        response = get("categories/lamps/")

        node = response.json()
        assert response.headers["Content-Language"] == "de"
        assert (node["name"], node["description"]) == ("Lampen", "Alles, was leuchtet.")
        below = node["children"][0]
        assert (below["name"], below["description"]) == ("Desk lamps", "Für den Tisch.")
        assert get("categories/").json()["results"] == [node]
        assert get("categories/lamps/", "en").json()["name"] == "Lamps"

    def test_of_facets(self, lamp):
        response = get("products/facets/")

        assert response.headers["Content-Language"] == "de"
        assert [row["name"] for row in response.json()["category"]] == ["Lampen"]

    def test_of_wishes(self, lamp):
        user = UserFactory()
        services.add_wish(user_id=user.pk, product_id=lamp.pk, now=NOW)

        response = get("wishlist/", "de", client_of(user))

        assert [row["name"] for row in response.json()["results"]] == ["Eichenlampe"]
        assert (response.headers["Content-Language"], response.headers["Cache-Control"]) == ("de", "no-store")

    @pytest.mark.parametrize("path", ["products/", "products/oak-lamp/", "categories/", "products/facets/"])
    def test_cost_no_statement_more(self, lamp, path):
        for number in range(5):
            translate(product(name=f"Lamp {number}"), name=f"Lampe {number}")
        get(path)

        counts = []
        for language in ("en", "de"):
            with statements() as seen:
                assert get(path, language).headers["Content-Language"] == language
            counts.append(len(seen))

        assert counts[0] == counts[1]


class TestOtherLanguages:
    def test_are_what_the_shop_has(self, lamp, settings):
        settings.CATALOGUE_LANGUAGES = ["en", "pt-br"]
        translate(lamp, "pt-BR", name="Luminária")

        assert get("products/oak-lamp/", "pt").json()["name"] == "Luminária"
        assert get("products/oak-lamp/", "de").json()["name"] == "Oak lamp"

    def test_of_a_shop_with_one_language_are_none(self, lamp, settings):
        settings.CATALOGUE_LANGUAGES = ["en"]

        response = get("products/oak-lamp/", "de")

        assert (response.headers["Content-Language"], response.json()["name"]) == ("en", "Oak lamp")

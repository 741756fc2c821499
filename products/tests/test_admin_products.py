"""Products in the admin: what is typed, what is said of it, and what a page costs in a large catalogue."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from products import services
from products.admin.fields import LinesField, PairsField
from products.admin.products import in_state, state_of
from products.attributes import folded
from products.models import Brand, Category, Collection, Product, ProductSlug
from products.tests.factories import NOW, category, product, variant_data
from shop.api import admin as shared
from shop.audit.models import AuditEntry
from tests.statements import statements
from users.tests.factories import StaffFactory, SuperuserFactory

LIST, ADD = reverse("admin:products_product_changelist"), reverse("admin:products_product_add")
MOST_STATEMENTS = 15


@pytest.fixture
def admin(client, db):
    client.force_login(SuperuserFactory())
    return client


def page_of(made: Product) -> str:
    return reverse("admin:products_product_change", args=[made.pk])


def form(**values) -> dict[str, object]:
    return {
        "name": "Lamp", "slug": "", "description": "", "category": "", "brand": "", "tax_class": "standard",
        "option_names": "", "attributes": "", "seo_title": "", "seo_description": "", "published": "on",
        "published_at_0": "2026-03-02", "published_at_1": "12:00:00", "published_until_0": "",
        "published_until_1": "", "external_id": "", "metadata": "{}", "initial-metadata": "{}",
        **{f"{prefix}-{name}_FORMS": 0 for prefix in ("variants", "texts") for name in ("TOTAL", "INITIAL")},
    } | values  # fmt: skip


@pytest.fixture
def lamp(db) -> Product:
    made = product(name="Lamp", slug="lamp", brand="Fern")
    AuditEntry.objects.all().delete()
    return made


def errors_of(answer) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


class TestSaving:
    def test_everything_goes_through_the_service(self, admin, lamp):
        for name in ("Summer", "Winter"):
            services.create_collection(name=name, actor_id=None, now=NOW)
        summer = Collection.objects.get(slug="summer")
        answer = admin.post(
            page_of(lamp),
            form(
                name="Brass lamp", slug="brass-lamp", category=lamp.category_id, collections=[summer.pk],
                attributes="Finish: matt\r\nCable: 2 m: black", seo_title="Lamps of brass", external_id="E-1",
                seo_description="Warm.", published_until_0="2027-01-01", published_until_1="00:00:00",
                metadata='{"erp": 7}', in_stock="", rating="500",
            ),
        )  # fmt: skip

        assert answer.status_code == 302
        lamp.refresh_from_db()
        assert (lamp.name, lamp.slug, lamp.brand, lamp.in_stock, lamp.rating) == (
            "Brass lamp", "brass-lamp", None, True, None,
        )  # fmt: skip
        assert lamp.attributes == {"Finish": "matt", "Cable": "2 m: black"}
        assert (lamp.seo_title, lamp.seo_description, lamp.external_id, lamp.metadata) == (
            "Lamps of brass", "Warm.", "E-1", {"erp": 7},
        )  # fmt: skip
        assert (lamp.published_at, lamp.published_until) == (NOW, datetime(2027, 1, 1, tzinfo=UTC))
        assert [collection.slug for collection in Collection.objects.filter(products=lamp)] == ["summer"]
        assert sorted(ProductSlug.objects.values_list("slug", flat=True)) == ["brass-lamp", "lamp"]
        entry = AuditEntry.objects.get(action="products.updated")
        assert (entry.object_id, entry.facts["fields"]) == (
            str(lamp.pk),
            ["attributes", "brand", "collections", "external_id", "metadata", "name", "published_until",
             "seo_description", "seo_title", "slug"],
        )  # fmt: skip

    def test_what_is_as_it_was_changes_nothing(self, admin, lamp):
        services.update_product(
            product_id=lamp.pk, actor_id=None, now=NOW, attributes={"Finish": "matt"}, option_names=["Size"]
        )
        AuditEntry.objects.all().delete()
        page = admin.get(page_of(lamp)).content.decode()
        assert "Finish: matt</textarea>" in page

        same = form(slug="lamp", category=lamp.category_id, brand=lamp.brand_id, option_names="Size\r\n",
                    attributes="Finish: matt\r\n")  # fmt: skip
        assert admin.post(page_of(lamp), same).status_code == 302

        assert AuditEntry.objects.get().facts == {"fields": []}

    def test_an_empty_slug_is_made_from_the_name(self, admin, lamp):
        product(name="Oak lamp", slug="oak-lamp")
        sent = form(slug="", name="Oak lamp", category=lamp.category_id)

        admin.post(page_of(lamp), sent)
        admin.post(page_of(lamp), sent)

        lamp.refresh_from_db()
        # Not another one at the second time: its own is free to it.
        assert lamp.slug == "oak-lamp-2"

    @pytest.mark.parametrize(
        ("begin", "switch", "shown"),
        [
            ("2026-03-02", "on", NOW),
            ("2026-03-02", "", None),
            ("2030-01-01", "on", datetime(2030, 1, 1, 12, tzinfo=UTC)),
            ("2030-01-01", "", None),
        ],
    )
    def test_the_switch_has_the_last_word(self, admin, lamp, begin, switch, shown):
        sent = form(category=lamp.category_id, published_at_0=begin)
        if not switch:
            del sent["published"]

        assert admin.post(page_of(lamp), sent).status_code == 302

        lamp.refresh_from_db()
        assert lamp.published_at == shown

    def test_without_a_date_it_is_shown_at_once(self, admin, lamp):
        sent = form(category=lamp.category_id, published_at_0="", published_at_1="")

        assert admin.post(page_of(lamp), sent).status_code == 302

        lamp.refresh_from_db()
        assert lamp.published_at is not None

    @pytest.mark.parametrize(
        ("values", "field", "said"),
        [
            ({"slug": "17"}, "slug", "Write small letters, digits and hyphens; one letter at least."),
            ({"slug": "taken"}, "slug", "This is taken already."),
            ({"attributes": "Finish"}, "attributes", "Line 1: Write it as name: value."),
            ({"attributes": "A: 1\n\na: 2"}, "attributes", "Line 3: a stands here twice."),
            ({"attributes": "%: 1"}, "attributes",
             "%: name attributes by letters, digits, spaces, _ and -; at most 50."),
            ({"attributes": "Watts: many"}, "attributes", "attributes.Watts: This is a number: write it like 12.5."),
            ({"option_names": "Size\nsize"}, "option_names", "Name each option once."),
            ({"option_names": "1\n2\n3\n4\n5\n6"}, "option_names", "A product has 5 options at most."),
            ({"published_until_0": "2020-01-01", "published_until_1": "00:00"}, "published_until",
             "It would be hidden before it is shown."),
            ({"metadata": "{"}, "metadata", "Enter a valid JSON."),
            ({"collections": ["77"]}, "collections", "Select a valid choice. 77 is not one of the available choices."),
        ],
    )  # fmt: skip
    def test_a_refusal_stands_beside_what_was_typed_and_changes_nothing(
        self, admin, lamp, values, field, said
    ):
        services.save_attribute(
            data=services.AttributeData(name="Watts", kind="number"), actor_id=None, now=NOW
        )
        product(name="Taken", slug="taken")

        answer = admin.post(page_of(lamp), form(name="Kept on the page", category=lamp.category_id, **values))

        assert errors_of(answer) == {field: [said]}
        assert 'value="Kept on the page"' in answer.content.decode()
        lamp.refresh_from_db()
        assert (lamp.name, lamp.slug, lamp.attributes) == ("Lamp", "lamp", {})
        assert not AuditEntry.objects.filter(action="products.updated").exists()

    def test_is_added_hidden_and_without_a_variant(self, admin):
        sent = form(
            name="Floor lamp", category=category("Lamps").pk, option_names="Size", attributes="Finish: matt"
        )
        del sent["published"]

        assert admin.post(ADD, sent).status_code == 302

        made = Product.objects.get()
        assert (made.name, made.slug, made.published_at) == ("Floor lamp", "floor-lamp", None)
        assert (made.option_names, made.attributes) == (["Size"], {"Finish": "matt"})
        assert "so nobody can buy it" in admin.get(page_of(made)).content.decode()

    def test_leads_to_a_variant_with_a_line_for_each_option(self, admin):
        made = product(variant_data(options={"Size": "S"}))
        new = reverse("admin:products_product_new_variant", args=[made.pk])

        page = admin.get(new, follow=True)

        assert ">Size: </textarea>" in page.content.decode()
        options = "Size: L\r\n"
        sent = {"product": made.pk, "sku": "L", "position": 0, "options": options, "price": "5", "tracked": "on",
                "backorder_limit": 0, "weight_grams": 0, "metadata": "{}"}  # fmt: skip
        answer = admin.post(reverse("admin:products_variant_add"), sent)
        assert answer.headers["Location"] == f"{page_of(made)}#variants"
        assert made.variants.get(sku="L").options == {"Size": "L"}

    def test_staff_see_what_they_may(self, client, lamp):
        client.force_login(StaffFactory(permissions=["products.view_product"]))

        page = client.get(page_of(lamp))

        assert (page.status_code, "pictures/" in page.content.decode()) == (200, False)
        assert client.post(page_of(lamp), form(category=lamp.category_id)).status_code == 403
        assert client.get(ADD).status_code == 403


class TestStates:
    def test_say_the_same_in_one_word_as_in_the_filter(self, admin):
        day = timedelta(days=1)
        made = {
            "shown": product(),
            "to come": product(published_at=NOW + day),
            "over": product(published_at=NOW - 2 * day, published_until=NOW - day),
            "hidden": product(published=False),
            "archived": product(),
        }
        services.archive_product(product_id=made["archived"].pk, actor_id=None, now=NOW)

        for state, one in made.items():
            one.refresh_from_db()
            assert state_of(one, now=NOW) == state
            assert list(Product.objects.filter(in_state(state, now=NOW))) == [one]
        shown = admin.get(LIST, {"state": "archived"}).context["cl"].result_list
        assert list(shown) == [made["archived"]]


@pytest.fixture
def grown(db):
    """Fill the shop with so many of everything, of which one product has so many of everything."""

    def grow(size: int) -> Product:
        first = category("First")
        for number in range(size):
            services.create_category(name=f"Category {number}", parent=first.slug)
            services.create_brand(name=f"Brand {size}{number}", actor_id=None, now=NOW)
            services.create_collection(name=f"Collection {number}", actor_id=None, now=NOW)
        made = product(
            *(variant_data(sku=f"BIG-{size}-{n}", options={"Size": str(n)}) for n in range(size)),
            name="Big lamp", category=first.slug, brand="Fern",
            collections=list(Collection.objects.values_list("slug", flat=True)),
        )  # fmt: skip
        for number in range(size - 1):
            product(name=f"Lamp number {number}", category=first.slug, brand="Fern")
        return made

    return grow


class TestCost:
    def test_is_the_same_in_a_large_catalogue(self, client, grown):
        kinds = ("product", "variant", "category", "brand", "collection")
        rights = [f"products.{right}_{kind}" for kind in kinds for right in ("view", "add", "change")]
        # Of a superuser no permission is looked up.
        client.force_login(StaffFactory(permissions=rights))

        def costs(made: Product) -> dict[str, int]:
            home, brand = Category.objects.get(name="First"), Brand.objects.get(name="Fern")
            found = {}
            for name, path, query in (
                ("list", LIST, {}),
                ("search", LIST, {"q": "lamp"}),
                ("filters", LIST, {"category__id__exact": home.pk, "brand__id__exact": brand.pk, "state": "shown"}),
                ("change", page_of(made), {}),
                ("add", ADD, {}),
                ("variants", reverse("admin:products_variant_changelist"), {}),
                ("variant", reverse("admin:products_variant_change", args=[made.variants.all()[0].pk]), {}),
                ("variants by name", reverse("admin:products_variant_changelist"), {"q": "lamp"}),
                ("variants by sku", reverse("admin:products_variant_changelist"), {"q": "big-"}),
                ("categories", reverse("admin:products_category_changelist"), {}),
                ("category", reverse("admin:products_category_change", args=[home.pk]), {}),
                ("brands", reverse("admin:products_brand_changelist"), {}),
                ("collection", reverse("admin:products_collection_change", args=[Collection.objects.all()[0].pk]), {}),
                ("pictures", reverse("admin:products_product_pictures", args=[made.pk]), {}),
            ):  # fmt: skip
                # Kept by the process: as if each page were the first one.
                ContentType.objects.clear_cache()
                with statements() as seen:
                    page = client.get(path, query)
                assert page.status_code == 200
                found[name] = len(seen)
                if name in ("list", "search", "filters", "add", "variants"):
                    # What isn't asked for isn't there: choices come as one types.
                    assert re.findall(r"Category \d+|Brand \d+|Collection \d+", page.content.decode()) == []
            return found

        small = costs(grown(1))
        large = costs(grown(59))

        assert large == small
        assert max(small.values()) <= MOST_STATEMENTS, small

    def test_counts_no_further_than_anybody_looks(self, admin, lamp, monkeypatch):
        for _ in range(4):
            product(name="Lamp")
        monkeypatch.setattr(shared, "MOST_COUNTED", 3)
        pages = shared.CappedPaginator(Product.objects.order_by("pk"), 2)

        with statements() as seen:
            counted = pages.count

        assert (counted, pages.num_pages, Paginator(Product.objects.order_by("pk"), 2).count) == (4, 2, 5)
        assert ["LIMIT 4" in sql for sql in seen] == [True]

    @pytest.mark.parametrize("text", ["lamp", "  Lamp ", "SKU-OF-LAMP", "E-77", "lam"])
    def test_finds_by_name_slug_sku_and_foreign_id(self, admin, text):
        made = product(variant_data(sku="SKU-OF-LAMP"), name="Lamp", slug="the-lamp", external_id="E-77")
        product(name="Table", category=category("Tables").slug)

        found = admin.get(LIST, {"q": text}).context["cl"].result_list

        assert [one.pk for one in found] == [made.pk]

    def test_what_is_looked_for_stays_inside_the_filters(self, admin):
        product(name="Lamp", slug="lamp", category=category("Lamps").slug)
        other = category("Tables")

        found = admin.get(LIST, {"q": "lamp", "category__id__exact": other.pk}).context["cl"].result_list

        assert list(found) == []


_TEXTS = st.text(max_size=8) | st.sampled_from(["a:b", '"x"', " a", "a\nb", "a\r", "\x85", "a: b", ""])


@pytest.mark.once
class TestLines:
    @given(st.lists(_TEXTS, max_size=5))
    def test_lists_come_back_as_they_were(self, texts):
        field = LinesField(required=False)
        shown = field.prepare_value(texts)

        assert field.clean(shown.replace("\n", "\r\n")) == texts
        assert not field.has_changed(texts, shown.replace("\n", "\r\n"))

    @given(st.dictionaries(_TEXTS.filter(str.strip), _TEXTS, max_size=5))
    def test_pairs_come_back_as_they_were(self, pairs):
        if len({folded(name) for name in pairs}) < len(pairs):
            return
        field = PairsField(required=False)
        shown = field.prepare_value(pairs)

        assert field.clean(shown.replace("\n", "\r\n")) == pairs
        assert not field.has_changed(pairs, shown.replace("\n", "\r\n"))

"""How the catalogue is read: filters, search, the tree, offers, and what it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from products import selectors, services
from products.errors import VariantRequired
from products.models import Collection, Product
from products.selectors import Choice
from products.tests.factories import NOW, category, image, product, variant, variant_data
from shop.core.errors import NotFound, ValidationFailed
from tests.statements import statements

pytestmark = pytest.mark.django_db

WEIRD = "Say \"hi\" \\ back\\slash 'quote' Größe 🌿 100% _ \u2028 </script>"


def listed(**filters) -> Any:
    return selectors.list_products(filters=filters, currency="EUR", now=NOW)


def detail(ref: str, currency: str = "EUR") -> Any:
    return selectors.product_by_ref(ref, currency=currency, now=NOW)


def names(**filters) -> list[str]:
    found = listed(**filters)
    return sorted(product.name for product in found)


class TestListProducts:
    def test_shows_what_is_published_and_has_a_price(self):
        product(name="Shown")
        product(name="Draft", published=False)
        product(name="Tomorrow", now=NOW + timedelta(days=1))
        product(variant_data(currency="JPY"), name="Yen only")
        gone = product(name="Archived")
        services.archive_product(product_id=gone.pk, actor_id=None, now=NOW)

        assert names() == ["Shown"]
        hidden = selectors.list_products(filters={}, currency="EUR", now=NOW, hidden=True)
        assert {found.name for found in hidden} == {"Shown", "Draft", "Tomorrow", "Archived"}

    def test_filters_by_category_with_its_subtree(self):
        category("Rooms")
        services.create_category(name="Kitchen", parent="rooms")
        services.create_category(name="Roomsy")
        product(name="Sofa", category="rooms")
        product(name="Pan", category="kitchen")
        product(name="Other", category="roomsy")

        assert names(category="rooms") == ["Pan", "Sofa"]
        assert names(category="kitchen") == ["Pan"]
        assert names(category="none") == []

    def test_filters_by_brand_in_any_case_and_by_collection(self):
        fern = product(name="A", brand="Fern & Oak")
        product(name="B", brand="Fern")
        Collection.objects.create(name="Sale", slug="sale").products.add(fern)

        assert names(brand="FERN & oak") == ["A"]
        assert names(brand="Fer_") == names(brand="%") == []
        assert names(collection="sale") == ["A"]
        assert names(collection="none") == []

    def test_filters_by_price_at_both_ends_inclusive(self):
        for amount in (999, 1000, 1500, 1501):
            product(variant_data(price=amount), name=f"P{amount}")

        assert names(price_min=1000, price_max=1500) == ["P1000", "P1500"]

    def test_filters_by_the_lowest_price_of_a_product(self):
        product(variant_data(price=500), variant_data(price=5000), name="Both")

        assert names(price_min=4000) == []
        assert names(price_max=500) == ["Both"]

    def test_filters_by_stock_and_ids(self):
        here, gone = product(name="Here"), product(variant_data(on_hand=0), name="Gone")

        assert names(in_stock=True) == ["Here"]
        assert names(in_stock=False) == ["Gone"]
        assert names(ids=[here.pk, gone.pk, 999]) == ["Gone", "Here"]
        assert names(ids=[]) == []

    def test_filters_by_several_attributes_at_once(self):
        product(name="A", attributes={"color": "Red", "size": "L"})
        product(name="B", attributes={"color": "red", "size": "M"})
        product(name="C", attributes={"size": "L"})

        assert names(**{"attr.color": "RED"}) == ["A", "B"]
        assert names(**{"attr.color": "red", "attr.size": "L"}) == ["A"]
        assert names(**{"attr.color": "red", "attr.none": "L"}) == []

    @pytest.mark.parametrize("rows", [1, 20])
    def test_reads_in_one_statement(self, rows):
        for number in range(rows):
            product(brand=f"B{number}")

        with statements() as seen:
            found = listed()
            assert len([(p.category.name, p.brand.name, p.cover, p.price) for p in found]) == rows

        assert len(seen) == 1


class TestProductByRef:
    @pytest.mark.parametrize("rows", [1, 20])
    def test_reads_in_two_statements(self, rows):
        made = product(*(variant_data() for _ in range(rows)))
        for number in range(rows):
            image(made, f"{number}.webp")

        with statements() as seen:
            found = detail(made.slug)
            assert (len(found.gallery), len([offer.stock for offer in found.offers])) == (rows, rows)

        assert len(seen) == 2

    def test_carries_any_text_through_the_json_list(self):
        made = product()
        row = image(made, "a.webp", alt=WEIRD)

        found = detail(str(made.pk))

        assert found.gallery == [
            {"id": row.pk, "url": "a.webp", "width": 8, "height": 6, "alt": WEIRD, "thumbnails": []}
        ]

    def test_answers_to_every_slug_it_had(self):
        made = product(slug="old-lamp")
        services.update_product(product_id=made.pk, actor_id=None, now=NOW, slug="new-lamp")

        for ref in ("old-lamp", "new-lamp", str(made.pk)):
            assert selectors.product_by_ref(ref, currency="EUR", now=NOW).pk == made.pk
            assert selectors.product_id_of(ref) == made.pk

    @pytest.mark.parametrize("ref", ["0", "999", "9" * 18, "9" * 19, "9" * 5000, "none"])
    def test_refuses_what_is_not_there(self, ref):
        with pytest.raises(NotFound):
            selectors.product_by_ref(ref, currency="EUR", now=NOW)
        with pytest.raises(NotFound):
            selectors.product_id_of(ref)

    def test_leaves_out_archived_variants_and_shows_no_price_in_another_currency(self):
        made = product(variant_data(sku="A"), variant_data(sku="B"))
        services.archive_variant(variant_id=made.variants.get(sku="A").pk, actor_id=None, now=NOW)

        found = detail(str(made.pk), "JPY")

        assert [(offer.sku, offer.price) for offer in found.offers] == [("B", None)]
        assert found.price is None


class TestCategoryTree:
    def test_counts_what_shoppers_find_in_each_subtree(self):
        category("Rooms")
        services.create_category(name="Kitchen", parent="rooms")
        product(category="rooms")
        product(category="kitchen")
        product(category="kitchen", published=False)
        product(category="kitchen", now=NOW + timedelta(days=1))

        with statements() as seen:
            tree = selectors.category_tree(now=NOW)

        assert [(row["slug"], row["product_count"]) for row in tree] == [("rooms", 2), ("kitchen", 1)]
        assert len(seen) == 1


class TestOffers:
    def test_say_what_can_be_had(self):
        made = variant(sku="A", price=500, on_hand=3, backorder_limit=2, options={"size": WEIRD})

        with statements() as seen:
            offer = selectors.offers_in([made.pk, 999], currency="EUR", now=NOW)[made.pk]

        assert (offer.price, offer.available, offer.sellable, offer.for_sale) == (500, 3, 5, True)
        assert offer.options == {"size": WEIRD}
        assert len(seen) == 1

    def test_a_future_archived_or_unpriced_one_is_not_for_sale_or_has_no_price(self):
        future, untracked = variant(now=NOW + timedelta(days=1)), variant(tracked=False)
        gone = variant()
        Product.objects.filter(pk=gone.product_id).update(archived_at=NOW)

        offers = selectors.offers_in([future.pk, gone.pk, untracked.pk], currency="JPY", now=NOW)

        assert [offers[v.pk].for_sale for v in (future, gone, untracked)] == [False, False, True]
        assert (offers[untracked.pk].available, offers[untracked.pk].price) == (None, None)

    def test_are_chosen_by_variant_sku_or_product(self):
        made = variant(sku="A")

        for choice in (Choice(variant=made.pk), Choice(sku="A"), Choice(product=made.product_id)):
            assert selectors.offer_for(choice, currency="EUR", now=NOW).variant_id == made.pk

    @pytest.mark.parametrize("field", ["variant", "product", "sku"])
    def test_refuse_a_choice_that_is_not_for_sale(self, field):
        hidden = product(variant_data(sku="A"), published=False)
        value: Any = {"variant": hidden.variants.get().pk, "product": hidden.pk, "sku": "A"}[field]

        with pytest.raises(ValidationFailed) as refusal:
            selectors.offer_for(Choice(**{field: value}), currency="EUR", now=NOW)

        assert [(e.field, e.code) for e in refusal.value.errors] == [(field, "does_not_exist")]

    def test_ask_which_variant(self):
        several = product(variant_data(), variant_data(), variant_data())

        with pytest.raises(VariantRequired):
            selectors.offer_for(Choice(product=several.pk), currency="EUR", now=NOW)

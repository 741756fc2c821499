"""What staff do to the catalogue, and that a refusal changes nothing."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from products import services
from products.errors import CategoryInUse
from products.models import (
    Brand,
    Category,
    Price,
    Product,
    ProductPrice,
    ProductSlug,
    StockItem,
    StockMovement,
    Variant,
)
from products.tests.factories import NOW, category, image, product, variant, variant_data
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, ValidationFailed
from shop.core.ids import new_id

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
STAFF = new_id()


def refused(call, **arguments) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as refusal:
        call(**arguments)
    return [(error.field, error.code) for error in refusal.value.errors]


class TestCreateProduct:
    def test_writes_it_with_variants_prices_and_opening_stock(self):
        made = product(
            variant_data(sku="S", price=900, compare_at=1200, on_hand=3, options={"size": "S"}),
            variant_data(sku="L", price=1100, on_hand=0, options={"size": "L"}),
            name="Reading lamp",
            brand="Fern",
            option_names=["size"],
        )

        assert (made.slug, made.in_stock, made.published_at) == ("reading-lamp", True, NOW)
        assert made.brand is not None
        assert made.brand.name == "Fern"
        assert list(made.variants.order_by("pk").values_list("sku", "stock__on_hand")) == [("S", 3), ("L", 0)]
        assert ProductPrice.objects.values_list("currency", "lowest", "compare_at").get() == (
            "EUR",
            900,
            1200,
        )
        movement = StockMovement.objects.values_list("variant__sku", "kind", "delta", "reason").get()
        assert movement == ("S", "receipt", 3, "opening stock")
        assert AuditEntry.objects.values_list("action", "object_id").get() == (
            "products.created",
            str(made.pk),
        )

    def test_gives_equal_names_slugs_of_their_own(self):
        slugs = [product(name="Öllampe").slug for _ in range(3)]

        assert slugs == ["ollampe", "ollampe-2", "ollampe-3"]

    @pytest.mark.parametrize(("name", "slug"), [("日本", "item"), ("1984", "item-1984"), ("!!!", "item")])
    def test_makes_slugs_that_are_no_numbers(self, name, slug):
        assert product(name=name).slug == slug

    def test_knows_a_brand_in_any_case(self):
        product(brand="Fern")
        product(brand="FERN")

        assert Brand.objects.values_list("name", flat=True).get() == "Fern"

    @pytest.mark.parametrize(
        ("values", "error"),
        [
            ({"category": "none"}, ("category", "does_not_exist")),
            ({"slug": "taken"}, ("slug", "unique")),
            ({"slug": "facets"}, ("slug", "unique")),
            ({"external_id": "erp-1"}, ("external_id", "unique")),
        ],
    )
    def test_refuses_what_it_cannot_be(self, values, error):
        product(name="First", slug="taken", external_id="erp-1")

        assert refused(product, brand="New", **values) == [error]
        assert Product.objects.count() == Variant.objects.count() == ProductSlug.objects.count() == 1

    @pytest.mark.parametrize(
        ("values", "error"),
        [({"sku": "A"}, ("sku", "unique")), ({"external_id": "e"}, ("external_id", "unique"))],
    )
    def test_writes_nothing_when_its_second_variant_is_refused(self, values, error):
        first = variant_data(sku="A", external_id="e", options={"Size": "S"})

        with pytest.raises(ValidationFailed) as refusal:
            product(first, variant_data(**values, options={"Size": "L"}))

        assert [(e.field, e.code) for e in refusal.value.errors] == [error]
        for model in (Product, Variant, Price, StockItem, StockMovement, AuditEntry):
            assert not model.objects.exists(), model


class TestUpdateProduct:
    def test_changes_what_is_given_and_nothing_else(self):
        made = product(name="Lamp", brand="Fern", description="Old")

        services.update_product(product_id=made.pk, actor_id=STAFF, now=LATER, description="New", brand="")

        made.refresh_from_db()
        assert (made.name, made.description, made.brand, made.updated_at) == ("Lamp", "New", None, LATER)
        entry = AuditEntry.objects.get(action="products.updated")
        assert (entry.actor_id, entry.facts) == (STAFF, {"fields": ["brand", "description"]})

    def test_keeps_an_old_slug_for_the_product_alone(self):
        made, other = product(name="Lamp"), product(name="Other")
        services.update_product(product_id=made.pk, actor_id=STAFF, now=LATER, slug="desk-lamp")

        error = refused(services.update_product, product_id=other.pk, actor_id=STAFF, now=LATER, slug="lamp")

        assert error == [("slug", "unique")]
        assert set(made.slugs.values_list("slug", flat=True)) == {"lamp", "desk-lamp"}
        services.update_product(product_id=made.pk, actor_id=STAFF, now=LATER, slug="lamp")

    def test_refuses_an_external_id_that_another_has(self):
        product(external_id="erp-1")
        made = product(name="Lamp")

        error = refused(
            services.update_product,
            product_id=made.pk,
            actor_id=STAFF,
            now=LATER,
            external_id="erp-1",
            name="X",
        )

        made.refresh_from_db()
        assert error == [("external_id", "unique")]
        assert (made.name, made.external_id) == ("Lamp", None)

    def test_publishes_once_and_takes_back(self):
        made = product(published=False)

        for published in (True, True):
            services.update_product(product_id=made.pk, actor_id=STAFF, now=LATER, published=published)

        made.refresh_from_db()
        assert made.published_at == LATER
        services.update_product(product_id=made.pk, actor_id=STAFF, now=LATER, published=False)
        made.refresh_from_db()
        assert made.published_at is None


class TestArchive:
    def test_a_product_once(self):
        made = product()

        for now in (NOW, LATER):
            services.archive_product(product_id=made.pk, actor_id=STAFF, now=now)

        made.refresh_from_db()
        assert made.archived_at == NOW
        assert AuditEntry.objects.filter(action="products.archived").count() == 1

    def test_a_variant_takes_its_price_and_stock_along(self):
        made = product(variant_data(sku="A", price=500), variant_data(sku="B", price=900, on_hand=0))

        for now in (NOW, LATER):
            services.archive_variant(variant_id=made.variants.get(sku="A").pk, actor_id=STAFF, now=now)

        made.refresh_from_db()
        assert made.in_stock is False
        assert made.lowest_prices.get().lowest == 900
        assert AuditEntry.objects.filter(action="products.variant_archived").count() == 1

    def test_the_last_variant_leaves_no_price(self):
        made = variant()

        services.archive_variant(variant_id=made.pk, actor_id=STAFF, now=NOW)

        assert not ProductPrice.objects.exists()


class TestUpdateVariant:
    def test_sets_a_price_in_another_currency_beside_the_first(self):
        made = variant(price=1000)

        services.update_variant(variant_id=made.pk, actor_id=STAFF, now=NOW, price=1500, currency="JPY")

        assert dict(made.prices.values_list("currency", "amount")) == {"EUR": 1000, "JPY": 1500}
        assert dict(made.product.lowest_prices.values_list("currency", "lowest")) == {
            "EUR": 1000,
            "JPY": 1500,
        }

    def test_refuses_a_backorder_limit_below_what_is_sold(self):
        made = variant(on_hand=0, backorder_limit=2)
        services.reserve(order_ref=new_id(), quantities={made.pk: 2}, expires_at=None, now=NOW)

        error = refused(
            services.update_variant, variant_id=made.pk, actor_id=STAFF, now=NOW, backorder_limit=1, sku="NEW"
        )

        made.refresh_from_db()
        assert error == [("backorder_limit", "invalid")]
        assert (made.sku == "NEW", made.stock.backorder_limit) == (False, 2)

    @pytest.mark.parametrize("policy", [{"tracked": False}, {"backorder_limit": 1}])
    def test_a_policy_that_lets_it_be_sold_puts_it_in_stock(self, policy):
        made = variant(on_hand=0)
        assert made.product.in_stock is False

        services.update_variant(variant_id=made.pk, actor_id=STAFF, now=NOW, **policy)

        made.product.refresh_from_db()
        assert made.product.in_stock is True

    def test_refuses_a_sku_that_another_has(self):
        variant(sku="A")
        made = variant(sku="B")

        assert refused(
            services.update_variant, variant_id=made.pk, actor_id=STAFF, now=NOW, sku="A", weight_grams=5
        ) == [("sku", "unique")]
        made.refresh_from_db()
        assert (made.sku, made.weight_grams) == ("B", 0)


class TestAddImage:
    def test_the_first_becomes_the_cover_and_the_next_stand_behind(self):
        made = product()

        for number in (1, 2):
            image(made, f"{number}.webp")

        made.refresh_from_db()
        assert made.cover is not None
        assert made.cover.file == "1.webp"
        assert list(made.images.order_by("position").values_list("file", flat=True)) == ["1.webp", "2.webp"]


class TestCategories:
    def test_stand_in_a_tree(self):
        category("Lamps")
        below = services.create_category(name="Desk lamps", parent="lamps")

        assert (below.depth, below.slug) == (2, "desk-lamps")

    def test_stand_ten_deep(self):
        slug = None
        for number in range(10):
            slug = services.create_category(name=f"C{number}", parent=slug).slug
        pair = services.create_category(name="Pair")
        services.create_category(name="Half", parent=pair.slug)

        assert refused(services.create_category, name="C10", parent=slug) == [("parent", "invalid")]
        move = partial(services.update_category, ref="pair", actor_id=STAFF, now=NOW)
        assert refused(move, parent="c8") == [("parent", "invalid")]
        assert Category.objects.get(slug="pair").depth == 1
        move(parent="c7")
        assert Category.objects.get(slug="half").depth == 10

    def test_move_below_another_and_back_to_the_top(self):
        category("Lamps")
        category("Desk")

        services.update_category(ref="desk", actor_id=STAFF, now=NOW, parent="lamps")
        assert Category.objects.get(slug="desk").depth == 2
        services.update_category(ref="desk", actor_id=STAFF, now=NOW, parent=None, name="Desks")
        assert Category.objects.values_list("name", "depth").get(slug="desk") == ("Desks", 1)

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"parent": "none"}, ("parent", "does_not_exist")),
            ({"parent": "desk"}, ("parent", "invalid")),
            ({"parent": "lamps"}, ("parent", "invalid")),
            ({"slug": "desk"}, ("slug", "unique")),
        ],
    )
    def test_refuse_a_place_or_slug_they_cannot_have(self, changes, error):
        category("Lamps")
        services.create_category(name="Desk", parent="lamps")

        found = refused(services.update_category, ref="lamps", actor_id=STAFF, now=NOW, name="New", **changes)

        assert found == [error]
        assert Category.objects.get(slug="lamps").name == "Lamps"
        assert not AuditEntry.objects.exists()

    def test_refuse_to_go_while_something_is_in_them(self):
        product(category=category("Lamps").slug)
        services.create_category(name="Rooms")
        services.create_category(name="Kitchen", parent="rooms")

        for slug in ("lamps", "rooms"):
            with pytest.raises(CategoryInUse):
                services.delete_category(slug=slug, actor_id=STAFF, now=NOW)

        assert Category.objects.count() == 3
        services.delete_category(slug="kitchen", actor_id=STAFF, now=NOW)
        services.delete_category(slug="rooms", actor_id=STAFF, now=NOW)
        assert Category.objects.get().slug == "lamps"
        with pytest.raises(NotFound):
            services.delete_category(slug="rooms", actor_id=STAFF, now=NOW)

    def test_refuse_a_parent_that_is_missing(self):
        assert refused(services.create_category, name="X", parent="none") == [("parent", "does_not_exist")]
        assert not Category.objects.exists()

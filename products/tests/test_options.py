"""What the variants of one product differ by."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from products import services
from products.models import Product, Variant
from products.services.options import key_of
from products.tests.factories import NOW, category, product, variant_data
from shop.core.errors import ValidationFailed
from shop.core.transactions import use_case
from users.tests.races import together

SMALL, LARGE = {"Size": "S"}, {"Size": "L"}


def add(made, options):
    return services.add_variant(
        product_id=made.pk, variant=variant_data(options=options), actor_id=None, now=NOW
    )


def change(variant, options):
    return services.update_variant(variant_id=variant.pk, options=options, actor_id=None, now=NOW)


def refused(call, *args, **values):
    with pytest.raises(ValidationFailed) as refusal:
        call(*args, **values)
    return [(error.field, error.code) for error in refusal.value.errors]


@pytest.mark.django_db
class TestVariants:
    def test_take_the_names_of_their_product_in_its_order_and_case(self):
        data = services.ProductData(name="Lamp", category=category().slug, option_names=["Size", "Colour"])
        made = services.create_product(data=data, now=NOW)

        variant = add(made, {"colour": "Red", "SIZE": "S"})

        assert list(variant.options.items()) == [("Size", "S"), ("Colour", "Red")]

    def test_name_the_options_when_they_are_the_first(self):
        made = product(variant_data(options=SMALL))

        assert Product.objects.get().option_names == ["Size"]
        assert add(made, {"size": "XL"}).options == {"Size": "XL"}

    @pytest.mark.parametrize("options", [{}, {"Colour": "Red"}, {"Size": "M", "Colour": "Red"}])
    def test_are_refused_with_other_options(self, options):
        made = product(variant_data(options=SMALL))

        assert refused(add, made, options) == [("options", "invalid")]
        assert Variant.objects.count() == 1

    @pytest.mark.parametrize("options", [SMALL, {"size": " s "}])
    def test_are_refused_twice(self, options):
        made = product(variant_data(options=SMALL))

        assert refused(add, made, options) == [("options", "unique")]
        assert Variant.objects.count() == 1

    def test_make_room_when_archived(self):
        made = product(variant_data(options=SMALL))
        services.archive_variant(variant_id=made.variants.get().pk, actor_id=None, now=NOW)

        assert add(made, SMALL).options == SMALL

    def test_give_one_that_had_none_its_options_before_another_comes(self):
        made = product()
        assert refused(add, made, LARGE) == [("options", "invalid")]

        change(made.variants.get(), SMALL)

        assert add(made, LARGE).options == LARGE

    def test_get_and_lose_an_option_one_by_one(self):
        made = product(variant_data(options=SMALL), variant_data(options=LARGE))
        doer: dict[str, Any] = {"product_id": made.pk, "actor_id": None, "now": NOW}
        services.update_product(**doer, option_names=["Size", "Wood"])
        for variant in made.variants.all():
            change(variant, {**variant.options, "Wood": "Oak"})
        assert refused(services.update_product, **doer, option_names=["Wood"]) == [
            ("option_names", "invalid")
        ]

        for variant in made.variants.all():
            change(variant, {"Size": variant.options["Size"]})
        services.update_product(**doer, option_names=["Size"])

        assert [variant.options for variant in made.variants.order_by("pk")] == [SMALL, LARGE]

    def test_can_not_become_each_other(self):
        made = product(variant_data(options=SMALL), variant_data(options=LARGE))
        second = made.variants.order_by("-pk")[0]

        assert refused(change, second, SMALL) == [("options", "unique")]
        assert Variant.objects.get(pk=second.pk).options == LARGE


def test_keys_do_not_tell_case_order_and_spaces_apart():
    assert key_of({"Size": "S", "Colour": "Sky  blue"}) == key_of({"colour": "sky blue", "size": "s"})
    assert key_of({"a": "b c"}) != key_of({"a b": "c"})
    assert key_of({}) == ""


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_one_of_the_same_options_gets_in(self):
        made = product(variant_data(options=SMALL))

        def race(number):
            try:
                use_case(add, made, LARGE)
            except ValidationFailed as error:
                return error.errors[0].code
            return "added"

        assert sorted(together(4, race)) == ["added", "unique", "unique", "unique"]

    def test_the_database_keeps_it_without_the_code(self):
        """The control: past the services, the constraint is what refuses."""
        made = product(variant_data(options=SMALL))
        twin = made.variants.get()
        twin.pk, twin.sku = None, "TWIN"

        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save()

"""What a product names is deleted at the same moment: one of the two is refused, by name, and nothing is half done."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError

from products import services
from products.errors import BrandInUse, CategoryInUse
from products.models import Brand, Category, Product
from products.services import catalogue
from products.tests.factories import NOW, category, product
from shop.core.errors import ValidationFailed
from shop.core.transactions import check_references, use_case
from users.tests.races import together

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db(transaction=True)]

DOER: dict[str, Any] = {"actor_id": None, "now": NOW}


def delete(what):
    if what == "brand":
        use_case(services.delete_brand, brand_id=Brand.objects.get().pk, **DOER)
    else:
        use_case(services.delete_category, slug="attic", **DOER)


def named(what):
    return {"brand": "Fern"} if what == "brand" else {"category": "attic"}


@pytest.fixture
def lamp():
    category("Attic")
    services.create_brand(name="Fern", **DOER)
    return product().pk


@pytest.fixture
def deleted_after_it_was_read(monkeypatch):
    """Delete what an edit names right after the edit has looked it up."""

    def install(what):
        looked_up, gone = getattr(catalogue, f"_{what}"), list[bool]()

        def look_up(name):
            found = looked_up(name)
            if not gone:
                gone.append(True)
                deleting = threading.Thread(target=lambda: together(1, lambda _: delete(what)))
                deleting.start()
                deleting.join()
            return found

        monkeypatch.setattr(catalogue, f"_{what}", look_up)

    return install


@pytest.mark.parametrize("what", ["brand", "category"])
def test_an_edit_that_comes_too_late_is_refused_by_name(lamp, deleted_after_it_was_read, what):
    deleted_after_it_was_read(what)
    before = Product.objects.values().get()

    with pytest.raises(ValidationFailed) as refusal:
        use_case(services.update_product, product_id=lamp, **named(what), **DOER)

    assert [(error.field, error.code) for error in refusal.value.errors] == [(what, "does_not_exist")]
    assert Product.objects.values().get() == before


@pytest.mark.parametrize("what", ["brand", "category"])
def test_a_new_product_that_comes_too_late_is_refused_by_name(lamp, deleted_after_it_was_read, what):
    deleted_after_it_was_read(what)
    data = services.ProductData(**{"name": "Shade", "category": category().slug} | named(what))

    with pytest.raises(ValidationFailed) as refusal:
        use_case(services.create_product, data=data, **DOER)

    assert [(error.field, error.code) for error in refusal.value.errors] == [(what, "does_not_exist")]
    assert Product.objects.count() == 1


@pytest.mark.parametrize("what", ["brand", "category"])
def test_it_fails_at_the_commit_when_nobody_looks_before(lamp, deleted_after_it_was_read, monkeypatch, what):
    """The control: without the look it is a bug's answer."""
    deleted_after_it_was_read(what)
    monkeypatch.setattr(catalogue, "check_references", lambda: None)

    with pytest.raises(IntegrityError):
        use_case(services.update_product, product_id=lamp, **named(what), **DOER)


@pytest.mark.parametrize("what", ["brand", "category"])
def test_a_deletion_that_comes_too_late_is_refused(lamp, monkeypatch, what):
    checked, deleting = check_references, list[Any]()

    def check_and_let_the_other_try():
        checked()
        other = threading.Thread(target=lambda: deleting.append(together(1, lambda _: attempt())[0]))
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive()
        deleting.append(other)

    def attempt():
        try:
            delete(what)
        except (BrandInUse, CategoryInUse) as refusal:
            return type(refusal)
        return "deleted"

    monkeypatch.setattr(catalogue, "check_references", check_and_let_the_other_try)
    use_case(services.update_product, product_id=lamp, **named(what), **DOER)

    deleting[0].join(timeout=10)
    assert deleting[1] is (BrandInUse if what == "brand" else CategoryInUse)
    assert (Brand.objects.count(), Category.objects.filter(slug="attic").count()) == (1, 1)

"""The tree of categories over HTTP."""

from __future__ import annotations

import pytest

from products import schemas, services
from products.tests.factories import category, product
from users.tests.clients import anonymous

pytestmark = pytest.mark.django_db
API = "/api/v1/"


def get(path: str, **headers):
    return anonymous().get(f"{API}{path}", **headers)


class TestCategories:
    def test_whole_tree(self):
        category("Rooms")
        services.create_category(name="Kitchen", parent="rooms", description="Pans")
        product(category="kitchen")
        kitchen = {
            "name": "Kitchen",
            "slug": "kitchen",
            "description": "Pans",
            "product_count": 1,
            "children": [],
        }
        rooms = {
            "name": "Rooms",
            "slug": "rooms",
            "description": "",
            "product_count": 1,
            "children": [kitchen],
        }

        body = get("categories/").json()

        assert body == {"count": 1, "next": None, "previous": None, "results": [rooms]}
        assert get("categories/kitchen/").json() == kitchen
        assert set(kitchen) == set(schemas.CategoryNode().fields)
        assert get("categories/?x=1").json()["code"] == "unknown_filter"

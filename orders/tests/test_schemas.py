"""What the OpenAPI document says of orders is what they answer."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from orders import schemas
from orders.tests.factories import ADDRESS, place
from orders.tests.shopping import URL, buyer, order_url, token_of
from products.tests.factories import variant
from users.tests.clients import anonymous

pytestmark = pytest.mark.django_db


class TestSchema:
    def test_of_an_order_has_the_fields_of_an_order(self):
        answer = buyer(variant()).place().json()

        assert set(answer) == set(schemas.PlacedOrderSerializer().fields)
        assert set(answer) - {"access_token"} == set(schemas.OrderSerializer().fields)
        assert set(answer["items"][0]) == set(schemas.OrderLineSerializer().fields)
        assert set(answer["tax_lines"][0]) == set(schemas.TaxLineSerializer().fields)
        assert (
            set(answer["shipping_address"])
            == set(schemas.OrderAddressSerializer().fields)
            == set(asdict(ADDRESS))
        )

    def test_of_tracking_has_the_fields_of_tracking(self):
        order = place()

        answer = anonymous().get(order_url(order, "track"), headers=token_of(order)).json()

        assert set(answer) == set(schemas.TrackSerializer().fields)
        assert set(answer["events"][0]) == set(schemas.StepSerializer().fields)

    @pytest.mark.once
    def test_names_the_headers_and_answers_of_each_call(self, client):
        document = client.get(
            "/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}
        ).json()

        calls = {
            (method, path.removeprefix(URL)): call
            for path, methods in document["paths"].items()
            if path.startswith(URL)
            for method, call in methods.items()
        }
        assert set(calls) >= {
            ("get", ""), ("post", ""), ("get", "{id}/"), ("get", "{id}/track/"), ("post", "{id}/cancel/"),
            ("post", "{id}/reorder/"),
        }  # fmt: skip
        place = calls["post", ""]
        assert [p["name"] for p in place["parameters"] if p.get("required")] == ["Idempotency-Key"]
        answer = place["responses"]["201"]["content"]["application/json"]["schema"]
        assert answer == {"$ref": "#/components/schemas/PlacedOrder"}

"""What somebody without a sign-in gets at every address of the API: a new one has to be entered here."""

from __future__ import annotations

import re

import pytest
from drf_spectacular.generators import EndpointEnumerator
from rest_framework.test import APIClient

pytestmark = [pytest.mark.once, pytest.mark.django_db]

# Status and code of an empty request. What is public gets as far as its own answer or its own refusal of the body.
ANONYMOUS = {
    "GET /api/docs/": (200, ""),
    "POST auth/email/change/confirm/": (400, "validation_failed"),
    "POST auth/email/verify/": (400, "validation_failed"),
    "POST auth/email/verify/resend/": (401, "not_authenticated"),
    "POST auth/login/": (400, "validation_failed"),
    "POST auth/logout/": (400, "validation_failed"),
    "POST auth/logout-all/": (401, "not_authenticated"),
    "POST auth/password/change/": (401, "not_authenticated"),
    "POST auth/password/reset/": (400, "validation_failed"),
    "POST auth/password/reset/confirm/": (400, "validation_failed"),
    "POST auth/refresh/": (400, "validation_failed"),
    "POST auth/register/": (400, "validation_failed"),
    "GET cart/": (200, ""),
    "PATCH cart/": (404, "not_found"),
    "DELETE cart/": (404, "not_found"),
    "POST cart/coupons/": (400, "validation_failed"),
    "DELETE cart/coupons/{code}/": (404, "not_found"),
    "POST cart/items/": (400, "validation_failed"),
    "PATCH cart/items/{item}/": (400, "validation_failed"),
    "DELETE cart/items/{item}/": (404, "not_found"),
    "GET cart/shipping_methods/": (400, "validation_failed"),
    "GET categories/": (200, ""),
    "POST categories/": (401, "not_authenticated"),
    "GET categories/{slug}/": (404, "not_found"),
    "PUT categories/{slug}/": (401, "not_authenticated"),
    "PATCH categories/{slug}/": (401, "not_authenticated"),
    "DELETE categories/{slug}/": (401, "not_authenticated"),
    "GET categories/{slug}/texts/": (401, "not_authenticated"),
    "PUT categories/{slug}/texts/{language}/": (401, "not_authenticated"),
    "DELETE categories/{slug}/texts/{language}/": (401, "not_authenticated"),
    "GET collections/": (200, ""),
    "POST collections/": (401, "not_authenticated"),
    "GET collections/{slug}/": (404, "not_found"),
    "PATCH collections/{slug}/": (401, "not_authenticated"),
    "DELETE collections/{slug}/": (401, "not_authenticated"),
    "GET customer_groups/": (401, "not_authenticated"),
    "POST customer_groups/": (401, "not_authenticated"),
    "GET customer_groups/{code}/": (401, "not_authenticated"),
    "PUT customer_groups/{code}/": (401, "not_authenticated"),
    "PATCH customer_groups/{code}/": (401, "not_authenticated"),
    "DELETE customer_groups/{code}/": (401, "not_authenticated"),
    "GET orders/": (401, "not_authenticated"),
    "POST orders/": (400, "idempotency_key_required"),
    "GET orders/staff/": (401, "not_authenticated"),
    "GET orders/export/": (401, "not_authenticated"),
    "GET orders/{pk}/": (404, "not_found"),
    "POST orders/{pk}/cancel/": (404, "not_found"),
    "POST orders/{pk}/claim/": (401, "not_authenticated"),
    "POST orders/lookup/": (400, "validation_failed"),
    "POST orders/{pk}/deliver/": (401, "not_authenticated"),
    "GET orders/{order_id}/fulfilments/": (404, "not_found"),
    "POST orders/{order_id}/fulfilments/": (401, "not_authenticated"),
    "GET orders/{order_id}/fulfilments/{pk}/packing_slip/": (401, "not_authenticated"),
    "POST orders/{pk}/reorder/": (404, "not_found"),
    "GET notifications/preferences/": (401, "not_authenticated"),
    "PATCH notifications/preferences/": (401, "not_authenticated"),
    "POST orders/staff/": (401, "not_authenticated"),
    "GET orders/{order_id}/notes/": (404, "not_found"),
    "POST orders/{order_id}/notes/": (401, "not_authenticated"),
    "GET orders/{order_id}/timeline/": (404, "not_found"),
    "POST orders/{order_id}/timeline/{pk}/resend/": (404, "not_found"),
    "GET orders/{order_id}/returns/": (404, "not_found"),
    "POST orders/{order_id}/returns/": (404, "not_found"),
    "GET orders/{order_id}/returns/{pk}/": (404, "not_found"),
    "PATCH orders/{order_id}/returns/{pk}/": (401, "not_authenticated"),
    "GET orders/{pk}/track/": (404, "not_found"),
    "GET payments/": (401, "not_authenticated"),
    "POST payments/": (400, "validation_failed"),
    "GET payments/cards/": (401, "not_authenticated"),
    "POST payments/cards/": (401, "not_authenticated"),
    "DELETE payments/cards/{card}/": (401, "not_authenticated"),
    "GET payments/{payment}/": (404, "not_found"),
    "GET payments/{payment}/receipt/": (404, "not_found"),
    "GET payments/{payment}/refunds/": (401, "not_authenticated"),
    "POST payments/{payment}/refunds/": (401, "not_authenticated"),
    "GET payments/{payment}/credit_notes/": (404, "not_found"),
    "GET payments/{payment}/credit_notes/{number}/": (404, "not_found"),
    "GET receipts/verify/": (400, "validation_failed"),
    "POST payments/webhooks/stripe/": (400, "signature_invalid"),
    "GET products/": (200, ""),
    "GET products/facets/": (200, ""),
    "POST products/": (401, "not_authenticated"),
    "GET products/{ref}/": (404, "not_found"),
    "PUT products/{ref}/": (401, "not_authenticated"),
    "PATCH products/{ref}/": (401, "not_authenticated"),
    "DELETE products/{ref}/": (401, "not_authenticated"),
    "GET products/{ref}/images/": (401, "not_authenticated"),
    "POST products/{ref}/images/": (401, "not_authenticated"),
    "PATCH products/{ref}/images/{image}/": (401, "not_authenticated"),
    "DELETE products/{ref}/images/{image}/": (401, "not_authenticated"),
    "POST products/{ref}/alerts/": (401, "not_authenticated"),
    "DELETE products/{ref}/alerts/": (401, "not_authenticated"),
    "GET products/{ref}/reviews/": (404, "not_found"),
    "POST products/{ref}/reviews/": (401, "not_authenticated"),
    "PATCH products/{ref}/reviews/{review}/": (401, "not_authenticated"),
    "DELETE products/{ref}/reviews/{review}/": (401, "not_authenticated"),
    "GET products/{ref}/texts/": (401, "not_authenticated"),
    "PUT products/{ref}/texts/{language}/": (401, "not_authenticated"),
    "DELETE products/{ref}/texts/{language}/": (401, "not_authenticated"),
    "GET wishlist/": (401, "not_authenticated"),
    "POST wishlist/items/{ref}/": (401, "not_authenticated"),
    "DELETE wishlist/items/{ref}/": (401, "not_authenticated"),
    "GET products/{ref}/stock/": (401, "not_authenticated"),
    "POST products/{ref}/stock/": (401, "not_authenticated"),
    "POST products/{ref}/variants/": (401, "not_authenticated"),
    "PATCH products/{ref}/variants/{variant}/": (401, "not_authenticated"),
    "DELETE products/{ref}/variants/{variant}/": (401, "not_authenticated"),
    "GET schema/": (200, ""),
    "GET users/": (401, "not_authenticated"),
    "POST users/": (401, "not_authenticated"),
    "GET users/{pk}/": (401, "not_authenticated"),
    "PUT users/{pk}/": (401, "not_authenticated"),
    "PATCH users/{pk}/": (401, "not_authenticated"),
    "DELETE users/{pk}/": (401, "not_authenticated"),
    "GET users/{user_id}/billing_addresses/": (401, "not_authenticated"),
    "POST users/{user_id}/billing_addresses/": (401, "not_authenticated"),
    "GET users/{user_id}/billing_addresses/{address_id}/": (401, "not_authenticated"),
    "PUT users/{user_id}/billing_addresses/{address_id}/": (401, "not_authenticated"),
    "PATCH users/{user_id}/billing_addresses/{address_id}/": (401, "not_authenticated"),
    "DELETE users/{user_id}/billing_addresses/{address_id}/": (401, "not_authenticated"),
    "GET users/{user_id}/consents/": (401, "not_authenticated"),
    "POST users/{user_id}/consents/": (401, "not_authenticated"),
    "GET users/{user_id}/shipping_addresses/": (401, "not_authenticated"),
    "POST users/{user_id}/shipping_addresses/": (401, "not_authenticated"),
    "GET users/{user_id}/shipping_addresses/{address_id}/": (401, "not_authenticated"),
    "PUT users/{user_id}/shipping_addresses/{address_id}/": (401, "not_authenticated"),
    "PATCH users/{user_id}/shipping_addresses/{address_id}/": (401, "not_authenticated"),
    "DELETE users/{user_id}/shipping_addresses/{address_id}/": (401, "not_authenticated"),
    "GET users/me/": (401, "not_authenticated"),
    "PATCH users/me/": (401, "not_authenticated"),
    "DELETE users/me/": (401, "not_authenticated"),
    "GET users/me/export/": (401, "not_authenticated"),
    "POST users/me/email/": (401, "not_authenticated"),
    "GET users/me/sessions/": (401, "not_authenticated"),
    "GET users/me/sessions/{pk}/": (401, "not_authenticated"),
    "DELETE users/me/sessions/{pk}/": (401, "not_authenticated"),
    "GET users/me/two_factor/": (401, "not_authenticated"),
    "POST users/me/two_factor/": (401, "not_authenticated"),
    "DELETE users/me/two_factor/": (401, "not_authenticated"),
    "POST users/me/two_factor/confirm/": (401, "not_authenticated"),
    "POST users/me/two_factor/recovery_codes/": (401, "not_authenticated"),
}
IDS = {
    "slug": "no-such",
    "ref": "1",
    "variant": "1",
    "image": "1",
    "review": "1",
    "product": "1",
    "code": "NONE",
    "provider": "stripe",
    "language": "de",
}
SOME_UUID = "018f0000-0000-7000-8000-000000000001"


def endpoints() -> list[str]:
    """Return every method and path of the API, below its root."""
    found = EndpointEnumerator().get_api_endpoints()
    return sorted(f"{method} {path.removeprefix('/api/v1/')}" for path, _, method, _ in found)


def test_every_endpoint_has_its_case():
    assert endpoints() == sorted(ANONYMOUS)


@pytest.mark.parametrize("endpoint", ANONYMOUS)
def test_without_a_sign_in(endpoint):
    status, code = ANONYMOUS[endpoint]
    method, _, path = endpoint.partition(" ")
    address = re.sub(r"\{(\w+)\}", lambda name: IDS.get(name[1], SOME_UUID), path)

    answer = APIClient().generic(
        method, f"/api/v1/{address}" if not path.startswith("/") else address, "{}", "application/json"
    )

    assert answer.status_code == status
    if code:
        assert answer.json()["code"] == code


@pytest.mark.parametrize("endpoint", [name for name, (status, _) in ANONYMOUS.items() if status == 401])
def test_with_a_bad_token(endpoint):
    method, _, path = endpoint.partition(" ")
    address = re.sub(r"\{(\w+)\}", lambda name: IDS.get(name[1], SOME_UUID), path)
    client = APIClient(headers={"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."})

    answer = client.generic(method, f"/api/v1/{address}", "{}", "application/json")

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert answer.headers["WWW-Authenticate"] == "Bearer"

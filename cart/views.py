"""The cart over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from cart import selectors, services
from cart.selectors import Place, PricedCart, cart_json
from cart.serializers import AddItemBody, CouponBody, PlaceBody, PlaceFilters, QuantityBody
from cart.shopper import HEADER, language_of, owner_of, shopper_of
from products.selectors import Choice
from shop.api.caching import quoted_version, version_in
from shop.core.errors import does_not_exist
from shop.core.money import to_text
from shop.core.transactions import use_case
from users import selectors as users


class CartViewSet(viewsets.ViewSet):
    """The cart of the customer who is signed in, or of the guest who holds its token."""

    permission_classes = [AllowAny]
    token_headers = (HEADER,)

    def read(self, request: Request) -> Response:
        cart = selectors.read_cart(owner_of(request), now=timezone.now())
        if cart is None:
            cart = selectors.empty_cart(currency=settings.BASE_CURRENCY, language=language_of(request))
        return _answer(cart)

    @extend_schema(request=PlaceBody)
    def place(self, request: Request) -> Response:
        body = PlaceBody(data=request.data)
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        if (address_id := changes.pop("shipping_address", None)) is not None:
            changes = {**_place_of(request, address_id), **changes}
        cart = use_case(
            services.set_place,
            owner=owner_of(request),
            version=version_in(request),
            now=timezone.now(),
            **changes,
        )
        return _answer(cart)

    def clear(self, request: Request) -> Response:
        return _answer(use_case(services.clear, owner=owner_of(request), now=timezone.now()))

    @extend_schema(request=AddItemBody)
    def add_item(self, request: Request) -> Response:
        body = AddItemBody(data=request.data)
        body.is_valid(raise_exception=True)
        choice = dict(body.validated_data)
        quantity = choice.pop("quantity")
        shopper, token = shopper_of(request)
        cart = use_case(
            services.add_item, shopper=shopper, choice=Choice(**choice), quantity=quantity, now=timezone.now()
        )
        response = _answer(cart, status=201)
        if token is not None:
            response.headers[HEADER] = token
        return response

    @extend_schema(request=QuantityBody)
    def set_quantity(self, request: Request, item: UUID) -> Response:
        body = QuantityBody(data=request.data)
        body.is_valid(raise_exception=True)
        return self._set(request, item, body.validated_data["quantity"])

    def remove_item(self, request: Request, item: UUID) -> Response:
        return self._set(request, item, 0)

    def _set(self, request: Request, item: UUID, quantity: int) -> Response:
        cart = use_case(
            services.set_quantity,
            owner=owner_of(request),
            item_id=item,
            quantity=quantity,
            version=version_in(request),
            now=timezone.now(),
        )
        return _answer(cart)

    @extend_schema(request=CouponBody)
    def add_coupon(self, request: Request) -> Response:
        body = CouponBody(data=request.data)
        body.is_valid(raise_exception=True)
        code = body.validated_data["code"]
        return _answer(use_case(services.add_coupon, owner=owner_of(request), code=code, now=timezone.now()))

    def remove_coupon(self, request: Request, code: str) -> Response:
        return _answer(
            use_case(services.remove_coupon, owner=owner_of(request), code=code, now=timezone.now())
        )

    @extend_schema(parameters=[PlaceFilters])
    def shipping_methods(self, request: Request) -> Response:
        asked = PlaceFilters(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        cart = selectors.read_cart(owner_of(request), now=timezone.now())
        currency = cart.currency if cart else settings.BASE_CURRENCY
        options = selectors.shipping_options(
            place=Place(**asked.validated_data),
            currency=currency,
            subtotal=cart.totals.subtotal if cart else 0,
        )
        return Response([_option_json(option, currency) for option in options])


def _answer(cart: PricedCart, status: int = 200) -> Response:
    return Response(
        cart_json(cart), status=status, headers={"ETag": quoted_version("cart", cart.id, cart.version)}
    )


def _place_of(request: Request, address_id: UUID) -> dict[str, str]:
    address = None
    if request.user.is_authenticated:
        address = users.address_of(request.user.pk, address_id)
    if address is None:
        raise does_not_exist("shipping_address")
    return {"country": address.country, "region": address.region, "postal_code": address.postal_code}


def _option_json(option: Any, currency: str) -> dict[str, Any]:
    return {
        "code": option.code,
        "name": option.name,
        "price": to_text(option.amount, currency),
        "currency": currency,
        "min_days": option.min_days,
        "max_days": option.max_days,
    }

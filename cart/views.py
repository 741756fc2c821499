"""The cart over HTTP."""

from __future__ import annotations

from collections.abc import Callable
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
from cart.explaining import explanation_json
from cart.schemas import ExplainedCartAnswer, PricedCartAnswer, ShippingMethodAnswer
from cart.selectors import Place, PricedCart, cart_json
from cart.serializers import AddItemBody, CartFilters, CouponBody, PlaceBody, PlaceFilters, QuantityBody
from cart.shopper import HEADER, language_of, owner_of, shopper_of
from products.selectors import Choice
from shop.api.caching import state_in, state_tag
from shop.api.limits import Limit, client_address, spend
from shop.core.errors import NotFound, does_not_exist
from shop.core.transactions import use_case
from users import selectors as users

# Codes are worth money, so they can't be tried out: not on one cart, and not on a new cart for each try.
CODES_A_CART = Limit("coupons.cart", times=10, seconds=3600)
CODES_AN_ADDRESS = Limit("coupons.address", times=30, seconds=3600)


class CartViewSet(viewsets.ViewSet):
    """The cart of the customer who is signed in, or of the guest who holds its token."""

    permission_classes = [AllowAny]
    token_headers = (HEADER,)

    @extend_schema(parameters=[CartFilters], responses=ExplainedCartAnswer)
    def read(self, request: Request) -> Response:
        explain = CartFilters.read(request.query_params)["explain"]
        cart = selectors.read_cart(owner_of(request), now=timezone.now())
        if cart is None:
            cart = selectors.empty_cart(
                currency=settings.BASE_CURRENCY, language=language_of(request), now=timezone.now()
            )
        return _answer(cart, explanation_json(cart) if explain else None)

    @extend_schema(request=PlaceBody, responses=PricedCartAnswer)
    def place(self, request: Request) -> Response:
        body = PlaceBody(data=request.data)
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        if (address_id := changes.pop("shipping_address", None)) is not None:
            changes = {**_place_of(request, address_id), **changes}
        return _write(request, services.set_place, **changes)

    @extend_schema(request=None, responses=PricedCartAnswer)
    def clear(self, request: Request) -> Response:
        return _write(request, services.clear)

    @extend_schema(request=AddItemBody, responses={201: PricedCartAnswer})
    def add_item(self, request: Request) -> Response:
        body = AddItemBody(data=request.data)
        body.is_valid(raise_exception=True)
        choice = dict(body.validated_data)
        quantity = choice.pop("quantity")
        shopper, token = shopper_of(request, currency=choice.pop("currency", None))
        cart = use_case(
            services.add_item,
            shopper=shopper,
            choice=Choice(**choice),
            quantity=quantity,
            seen=state_in(request),
            now=timezone.now(),
        )
        response = _answer(cart, status=201)
        if token is not None:
            response.headers[HEADER] = token
        return response

    @extend_schema(request=QuantityBody, responses=PricedCartAnswer)
    def set_quantity(self, request: Request, item: UUID) -> Response:
        body = QuantityBody(data=request.data)
        body.is_valid(raise_exception=True)
        return _write(request, services.set_quantity, item_id=item, **body.validated_data)

    @extend_schema(request=None, responses=PricedCartAnswer)
    def remove_item(self, request: Request, item: UUID) -> Response:
        return _write(request, services.set_quantity, item_id=item, quantity=0)

    @extend_schema(request=CouponBody, responses=PricedCartAnswer)
    def add_coupon(self, request: Request) -> Response:
        body = CouponBody(data=request.data)
        body.is_valid(raise_exception=True)
        spend(CODES_A_CART, owner_of(request).principal)
        spend(CODES_AN_ADDRESS, client_address(request))
        return _write(request, services.add_coupon, **body.validated_data)

    @extend_schema(request=None, responses=PricedCartAnswer)
    def remove_coupon(self, request: Request, code: str) -> Response:
        return _write(request, services.remove_coupon, code=code)

    @extend_schema(parameters=[PlaceFilters], responses=ShippingMethodAnswer(many=True))
    def shipping_methods(self, request: Request) -> Response:
        place = Place(**PlaceFilters.read(request.query_params))
        owner = owner_of(request)
        cart = selectors.read_cart(owner, now=timezone.now(), place=place)
        if cart is not None:
            return Response(selectors.methods_json(cart.options, cart.currency))
        if owner.user_id is None:
            raise NotFound
        currency = settings.BASE_CURRENCY
        options = selectors.shipping_options(place=place, currency=currency)
        return Response(selectors.methods_json(options, currency))


def _write(request: Request, service: Callable[..., PricedCart], **values: Any) -> Response:
    """Run one write on the asker's cart, which must still be as they saw it when they say how that was."""
    cart = use_case(service, owner=owner_of(request), seen=state_in(request), now=timezone.now(), **values)
    return _answer(cart)


def _answer(cart: PricedCart, explanation: dict[str, Any] | None = None, *, status: int = 200) -> Response:
    body = cart_json(cart)
    if explanation is not None:
        body["explanation"] = explanation
    return Response(body, status=status, headers={"ETag": state_tag(cart.state)})


def _place_of(request: Request, address_id: UUID) -> dict[str, str]:
    address = None
    if request.user.is_authenticated:
        address = users.address_of(request.user.pk, address_id)
    if address is None:
        raise does_not_exist("shipping_address")
    return {"country": address.country, "region": address.region, "postal_code": address.postal_code}

"""Orders over HTTP. They are placed, followed and cancelled, never edited."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import get_language_from_request
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from cart import selectors as carts
from cart import services as cart
from orders import selectors, services
from orders.models import Order, OrderMove
from orders.selectors import Viewer
from orders.serializers import CancelBody, OrderFilters, PlaceOrderBody
from orders.services import Actor, Placing
from orders.shapes import shape
from orders.tokens import access_token
from shop.api.idempotency import Answer, Guard
from shop.api.paging import KeysetPagination, Ordering
from shop.api.permissions import may
from shop.core.errors import FieldError, ValidationFailed, does_not_exist
from shop.core.ids import new_token
from shop.core.transactions import use_case
from users import selectors as users

UUIDS = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class OrderViewSet(viewsets.ModelViewSet):
    """The orders of the customer who is signed in, or the one that a guest's token opens."""

    http_method_names = ["get", "post", "head", "options"]
    lookup_value_regex = UUIDS
    queryset = Order.objects.none()
    serializer_class = PlaceOrderBody
    pagination_class = KeysetPagination
    ordering = Ordering("placed_at", descending=True)
    idempotent_actions = ("create",)
    token_headers = ("X-Cart-Token", "X-Order-Token")

    def get_permissions(self) -> list[Any]:
        # A list belongs to somebody who is signed in; everything else may be a guest's, which the selector checks.
        return [IsAuthenticated()] if self.action == "list" else [AllowAny()]

    def get_object(self) -> Any:
        viewer = Viewer.of(self.request.user, self.request.headers.get("X-Order-Token", ""))
        return selectors.order_for(UUID(self.kwargs["pk"]), viewer=viewer)

    @extend_schema(parameters=[OrderFilters])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        orders = selectors.orders_of(request.user.pk).filter(**OrderFilters.read(request.query_params))
        return self.get_paginated_response([shape(order) for order in self.paginate_queryset(orders)])

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(shape(self.get_object()))

    def create(self, request: Request) -> Response:
        owner = _cart_owner(request)
        guard = Guard(request, principal=owner.principal, secrets={"access_token": _restored_token})
        return guard.once(partial(self._place, request, owner))

    def _place(self, request: Request, owner: carts.CartOwner, now: datetime) -> Answer:
        body = PlaceOrderBody(data=request.data)
        body.is_valid(raise_exception=True)
        placed = services.place_order(owner=owner, placing=_placing(request, body.validated_data), now=now)
        answer = selectors.order_json(placed.pk)
        if placed.user_id is None:
            answer["access_token"] = access_token(placed.pk, placed.token_version)
        return Answer(201, answer, {"Location": f"{request.path}{placed.pk}/"})

    @action(detail=True, methods=["get"])
    def track(self, request: Request, pk: str) -> Response:
        return Response(selectors.track_json(self.get_object()))

    @extend_schema(request=CancelBody)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        body = CancelBody(data=request.data)
        body.is_valid(raise_exception=True)
        order = self.get_object()
        actor = _actor(request, order, body.validated_data.get("reason", ""))
        use_case(services.cancel_order, order_id=order.pk, actor=actor, now=timezone.now())
        return Response(shape(self.get_object()))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def reorder(self, request: Request, pk: str) -> Response:
        order: Any = self.get_object()
        owner, token = _cart_owner(request), None
        if not carts.is_alive(owner):
            token = new_token()
            owner = carts.CartOwner.of(user_id=None, token=token)
        filled = use_case(
            cart.add_quantities,
            shopper=carts.Shopper(owner=owner, currency=order.currency, language=order.language),
            quantities={line["variant_id"]: line["quantity"] for line in order.line_rows},
            now=timezone.now(),
        )
        return Response(carts.cart_json(filled), headers={"X-Cart-Token": token} if token else None)


def _cart_owner(request: Request) -> carts.CartOwner:
    user_id = request.user.pk if request.user.is_authenticated else None
    return carts.CartOwner.of(user_id=user_id, token=request.headers.get("X-Cart-Token", ""))


def _restored_token(body: dict[str, Any]) -> str:
    # A claimed order has a higher version, but a replay answers what the first answer was.
    return access_token(UUID(body["id"]), 1)


def _actor(request: Request, order: Order, reason: str) -> Actor:
    user_id = request.user.pk if request.user.is_authenticated else None
    if user_id is not None and user_id != order.user_id and may(request.user, "orders.change_order"):
        return Actor(kind=OrderMove.Actor.STAFF, id=user_id, cause=reason)
    kind = OrderMove.Actor.GUEST if order.user_id is None else OrderMove.Actor.CUSTOMER
    return Actor(kind=kind, id=order.user_id, cause=reason)


def _placing(request: Request, values: dict[str, Any]) -> Placing:
    signed_in = request.user.is_authenticated
    email = values.get("email") or (request.user.email if signed_in else "")
    if not email:
        raise ValidationFailed(FieldError("email", "required", "A guest's order needs an e-mail address."))
    return Placing(
        email=email,
        language=request.user.language if signed_in else get_language_from_request(request),
        expected_total=values["expected_total"],
        shipping_address=_address(request, values, "shipping_address"),
        billing_address=_address(request, values, "billing_address"),
        shipping_method=values.get("shipping_method", ""),
        note=values.get("note", ""),
    )


def _address(request: Request, values: dict[str, Any], name: str) -> users.PostalAddress | None:
    """Return the address that a body names; an id must be one of the customer's own."""
    given = values.get(name)
    if given is None:
        return None
    if isinstance(given, dict):
        return users.PostalAddress(**given)
    found = users.address_of(request.user.pk, given) if request.user.is_authenticated else None
    if found is None:
        raise does_not_exist(name)
    return found

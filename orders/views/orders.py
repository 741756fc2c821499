"""Orders over HTTP. They are placed, followed and cancelled, never edited."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from cart import selectors as carts
from cart import services as cart
from orders import schemas, selectors, services
from orders.bodies import addresses_in, agreed_in
from orders.models import Order, OrderMove
from orders.selectors import Viewer
from orders.serializers import CancelBody, OrderFilters, PlaceOrderBody
from orders.serializers_goods import quantities_in
from orders.services import Actor, Placing
from orders.shapes import shape
from orders.tokens import access_token
from orders.views.goods_actions import GoodsActions
from orders.views.guest_actions import GuestActions
from orders.views.of_order import UUIDS
from shop.api.caching import state_tag, tagged
from shop.api.idempotency import Answer, Guard
from shop.api.paging import KeysetPagination, Ordering
from shop.api.permissions import StaffWith, may
from shop.core.errors import FieldError, PermissionDenied, ValidationFailed
from shop.core.failpoints import failpoint
from shop.core.ids import new_token
from shop.core.transactions import use_case


class OrderViewSet(GoodsActions, GuestActions, viewsets.ModelViewSet):
    """The orders of the customer who is signed in, or the one that a guest's token opens."""

    http_method_names = ["get", "post", "head", "options"]
    lookup_value_regex = UUIDS
    queryset = Order.objects.none()
    serializer_class = PlaceOrderBody
    pagination_class = KeysetPagination
    ordering = Ordering("placed_at", descending=True)
    idempotent_actions = ("create",)
    token_headers = ("X-Cart-Token", "X-Order-Token")
    staff_permissions: ClassVar[dict[str, str]] = {"deliver": "orders.change_order"}

    def get_permissions(self) -> list[Any]:
        # A list belongs to somebody who is signed in; everything else may be a guest's, which the selector checks.
        if self.action in self.staff_permissions:
            return [StaffWith()]
        return [IsAuthenticated()] if self.action in ("list", "claim") else [AllowAny()]

    @property
    def viewer(self) -> Viewer:
        return Viewer.of(self.request.user, self.request.headers.get("X-Order-Token", ""))

    def get_object(self) -> Any:
        return selectors.order_for(UUID(self.kwargs["pk"]), viewer=self.viewer)

    @extend_schema(parameters=[OrderFilters], responses=schemas.OrderSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        filters = OrderFilters.read(request.query_params)
        orders = selectors.orders_of(_account(request).pk).filter(**filters)
        return self.get_paginated_response([shape(order) for order in self.paginate_queryset(orders) or ()])

    @extend_schema(responses=schemas.OrderSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        return tagged(request, shape(self.get_object()))

    @extend_schema(responses={201: schemas.PlacedOrderSerializer})
    def create(self, request: Request) -> Response:
        owner = _cart_owner(request)
        guard = Guard(request, principal=owner.principal, secrets={"access_token": _restored_token})
        failpoint("checkout.before_claim")
        return guard.once(partial(self._place, request, owner))

    def _place(self, request: Request, owner: carts.CartOwner, now: datetime) -> Answer:
        body = PlaceOrderBody(data=request.data)
        body.is_valid(raise_exception=True)
        placed = services.place_order(owner=owner, placing=_placing(request, body.validated_data), now=now)
        answer = shape(placed)
        if placed.user_id is None:
            answer["access_token"] = access_token(placed.pk, placed.token_version)
        return Answer(201, answer, {"Location": f"{request.path}{placed.pk}/"})

    @extend_schema(responses=schemas.TrackSerializer)
    @action(detail=True, methods=["get"])
    def track(self, request: Request, pk: str) -> Response:
        return tagged(request, selectors.track_json(self.get_object()))

    @extend_schema(request=CancelBody, responses=schemas.OrderSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        body = CancelBody(data=request.data)
        body.is_valid(raise_exception=True)
        order = self.get_object()
        quantities = quantities_in(body.validated_data.get("lines"))
        reason = body.validated_data.get("reason", "")
        if quantities is None:
            actor = self._actor(order, reason)
            use_case(services.cancel_order, order_id=order.pk, actor=actor, now=timezone.now())
        else:
            actor = self.staff(reason)
            use_case(
                services.cancel_lines,
                order_id=order.pk,
                quantities=quantities,
                actor=actor,
                now=timezone.now(),
            )
        return Response(shape(self.get_object()))

    @extend_schema(request=None, responses=schemas.CART)
    @action(detail=True, methods=["post"])
    def reorder(self, request: Request, pk: str) -> Response:
        order: Any = self.get_object()
        if not selectors.owns(order, viewer=self.viewer):
            # A cart is filled from one's own orders; who may place one for somebody gets what that takes.
            if not may(request.user, "orders.add_order"):
                raise PermissionDenied
            return Response(selectors.staff_reorder(order, now=timezone.now()))
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
        headers = {"ETag": state_tag(filled.state)}
        if token is not None:
            headers["X-Cart-Token"] = token
        return Response(carts.cart_json(filled), headers=headers)

    def _actor(self, order: Order, reason: str) -> Actor:
        """Return who does it: the order's own shopper, or else staff who may change orders."""
        if selectors.owns(order, viewer=self.viewer):
            kind = OrderMove.Actor.GUEST if order.user_id is None else OrderMove.Actor.CUSTOMER
            return Actor(kind=kind, id=order.user_id, cause=reason)
        if not may(self.request.user, "orders.change_order"):
            raise PermissionDenied
        return Actor(kind=OrderMove.Actor.STAFF, id=self.request.user.pk, cause=reason)


def _account(request: Request) -> Any:
    """Return the account that is signed in, or None for a guest."""
    return request.user if request.user.is_authenticated else None


def _cart_owner(request: Request) -> carts.CartOwner:
    account = _account(request)
    token = request.headers.get("X-Cart-Token", "")
    return carts.CartOwner.of(user_id=account.pk if account else None, token=token)


def _restored_token(body: dict[str, Any]) -> str:
    # A claimed order has a higher version, but a replay answers what the first answer was.
    return access_token(UUID(body["id"]), 1)


def _placing(request: Request, values: dict[str, Any]) -> Placing:
    account = _account(request)
    email = values.get("email") or (account.email if account else "")
    if not email:
        raise ValidationFailed(FieldError("email", "required", "A guest's order needs an e-mail address."))
    shipping, billing = addresses_in(values, of=account.pk if account else None)
    return Placing(
        email=email,
        language=account.language if account else "",
        expected_total=values["expected_total"],
        shipping_address=shipping,
        billing_address=billing,
        shipping_method=values.get("shipping_method", ""),
        note=values.get("note", ""),
        **agreed_in(values),
    )

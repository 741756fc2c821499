"""All orders for staff, over HTTP: listed, and placed for somebody."""

from __future__ import annotations

from datetime import datetime
from functools import cache, partial
from typing import Any, ClassVar
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from cart import selectors as carts
from orders import schemas, selectors, services
from orders.bodies import staff_order_in
from orders.models import Order, OrderMove
from orders.schemas_staff import StaffOrderSerializer
from orders.selectors.staff import orders_for_staff
from orders.serializers_lists import StaffOrderFilters
from orders.serializers_staff import StaffOrderBody, StaffOrderQuery
from orders.services import Actor, StaffOrder
from orders.shapes import shape
from orders.shapes_staff import slim
from shop.api.idempotency import Answer, Guard
from shop.api.paging import KeysetPagination, Ordering
from shop.api.permissions import StaffWith
from shop.core.transactions import use_case

# An answer that is kept for a repeated request is kept under the name of staff, where no erasure looks for it.
_PERSONAL = ("email", "note", "vat_id", "shipping_address", "billing_address")


class StaffOrderViewSet(viewsets.GenericViewSet[Order]):
    """All orders, newest first, and those that staff place for customers and guests."""

    queryset = Order.objects.none()
    serializer_class = StaffOrderBody
    permission_classes = [StaffWith]
    staff_permissions: ClassVar[dict[str, str]] = {"list": "orders.view_order", "create": "orders.add_order"}
    idempotent_actions = ("create",)
    pagination_class = KeysetPagination
    ordering = Ordering("placed_at", descending=True)

    @extend_schema(parameters=[StaffOrderFilters], responses=StaffOrderSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        orders = orders_for_staff(StaffOrderFilters.read(request.query_params))
        return self.get_paginated_response([slim(order) for order in self.paginate_queryset(orders) or ()])

    @extend_schema(
        parameters=[StaffOrderQuery], responses={201: schemas.OrderSerializer, 200: schemas.PREVIEW}
    )
    def create(self, request: Request) -> Response:
        """
        Place an order for somebody.

        With dry_run=1 nothing is written, no key is needed, and the answer is the cart that it would be placed from.
        """
        if StaffOrderQuery.read(request.query_params)["dry_run"]:
            priced = use_case(services.preview_staff_order, wanted=_wanted(request), now=timezone.now())
            return Response(
                {
                    **carts.cart_json(priced),
                    "id": None,
                    "shipping_methods": carts.methods_json(priced.options, priced.currency),
                }
            )
        guard = Guard(request, principal=f"user:{request.user.pk}", secrets=_read_again())
        return guard.once(partial(self._place, request))

    def _place(self, request: Request, now: datetime) -> Answer:
        actor = Actor(kind=OrderMove.Actor.STAFF, id=request.user.pk)
        placed = services.place_staff_order(wanted=_wanted(request), actor=actor, now=now)
        return Answer(201, shape(placed), {"Location": reverse("order-detail", args=[placed.pk])})


def _read_again() -> dict[str, Any]:
    """Return what reads the personal part of a stored answer from its order, once for all of it."""
    read = cache(selectors.order_json)

    def part(name: str, stored: dict[str, Any]) -> Any:
        return read(UUID(stored["id"]))[name]

    return {name: partial(part, name) for name in _PERSONAL}


def _wanted(request: Request) -> StaffOrder:
    body = StaffOrderBody(data=request.data)
    body.is_valid(raise_exception=True)
    return staff_order_in(body.validated_data)

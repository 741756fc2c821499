"""Returns over HTTP: the order's owner asks, staff move them on."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from orders import schemas, selectors, services
from orders.models import OrderMove, Return
from orders.selectors.returns import return_json, return_of, returns_of
from orders.serializers_returns import ReturnBody, ReturnStepBody
from orders.services import Actor
from orders.views.of_order import UUIDS, OfOrder
from shop.api.paging import KeysetPagination, Ordering
from shop.api.permissions import StaffWith, may
from shop.core.errors import FieldError, PermissionDenied, ValidationFailed
from shop.core.money import from_text
from shop.core.transactions import use_case


class ReturnViewSet(OfOrder, viewsets.ModelViewSet):
    """What comes back of an order."""

    http_method_names = ["get", "post", "patch", "head", "options"]
    staff_permissions: ClassVar[dict[str, str]] = {"partial_update": "orders.change_order"}
    lookup_value_regex = UUIDS
    queryset = Return.objects.none()
    serializer_class = ReturnBody
    pagination_class = KeysetPagination
    ordering = Ordering("requested_at")

    def get_permissions(self) -> list[Any]:
        # Whose order it is, the selector checks.
        return [StaffWith()] if self.action in self.staff_permissions else [AllowAny()]

    @extend_schema(responses=schemas.ReturnSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.paginate_queryset(returns_of(self.order.pk)) or ()
        return self.get_paginated_response([return_json(back) for back in rows])

    @extend_schema(responses=schemas.ReturnSerializer)
    def retrieve(self, request: Request, order_id: str, pk: str) -> Response:
        return Response(return_json(return_of(self.order.pk, UUID(pk))))

    @extend_schema(responses={201: schemas.ReturnSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        order, actor = self.order, self._shopper_or_staff()
        body = ReturnBody(data=request.data)
        body.is_valid(raise_exception=True)
        pk = use_case(
            services.request_return,
            order_id=order.pk,
            wanted=body.validated_data["lines"],
            actor=actor,
            now=timezone.now(),
        )
        answer = return_json(return_of(order.pk, pk))
        return Response(answer, status=201, headers={"Location": f"{request.path}{pk}/"})

    @extend_schema(request=ReturnStepBody, responses=schemas.ReturnSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        body = ReturnStepBody(data=request.data)
        body.is_valid(raise_exception=True)
        pk = return_of(self.order.pk, UUID(kwargs["pk"])).pk
        said = body.validated_data
        common = {
            "return_id": pk,
            "message": said.get("message", ""),
            "actor": self.staff(),
            "now": timezone.now(),
        }
        if said["status"] == Return.Status.RECEIVED:
            use_case(services.receive_return, received=said.get("lines"), **common)
        elif said["status"] == Return.Status.REFUNDED:
            use_case(services.refund_return, amount=self._amount(said.get("amount")), **common)
        else:
            use_case(services.decide_return, approve=said["status"] == Return.Status.APPROVED, **common)
        return Response(return_json(return_of(self.order.pk, pk)))

    def _shopper_or_staff(self) -> Actor:
        if selectors.owns(self.order, viewer=self.viewer):
            kind = OrderMove.Actor.GUEST if self.order.user_id is None else OrderMove.Actor.CUSTOMER
            return Actor(kind=kind, id=self.order.user_id)
        if not may(self.request.user, "orders.change_order"):
            raise PermissionDenied
        return self.staff()

    def _amount(self, text: str | None) -> int | None:
        if text is None:
            return None
        try:
            return from_text(text, self.order.currency)
        except ValueError as error:
            raise ValidationFailed(FieldError("amount", "invalid", str(error))) from None

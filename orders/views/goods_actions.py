"""What staff do with the goods of an order, as actions of the order."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from orders import schemas, services
from orders.models import OrderMove
from orders.serializers_goods import DeliverBody
from orders.services import Actor
from orders.shapes import shape
from shop.api.permissions import may
from shop.core.errors import PermissionDenied
from shop.core.transactions import use_case


class GoodsActions:
    """A part of ``OrderViewSet``."""

    request: Any
    get_object: Any

    def staff(self, cause: str) -> Actor:
        """
        Return the member of staff who acts.

        :raises PermissionDenied: whoever asks isn't one who may change orders.
        """
        if not may(self.request.user, "orders.change_order"):
            raise PermissionDenied
        return Actor(kind=OrderMove.Actor.STAFF, id=self.request.user.pk, cause=cause)

    @extend_schema(request=DeliverBody, responses={200: schemas.OrderSerializer})
    @action(detail=True, methods=["post"])
    def deliver(self, request: Request, pk: str) -> Response:
        actor, order = self.staff("delivered"), self.get_object()
        body = DeliverBody(data=request.data)
        body.is_valid(raise_exception=True)
        shipment: UUID | None = body.validated_data.get("shipment")
        use_case(services.deliver, order_id=order.pk, shipment_id=shipment, actor=actor, now=timezone.now())
        return Response(shape(self.get_object()))

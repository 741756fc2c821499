"""The parcels of an order over HTTP: staff send them, its owner reads them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from orders import schemas, selectors, services
from orders.models import Shipment
from orders.serializers_goods import ParcelBody, quantities_in
from orders.services import Parcel
from orders.shapes import shape, shipments_json
from orders.views.of_order import OfOrder
from shop.api.permissions import StaffWith
from shop.core.transactions import use_case


class FulfilmentViewSet(
    OfOrder, mixins.ListModelMixin, mixins.CreateModelMixin, viewsets.GenericViewSet[Shipment]
):
    """The parcels of an order."""

    staff_permissions: ClassVar[dict[str, str]] = {"create": "orders.change_order"}
    queryset = Shipment.objects.none()
    serializer_class = ParcelBody
    pagination_class = None

    def get_permissions(self) -> list[Any]:
        # Whose order it is, the selector checks.
        return [AllowAny()] if self.action == "list" else [StaffWith()]

    @extend_schema(responses=schemas.ShipmentSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        parcels = shipments_json(self.order)
        return Response({"count": len(parcels), "next": None, "previous": None, "results": parcels})

    @extend_schema(responses={200: schemas.OrderSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        actor = self.staff("sent")
        body = ParcelBody(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        parcel = Parcel(
            carrier=said["carrier"],
            tracking_number=said["tracking_number"],
            quantities=quantities_in(said.get("lines")),
        )
        use_case(services.ship, order_id=self.order.pk, parcel=parcel, actor=actor, now=timezone.now())
        return Response(shape(selectors.order_for(self.order.pk, viewer=self.viewer)))

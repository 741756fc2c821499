"""The parcels of an order over HTTP: staff send them, its owner reads them."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from orders import schemas, selectors, services
from orders.models import Shipment
from orders.packing_slip import packing_slip_pdf
from orders.selectors.slips import slip_of
from orders.serializers_goods import ParcelBody, quantities_in
from orders.services import Parcel
from orders.shapes import shape, shipments_json
from orders.views.of_order import UUIDS, OfOrder
from shop.api.permissions import StaffWith
from shop.api.renderers import JSONRenderer
from shop.core.transactions import use_case


class PDFRenderer(JSONRenderer):
    """Bytes of a PDF as they are; what refuses it is JSON all the same."""

    media_type = "application/pdf"
    format = "pdf"


class FulfilmentViewSet(
    OfOrder, mixins.ListModelMixin, mixins.CreateModelMixin, viewsets.GenericViewSet[Shipment]
):
    """The parcels of an order."""

    staff_permissions: ClassVar[dict[str, str]] = {
        "create": "orders.change_order",
        "packing_slip": "orders.view_order",
    }
    lookup_value_regex = UUIDS
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

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], renderer_classes=[PDFRenderer, JSONRenderer])
    def packing_slip(self, request: Request, pk: str, **kwargs: Any) -> Response:
        slip = slip_of(self.order, UUID(pk))
        name = {"Content-Disposition": f'inline; filename="{slip.number}-{slip.position}.pdf"'}
        return Response(packing_slip_pdf(slip), headers=name)

"""All orders as a file, for staff."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request

from orders import services
from orders.exports import orders_file
from orders.models import Order
from orders.schemas_staff import StaffOrderSerializer
from orders.selectors.staff import orders_for_staff
from orders.serializers_lists import ExportFilters
from shop.api.permissions import StaffWith
from shop.api.renderers import JSONRenderer
from shop.core.transactions import use_case


class CSVRenderer(JSONRenderer):
    """A file that is written as it is sent; what refuses it is JSON all the same."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"  # type: ignore[assignment]


class OrderExportViewSet(viewsets.GenericViewSet[Order]):
    """The orders of the staff's list as a file, a row for each line."""

    staff_permissions: ClassVar[dict[str, str]] = {"list": "orders.view_order"}
    permission_classes = [StaffWith]
    renderer_classes = [CSVRenderer, JSONRenderer]
    queryset = Order.objects.none()
    serializer_class = StaffOrderSerializer
    pagination_class = None

    @extend_schema(parameters=[ExportFilters], responses={(200, "text/csv"): OpenApiTypes.STR})
    def list(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        filters, now = ExportFilters.read(request.query_params), timezone.now()
        use_case(
            services.record_export, actor_id=request.user.pk, narrowed_by=request.query_params.keys(), now=now
        )
        return orders_file(orders_for_staff(filters), now=now)

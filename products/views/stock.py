"""The stock of a product over HTTP, for staff."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors, services
from products.answers import movement_json
from products.schemas import Adjusted, Movement
from products.serializers import StockBody
from shop.api.paging import Ordering
from shop.api.permissions import StaffWith
from shop.api.serializers import QuerySerializer
from shop.core.transactions import use_case


class StockViewSet(viewsets.GenericViewSet[Any]):
    """The ledger of what moved, newest first, and the way to correct what is on hand."""

    permission_classes = [StaffWith]
    staff_permissions = {"list": "products.view_stockitem", "create": "products.change_stockitem"}
    ordering = Ordering("pk", descending=True)
    serializer_class = Movement

    @extend_schema(responses=Movement(many=True))
    def list(self, request: Request, ref: str) -> Response:
        QuerySerializer.read(request.query_params)
        page = self.paginate_queryset(selectors.movements_of(selectors.product_id_of(ref)))
        return self.get_paginated_response([movement_json(movement) for movement in page or ()])

    @extend_schema(request=StockBody, responses={201: Adjusted})
    def create(self, request: Request, ref: str) -> Response:
        body = StockBody(data=request.data)
        body.is_valid(raise_exception=True)
        variant = selectors.variant_of(selectors.product_id_of(ref), body.validated_data.get("variant"))
        item = use_case(
            services.adjust_stock,
            variant_id=variant.pk,
            delta=body.validated_data["delta"],
            reason=body.validated_data["reason"],
            actor_id=request.user.pk,
            now=timezone.now(),
        )
        answer = {
            "variant": variant.pk,
            "sku": variant.sku,
            "on_hand": item.on_hand,
            "reserved": item.reserved,
        }
        return Response(answer, status=201)

"""What guests do with their orders beyond reading them: find the link again, and hand an order to an account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from orders import schemas, services
from orders.serializers import ClaimBody, LookupBody
from orders.shapes import shape
from shop.api.limits import Limit, client_address, spend
from shop.core.transactions import use_case

_HOUR = 3600
_LOOKUP_CLIENT = Limit("order_lookup.client", 5, _HOUR)
_LOOKUP_ADDRESS = Limit("order_lookup.address", 5, _HOUR)
_CLAIM_USER = Limit("order_claim.user", 20, _HOUR)


class GuestActions:
    """A part of ``OrderViewSet``."""

    request: Any
    get_object: Any

    @extend_schema(request=LookupBody, responses={202: None})
    @action(detail=False, methods=["post"])
    def lookup(self, request: Request) -> Response:
        spend(_LOOKUP_CLIENT, client_address(request))
        body = LookupBody(data=request.data)
        body.is_valid(raise_exception=True)
        spend(_LOOKUP_ADDRESS, body.validated_data["email"].lower())
        use_case(services.request_order_link, **body.validated_data, now=timezone.now())
        # Whether there is such an order is nobody's to learn here.
        return Response(status=202)

    @extend_schema(request=ClaimBody, responses={200: schemas.OrderSerializer})
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, pk: str) -> Response:
        spend(_CLAIM_USER, str(request.user.pk))
        body = ClaimBody(data=request.data)
        body.is_valid(raise_exception=True)
        use_case(
            services.claim_order,
            order_id=UUID(pk),
            user_id=self.request.user.pk,
            token=body.validated_data["access_token"],
            now=timezone.now(),
        )
        return Response(shape(self.get_object()))

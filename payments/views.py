"""Payments over HTTP. They are started and looked at; only Stripe moves them."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import selectors as orders
from payments import selectors, services
from payments.models import Payment
from payments.schemas import PaymentAnswer, StartedPaymentAnswer, WebhookAnswer
from payments.serializers import PaymentFilters, StartPaymentBody
from payments.shapes import payment_json, started_json
from payments.viewing import viewer_of
from shop.api.idempotency import Answer, Guard
from shop.api.limits import Limit, client_address, spend
from shop.api.paging import KeysetPagination, Ordering
from shop.api.parsers import BodyTooLarge
from shop.core.errors import NotFound, does_not_exist

# Trying stolen cards needs a payment each few tries; a household doesn't start ten an hour.
_STARTS = Limit("payments.start", times=10, seconds=3600, fail_closed=False)

_STARTS_OF_AN_ORDER = Limit("payments.start_order", times=5, seconds=3600, fail_closed=False)


class PaymentViewSet(viewsets.GenericViewSet):
    """The payments of the customer who is signed in, or of the order that a guest's token opens."""

    queryset = Payment.objects.none()
    serializer_class = StartPaymentBody
    pagination_class = KeysetPagination
    ordering = Ordering("created_at", descending=True)
    idempotent_actions = ("create",)
    token_headers = ("X-Order-Token",)

    def get_permissions(self) -> list[Any]:
        # A list belongs to somebody who is signed in; a payment to whoever may see its order.
        return [IsAuthenticated()] if self.action == "list" else [AllowAny()]

    @extend_schema(responses=PaymentAnswer(many=True))
    def list(self, request: Request) -> Response:
        PaymentFilters.read(request.query_params)
        page: Any = self.paginate_queryset(selectors.payments_of(request.user.pk))  # type: ignore[arg-type]
        return self.get_paginated_response([payment_json(payment) for payment in page])

    @extend_schema(responses=PaymentAnswer)
    def retrieve(self, request: Request, payment: UUID) -> Response:
        found = selectors.payment_for(payment, viewer=viewer_of(request))
        services.refresh_payment(payment_id=found.pk, now=timezone.now())
        return Response(payment_json(selectors.payment_by_id(found.pk)))

    @extend_schema(request=StartPaymentBody, responses={201: StartedPaymentAnswer})
    def create(self, request: Request) -> Response:
        body = StartPaymentBody(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            order = orders.order_for(body.validated_data["order"], viewer=viewer_of(request))
        except NotFound:
            raise does_not_exist("order") from None
        guard = Guard(
            request,
            principal=f"user:{order.user_id}" if order.user_id else f"order:{order.pk}",
            secrets={"client_secret": lambda answer: services.client_secret_of(UUID(answer["id"]))},
        )
        return guard.around(partial(self._start, request, order.pk, body.validated_data["mode"]))

    def _start(self, request: Request, order_id: UUID, mode: str, now: datetime) -> Answer:
        spend(_STARTS, client_address(request))
        spend(_STARTS_OF_AN_ORDER, str(order_id))
        started = services.start_payment(order_id=order_id, mode=mode, now=now)
        answer = payment_json(selectors.payment_by_id(started.payment_id))
        answer |= started_json(started)
        return Answer(201, answer, {"Location": f"{request.path}{started.payment_id}/"})


class StripeWebhookView(APIView):
    """Where Stripe tells what has happened. The signature is the only thing that is believed."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    # Nothing reads the body before its signature holds.
    parser_classes: list[Any] = []

    @extend_schema(request=OpenApiTypes.OBJECT, responses=WebhookAnswer)
    def post(self, request: Request) -> Response:
        try:
            raw = request._request.body
        except RequestDataTooBig:
            raise BodyTooLarge from None
        services.record_webhook(
            raw=raw, signature=request.headers.get("Stripe-Signature", ""), now=timezone.now()
        )
        return Response({"received": True})

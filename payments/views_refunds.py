"""Refunds over HTTP: staff ask for them and see how far they are."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from orders.services import Actor
from payments import selectors, services
from payments.models import Payment, Refund
from payments.schemas import RefundAnswer
from payments.serializers_refunds import RefundBody, RefundFilters
from payments.services import WantedRefund
from payments.shapes import refund_json
from shop.api.idempotency import Answer, Guard
from shop.api.paging import KeysetPagination, Ordering
from shop.api.permissions import StaffWith
from shop.core.errors import FieldError, ValidationFailed
from shop.core.money import price_from_text


class RefundViewSet(viewsets.GenericViewSet[Refund]):
    """The refunds of one payment."""

    staff_permissions: ClassVar[dict[str, str]] = {
        "list": "payments.view_refund",
        "create": "payments.add_refund",
    }
    permission_classes = [StaffWith]
    queryset = Refund.objects.none()
    serializer_class = RefundBody
    pagination_class = KeysetPagination
    ordering = Ordering("created_at", descending=True)
    idempotent_actions = ("create",)

    @extend_schema(responses=RefundAnswer(many=True))
    def list(self, request: Request, payment: UUID) -> Response:
        RefundFilters.read(request.query_params)
        rows: Any = self.paginate_queryset(selectors.refunds_of(selectors.payment_by_id(payment).pk))
        return self.get_paginated_response([refund_json(refund) for refund in rows])

    @extend_schema(request=RefundBody, responses={201: RefundAnswer})
    def create(self, request: Request, payment: UUID) -> Response:
        guard = Guard(request, principal=f"user:{request.user.pk}")
        found = selectors.payment_by_id(payment)
        body = RefundBody(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = _wanted(body.validated_data, found)
        return guard.once(partial(self._refund, request, found.pk, wanted))

    def _refund(self, request: Request, payment_id: UUID, wanted: WantedRefund, now: datetime) -> Answer:
        actor = Actor.staff(request.user.pk, cause=wanted.note)
        refund_id = services.refund_payment(payment_id=payment_id, wanted=wanted, actor=actor, now=now)
        return Answer(201, refund_json(selectors.refund_by_id(refund_id)))


def _wanted(said: dict[str, Any], payment: Payment) -> WantedRefund:
    return WantedRefund(
        amount=_amount(said.get("amount"), payment.currency),
        quantities=said.get("lines"),
        restock=said["restock"],
        note=said.get("reason", ""),
    )


def _amount(text: str | None, currency: str) -> int | None:
    if text is None:
        return None
    try:
        minor = price_from_text(text, currency)
    except ValueError as error:
        raise ValidationFailed(FieldError("amount", "invalid", str(error))) from None
    if not minor:
        raise ValidationFailed(FieldError("amount", "min_value", "Refund more than nothing."))
    return minor

"""Notes on an order over HTTP: staff write them, its owner reads those that are for them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from orders import schemas, services
from orders.models import OrderNote
from orders.selectors.notes import all_notes, note_json, visible_notes
from orders.serializers_staff import NoteBody
from orders.views.of_order import OfOrder
from shop.api.paging import KeysetPagination, Ordering
from shop.api.permissions import StaffWith
from shop.core.transactions import use_case


class NoteViewSet(OfOrder, viewsets.GenericViewSet[OrderNote]):
    """The notes on an order."""

    staff_permissions: ClassVar[dict[str, str]] = {"create": "orders.change_order"}
    queryset = OrderNote.objects.none()
    serializer_class = NoteBody
    pagination_class = KeysetPagination
    ordering = Ordering("at")

    def get_permissions(self) -> list[Any]:
        # Whose order it is, the selector checks.
        return [StaffWith()] if self.action in self.staff_permissions else [AllowAny()]

    @extend_schema(responses=schemas.NoteSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        order, staff = self.order, self.viewer.is_staff
        notes = self.paginate_queryset(all_notes(order.pk) if staff else visible_notes(order.pk))
        return self.get_paginated_response([note_json(note, for_staff=staff) for note in notes or ()])

    @extend_schema(responses={201: schemas.NoteSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        order = self.order
        body = NoteBody(data=request.data)
        body.is_valid(raise_exception=True)
        note = use_case(
            services.add_note,
            order_id=order.pk,
            author_id=self.request.user.pk,
            now=timezone.now(),
            **body.validated_data,
        )
        return Response(note_json(note, for_staff=True), status=201)

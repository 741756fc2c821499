"""The timeline of an order over HTTP, and messages sent again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from notifications import services
from notifications.models import EmailMessage
from notifications.schemas import EntrySerializer, TimelineSerializer
from notifications.selectors import message_about
from notifications.timeline import message_json, timeline_of
from orders import selectors as orders
from orders.selectors import Viewer
from shop.api.limits import Limit, spend
from shop.api.permissions import may
from shop.core.errors import NotFound, PermissionDenied
from shop.core.transactions import use_case

UUIDS = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_HOUR = 3600
_SHOPPER = Limit("timeline.resend", 3, _HOUR)
_STAFF = Limit("timeline.resend.staff", 20, _HOUR)


class TimelineViewSet(viewsets.GenericViewSet[EmailMessage]):
    """What happened to an order and was said about it, for its owner and for staff."""

    queryset = EmailMessage.objects.none()
    serializer_class = EntrySerializer
    permission_classes = [AllowAny]
    pagination_class = None
    lookup_value_regex = "[0-9a-z-]{1,50}"
    token_headers = ("X-Order-Token",)

    @property
    def order(self) -> Any:
        return orders.order_for(UUID(self.kwargs["order_id"]), viewer=self.viewer)

    @property
    def viewer(self) -> Viewer:
        return Viewer.of(self.request.user, self.request.headers.get("X-Order-Token", ""))

    @extend_schema(responses=TimelineSerializer)
    def list(self, request: Request, order_id: str) -> Response:
        entries = timeline_of(self.order)
        return Response({"count": len(entries), "next": None, "previous": None, "results": entries})

    @extend_schema(request=None, responses={202: EntrySerializer})
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, order_id: str, pk: str) -> Response:
        order = self.order
        staff = not orders.owns(order, viewer=self.viewer)
        if staff and not may(request.user, "orders.change_order"):
            raise PermissionDenied
        message = message_about(order.pk, _id(pk))
        spend(_STAFF if staff else _SHOPPER, str(order.pk))
        again = use_case(services.resend, message_id=message.pk, actor_id=request.user.pk, now=timezone.now())
        return Response(message_json(message_about(order.pk, again)), status=202)


def _id(entry: str) -> UUID:
    """Return the id of a message; a step has none, and can't be sent again."""
    try:
        return UUID(entry)
    except ValueError:
        raise NotFound from None

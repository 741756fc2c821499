"""Groups of customers, for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.response import Response

from shop.api.paging import Ordering
from shop.core.transactions import use_case
from users import selectors, services
from users import shapes_customers as shapes
from users.models import CustomerGroup
from users.permissions import CustomerGroupsPermission, signed_in
from users.views.auth import read

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

_RENAMED: dict[str, Any] = {
    "request": shapes.RenameGroupSerializer,
    "responses": {200: shapes.CustomerGroupSerializer},
}


@extend_schema_view(
    list=extend_schema(description="The groups by their codes."),
    create=extend_schema(
        request=shapes.CreateGroupSerializer, responses={201: shapes.CustomerGroupSerializer}
    ),
    update=extend_schema(**_RENAMED),
    partial_update=extend_schema(**_RENAMED),
    destroy=extend_schema(description="Delete a group that nobody is in."),
)
class CustomerGroupViewSet(viewsets.ModelViewSet[CustomerGroup]):
    """Customers who are treated alike; who is in a group is written on the account."""

    permission_classes = (CustomerGroupsPermission,)
    serializer_class = shapes.CustomerGroupSerializer
    lookup_field = "code"
    ordering = Ordering("code")
    queryset = CustomerGroup.objects.none()

    def get_queryset(self) -> QuerySet[CustomerGroup]:
        """Return every group with the number of its members."""
        return selectors.customer_groups()

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a group."""
        body = read(shapes.CreateGroupSerializer, request)
        group = use_case(
            services.create_customer_group, actor_id=signed_in(request).pk, now=timezone.now(), **body
        )
        headers = {"Location": f"{request.path}{group.code}/"}
        return Response(self._answer(group.code), status=201, headers=headers)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give a group another name."""
        body = shapes.RenameGroupSerializer(data=request.data, partial=kwargs.get("partial", False))
        body.is_valid(raise_exception=True)
        group = self.get_object()
        use_case(
            services.rename_customer_group,
            actor_id=signed_in(request).pk,
            code=group.code,
            name=body.validated_data.get("name", group.name),
            now=timezone.now(),
        )
        return Response(self._answer(group.code))

    def perform_destroy(self, instance: CustomerGroup) -> None:
        """Delete a group."""
        use_case(
            services.delete_customer_group,
            actor_id=signed_in(self.request).pk,
            code=instance.code,
            now=timezone.now(),
        )

    def _answer(self, code: str) -> Any:
        return shapes.CustomerGroupSerializer(self.get_queryset().get(code=code)).data

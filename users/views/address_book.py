"""The two halves of an address book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.response import Response

from shop.api.paging import Ordering
from shop.core.errors import NotFound
from shop.core.transactions import use_case
from users import selectors, services
from users import serializers as shapes
from users.models import Address
from users.permissions import AddressBookPermission, signed_in, subject_id

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

_OWNER = OpenApiParameter("user_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="An id, or me.")
_ENTRY = OpenApiParameter("address_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
_SAVED: dict[str, Any] = {
    "request": shapes.SaveAddressSerializer,
    "responses": {200: shapes.AddressSerializer},
}


@extend_schema_view(
    list=extend_schema(parameters=[_OWNER]),
    create=extend_schema(
        parameters=[_OWNER], request=shapes.SaveAddressSerializer, responses={201: shapes.AddressSerializer}
    ),
    retrieve=extend_schema(parameters=[_OWNER, _ENTRY]),
    update=extend_schema(parameters=[_OWNER, _ENTRY], **_SAVED),
    partial_update=extend_schema(parameters=[_OWNER, _ENTRY], **_SAVED),
    destroy=extend_schema(parameters=[_OWNER, _ENTRY]),
)
class AddressViewSet(viewsets.ModelViewSet[Address]):
    """One half of an address book; its entries are copied into orders, so changing one changes no order."""

    kind: Address.Kind
    permission_classes = (AddressBookPermission,)
    serializer_class = shapes.AddressSerializer
    lookup_url_kwarg = "address_id"
    ordering = Ordering("created_at", descending=True)
    queryset = Address.objects.none()

    def get_queryset(self) -> QuerySet[Address]:
        """Return the addresses of this kind in this book."""
        return selectors.addresses_of(self.owner_id(), self.kind)

    def owner_id(self) -> UUID:
        """
        Return whose book it is.

        :raises NotFound: staff ask for the book of an account that doesn't exist.
        """
        owner = subject_id(self.request, self.kwargs["user_id"])
        if owner != signed_in(self.request).pk and not selectors.account_exists(owner):
            raise NotFound
        return owner

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add an address."""
        address = self._save(request)
        headers = {"Location": f"{request.path}{address.pk}/"}
        return Response(shapes.AddressSerializer(address).data, status=201, headers=headers)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change an address: PUT all of it, PATCH what is sent."""
        address = self._save(request, address=self.get_object(), partial=kwargs.get("partial", False))
        return Response(shapes.AddressSerializer(address).data)

    def perform_destroy(self, instance: Address) -> None:
        """Remove an address."""
        use_case(
            services.delete_address,
            user_id=instance.user_id,
            kind=self.kind,
            address_id=instance.pk,
            editor=self._editor(),
        )

    def _save(self, request: Request, *, address: Address | None = None, partial: bool = False) -> Address:
        body = shapes.SaveAddressSerializer(data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        return use_case(
            services.save_address,
            user_id=address.user_id if address else self.owner_id(),
            kind=self.kind,
            values=body.validated_data,
            address_id=address.pk if address else None,
            editor=self._editor(),
        )

    def _editor(self) -> services.Editor:
        return services.Editor(id=signed_in(self.request).pk, now=timezone.now())


class ShippingAddressViewSet(AddressViewSet):
    """Where orders may go."""

    kind = Address.Kind.SHIPPING


class BillingAddressViewSet(AddressViewSet):
    """Where receipts may go."""

    kind = Address.Kind.BILLING

"""What somebody agrees to and takes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.response import Response

from shop.api.paging import Ordering
from shop.core.errors import NotFound
from users import selectors, services
from users import shapes_customers as shapes
from users.models import Consent
from users.permissions import ConsentsPermission, signed_in, subject_id
from users.views.auth import client_of, read

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

_OWNER = OpenApiParameter("user_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="An id, or me.")


@extend_schema_view(
    list=extend_schema(
        parameters=[_OWNER, shapes.ConsentQuery], description="Newest first; current=1 leaves what holds now."
    ),
    create=extend_schema(
        parameters=[_OWNER],
        request=shapes.RecordConsentSerializer,
        responses={200: shapes.ConsentSerializer, 201: shapes.ConsentSerializer},
        description="Say it oneself; saying the same of the same version again is 200 and adds nothing.",
    ),
)
class ConsentViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Consent]):
    """The record of one's own consents: added to, never changed."""

    permission_classes = (ConsentsPermission,)
    serializer_class = shapes.ConsentSerializer
    ordering = Ordering("id", descending=True)
    queryset = Consent.objects.none()

    def get_queryset(self) -> QuerySet[Consent]:
        """
        Return the consents of this account.

        :raises NotFound: staff ask for an account that doesn't exist.
        """
        owner = subject_id(self.request, self.kwargs["user_id"])
        if owner != signed_in(self.request).pk and not selectors.account_exists(owner):
            raise NotFound
        consents = selectors.consents_of(owner)
        query = shapes.ConsentQuery.read(self.request.query_params)
        return selectors.current_consents(consents) if query["current"] else consents

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Agree to something or take it back."""
        said = services.Said(**read(shapes.RecordConsentSerializer, request))
        consent, is_new = services.record_consent(
            user_id=signed_in(request).pk, said=said, client=client_of(request), now=timezone.now()
        )
        return Response(shapes.ConsentSerializer(consent).data, status=201 if is_new else 200)

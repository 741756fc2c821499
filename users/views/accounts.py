"""One's own account and devices, and everybody's for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.api.paging import Ordering
from shop.core.transactions import use_case
from users import selectors, services
from users import serializers as shapes
from users.models import Session, User
from users.permissions import AccountsPermission, signed_in, subject_id
from users.views.auth import read
from users.views.privacy import ErasureMixin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from shop.api.serializers import BodySerializer


class MeView(ErasureMixin, APIView):
    """One's own account."""

    @extend_schema(operation_id="users_me_retrieve", responses={200: shapes.UserSerializer})
    def get(self, request: Request) -> Response:
        """Return one's own account."""
        return Response(shapes.UserSerializer(signed_in(request)).data)

    @extend_schema(
        operation_id="users_me_update",
        request=shapes.ProfileSerializer,
        responses={200: shapes.UserSerializer},
    )
    def patch(self, request: Request) -> Response:
        """Change one's own names and language."""
        changes = read(shapes.ProfileSerializer, request)
        user = use_case(services.update_profile, user_id=signed_in(request).pk, changes=changes)
        return Response(shapes.UserSerializer(user).data)


@extend_schema_view(
    list=extend_schema(operation_id="users_me_sessions_list", description="Where one is signed in."),
    retrieve=extend_schema(operation_id="users_me_sessions_retrieve", description="One of these devices."),
    destroy=extend_schema(operation_id="users_me_sessions_destroy", description="Sign a device out."),
)
class SessionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Session]):
    """Where one is signed in."""

    serializer_class = shapes.SessionSerializer
    ordering = Ordering("created_at", descending=True)
    queryset = Session.objects.none()

    def get_queryset(self) -> QuerySet[Session]:
        """Return one's own living sessions."""
        return selectors.living_sessions_of(signed_in(self.request).pk, now=timezone.now())

    def destroy(self, request: Request, pk: str) -> Response:
        """Sign a device out."""
        session = self.get_object()
        use_case(
            services.end_session, user_id=signed_in(request).pk, session_id=session.pk, now=timezone.now()
        )
        return Response(status=204)


@extend_schema_view(
    list=extend_schema(
        parameters=[shapes.AccountQuery], description="Search by address and name, and by group."
    ),
    retrieve=extend_schema(description="One account."),
)
class UserViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[User]):
    """Everybody's accounts for staff; one's own under its id."""

    permission_classes = (AccountsPermission,)
    serializer_class = shapes.AccountSerializer
    ordering = Ordering("date_joined", descending=True)
    queryset = User.objects.none()

    def get_queryset(self) -> QuerySet[User]:
        """Return the accounts that the viewer may see and the query string asks for."""
        accounts = selectors.accounts_for(signed_in(self.request))
        if self.action != "list":
            return accounts
        query = shapes.AccountQuery.read(self.request.query_params)
        flags = {name: query[name] for name in ("is_staff", "is_active") if query[name] is not None}
        if "customer_group" in query:
            accounts = selectors.in_customer_group(accounts, query["customer_group"])
        return selectors.matching(accounts.filter(**flags), query.get("q", ""))

    @extend_schema(
        request=shapes.CreateAccountSerializer,
        responses={201: shapes.AccountSerializer},
        description="Open an account on somebody's behalf; its owner sets the password by a reset link.",
    )
    def create(self, request: Request) -> Response:
        """Open an account on somebody's behalf."""
        profile = services.Profile(
            **{"language": settings.LANGUAGE_CODE, **read(shapes.CreateAccountSerializer, request)}
        )
        user = use_case(
            services.create_account, actor_id=signed_in(request).pk, profile=profile, now=timezone.now()
        )
        return Response(
            shapes.AccountSerializer(user).data, status=201, headers={"Location": f"{request.path}{user.pk}/"}
        )

    @extend_schema(
        operation_id="users_update",
        request=shapes.ChangeRightsSerializer,
        responses={200: shapes.AccountSerializer},
        description="Change an account; rights (is_staff, is_superuser, groups) only as a superuser.",
    )
    def update(self, request: Request, pk: str) -> Response:
        """Change an account: what is left out stays as it is."""
        changes = read(self._shape_of_changes(request, pk), request)
        user = use_case(
            services.change_account,
            actor_id=signed_in(request).pk,
            user_id=subject_id(request, pk),
            changes=changes,
            now=timezone.now(),
        )
        return Response(shapes.AccountSerializer(user).data)

    @extend_schema(
        operation_id="users_partial_update",
        request=shapes.ChangeRightsSerializer,
        responses={200: shapes.AccountSerializer},
        description="Change an account; rights (is_staff, is_superuser, groups) only as a superuser.",
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change an account."""
        return self.update(request, pk)

    @extend_schema(responses={204: None}, description="Shut an account: its sessions end, its orders stay.")
    def destroy(self, request: Request, pk: str) -> Response:
        """Shut an account."""
        use_case(
            services.deactivate_account,
            actor_id=signed_in(request).pk,
            user_id=subject_id(request, pk),
            now=timezone.now(),
        )
        return Response(status=204)

    def _shape_of_changes(self, request: Request, pk: str) -> type[BodySerializer]:
        viewer = signed_in(request)
        if viewer.is_superuser:
            return shapes.ChangeRightsSerializer
        own = subject_id(request, pk) == viewer.pk
        return shapes.ProfileSerializer if own else shapes.ChangeAccountSerializer

"""Moving one's own account to another address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from users import serializers as shapes
from users import services
from users.permissions import signed_in
from users.views.auth import OpenView, client_of, read

if TYPE_CHECKING:
    from rest_framework.request import Request


class EmailChangeView(APIView):
    """Ask for another address."""

    @extend_schema(
        operation_id="users_me_email_change",
        request=shapes.ChangeEmailSerializer,
        responses={202: None},
    )
    def post(self, request: Request) -> Response:
        """Ask for another address; a mail there confirms it, and the answer never shows whether it is taken."""
        body = read(shapes.ChangeEmailSerializer, request)
        services.request_email_change(user_id=signed_in(request).pk, now=timezone.now(), **body)
        return Response(status=202)


class ConfirmEmailChangeView(OpenView):
    """Confirm another address by a mailed link."""

    @extend_schema(
        operation_id="auth_email_change_confirm", request=shapes.LinkSerializer, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        """Make the address that a mailed link went to the account's, once."""
        body = read(shapes.LinkSerializer, request)
        services.confirm_email_change(client=client_of(request), now=timezone.now(), **body)
        return Response(status=204)

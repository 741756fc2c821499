"""A copy of one's own data, and being forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from users import services
from users import shapes_privacy as shapes
from users.permissions import signed_in
from users.views.auth import read

if TYPE_CHECKING:
    from rest_framework.request import Request

# A fixed name: the file may lie about on a shared computer.
EXPORT_HEADERS = {
    "Content-Disposition": 'attachment; filename="personal-data.json"',
    "Cache-Control": "no-store",
}


class ExportView(APIView):
    """A copy of one's own data."""

    @extend_schema(operation_id="users_me_export", responses={200: shapes.ExportSerializer})
    def get(self, request: Request) -> Response:
        """Return everything that the shop holds on one, as a file; ten times a day."""
        found = services.export_own_data(user_id=signed_in(request).pk, now=timezone.now())
        return Response(found, headers=EXPORT_HEADERS)


class ErasureMixin:
    """Being forgotten: the other end of one's own account."""

    @extend_schema(
        operation_id="users_me_destroy",
        parameters=[shapes.EraseQuery],
        request=shapes.EraseSerializer,
        responses={
            200: OpenApiResponse(shapes.PreviewSerializer, "With dry_run: what it would do."),
            204: OpenApiResponse(None, "Erased."),
        },
    )
    def delete(self, request: Request) -> Response:
        """
        Erase the account by its password (and otp, where it has a second factor): {"password", "otp"?}.

        With dry_run=1 nothing is changed and no password is needed.
        """
        owner = signed_in(request).pk
        if shapes.EraseQuery.read(request.query_params)["dry_run"]:
            return Response(shapes.PreviewSerializer(services.preview_erasure(user_id=owner)).data)
        services.erase_own_account(user_id=owner, now=timezone.now(), **read(shapes.EraseSerializer, request))
        return Response(status=204)

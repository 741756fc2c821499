"""The second factor of one's own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from users import selectors, services
from users import shapes_two_factor as shapes
from users.permissions import signed_in
from users.views.auth import read

if TYPE_CHECKING:
    from rest_framework.request import Request


class TwoFactorView(APIView):
    """The second factor: how it stands, setting it up, switching it off."""

    @extend_schema(
        operation_id="users_me_two_factor_retrieve", responses={200: shapes.TwoFactorStateSerializer}
    )
    def get(self, request: Request) -> Response:
        """Tell whether one has a second factor and needs one."""
        state = selectors.two_factor_state(signed_in(request))
        return Response(shapes.TwoFactorStateSerializer(state).data)

    @extend_schema(
        operation_id="users_me_two_factor_begin",
        request=shapes.BeginTwoFactorSerializer,
        responses={201: shapes.AppSecretSerializer},
    )
    def post(self, request: Request) -> Response:
        """Get the secret for an authenticator app; it counts once a code of the app was confirmed."""
        body = read(shapes.BeginTwoFactorSerializer, request)
        told = services.begin_two_factor(
            user_id=signed_in(request).pk, password=body["password"], now=timezone.now()
        )
        return Response(shapes.AppSecretSerializer(told).data, status=201)

    @extend_schema(
        operation_id="users_me_two_factor_destroy",
        request=shapes.ProveTwoFactorSerializer,
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        """Switch the second factor off; staff of a shop that asks for one can't."""
        body = read(shapes.ProveTwoFactorSerializer, request)
        services.switch_off_two_factor(user_id=signed_in(request).pk, now=timezone.now(), **body)
        return Response(status=204)


class ConfirmTwoFactorView(APIView):
    """Switch the second factor on."""

    @extend_schema(
        operation_id="users_me_two_factor_confirm",
        request=shapes.ConfirmTwoFactorSerializer,
        responses={200: shapes.RecoveryCodesSerializer},
    )
    def post(self, request: Request) -> Response:
        """Switch it on by a code of the app and get ten recovery codes; other sessions end."""
        body = read(shapes.ConfirmTwoFactorSerializer, request)
        codes = services.confirm_two_factor(
            user_id=signed_in(request).pk, otp=body["otp"], keep=request.auth.pk, now=timezone.now()
        )
        return Response({"recovery_codes": codes})


class RecoveryCodesView(APIView):
    """Other recovery codes."""

    @extend_schema(
        operation_id="users_me_two_factor_recovery_codes",
        request=shapes.ProveTwoFactorSerializer,
        responses={200: shapes.RecoveryCodesSerializer},
    )
    def post(self, request: Request) -> Response:
        """Get ten new recovery codes; the old ones are dead."""
        body = read(shapes.ProveTwoFactorSerializer, request)
        codes = services.renew_recovery_codes(user_id=signed_in(request).pk, now=timezone.now(), **body)
        return Response({"recovery_codes": codes})

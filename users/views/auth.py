"""Signing up, in and out, and the links that mails carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.api.limits import client_address
from shop.core.transactions import use_case
from users import serializers as shapes
from users import services
from users.permissions import signed_in

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

    from shop.api.serializers import BodySerializer

CART_TOKEN = "X-Cart-Token"  # noqa: S105  (the name of a header)


def client_of(request: HttpRequest | Request) -> services.Client:
    """Return where a request comes from."""
    return services.Client(address=client_address(request), user_agent=request.headers.get("User-Agent", ""))


def read(shape: type[BodySerializer], request: Request) -> dict[str, Any]:
    """Return the validated body of a request."""
    body = shape(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


class OpenView(APIView):
    """For anyone: the bearer isn't looked at, so a stale one never stands in the way of a new sign-in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class RegisterView(OpenView):
    """Open an account."""

    @extend_schema(
        operation_id="auth_register",
        request=shapes.RegisterSerializer,
        responses={201: shapes.RegisteredSerializer},
    )
    def post(self, request: Request) -> Response:
        """Open an account; the answer is the same whether or not the address has one."""
        body = read(shapes.RegisterSerializer, request)
        password = body.pop("password")
        consents = [services.Said(source="registration", **said) for said in body.pop("consents", ())]
        profile = services.Profile(**{"language": settings.LANGUAGE_CODE, **body})
        services.register(
            profile=profile,
            password=password,
            consents=consents,
            client=client_of(request),
            now=timezone.now(),
        )
        return Response(
            {"email": profile.email, "first_name": profile.first_name, "last_name": profile.last_name},
            status=201,
        )


class LoginView(OpenView):
    """Sign in."""

    @extend_schema(
        operation_id="auth_login",
        request=shapes.SignInSerializer,
        responses={200: shapes.SignedInSerializer},
        parameters=[
            OpenApiParameter(CART_TOKEN, location="header", description="A guest cart to take over.")
        ],
    )
    def post(self, request: Request) -> Response:
        """Sign in; a guest cart named by X-Cart-Token is merged into the customer's."""
        body = read(shapes.SignInSerializer, request)
        opened = services.sign_in(
            email=body["email"],
            password=body["password"],
            client=client_of(request),
            cart_token=request.headers.get(CART_TOKEN) or None,
            otp=body.get("otp", ""),
            now=timezone.now(),
        )
        user = shapes.UserSerializer(opened.user).data
        return Response({"access": opened.tokens.access, "refresh": opened.tokens.refresh, "user": user})


class RefreshView(OpenView):
    """Exchange a refresh token."""

    @extend_schema(
        operation_id="auth_refresh",
        request=shapes.RefreshSerializer,
        responses={200: shapes.TokensSerializer},
    )
    def post(self, request: Request) -> Response:
        """Exchange a refresh token for the next pair; one that was used before ends its session."""
        body = read(shapes.RefreshSerializer, request)
        pair = services.rotate(refresh=body["refresh"], now=timezone.now())
        return Response({"access": pair.access, "refresh": pair.refresh})


class LogoutView(OpenView):
    """Sign out."""

    @extend_schema(operation_id="auth_logout", request=shapes.RefreshSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the session of a refresh token."""
        body = read(shapes.RefreshSerializer, request)
        use_case(services.sign_out, refresh=body["refresh"], now=timezone.now())
        return Response(status=204)


class LogoutAllView(APIView):
    """Sign out everywhere."""

    @extend_schema(operation_id="auth_logout_all", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End every session of one's own, this one too."""
        read(shapes.NothingSerializer, request)
        use_case(services.sign_out_everywhere, user_id=signed_in(request).pk, now=timezone.now())
        return Response(status=204)


class ChangePasswordView(APIView):
    """Change the password."""

    @extend_schema(
        operation_id="auth_password_change", request=shapes.ChangePasswordSerializer, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        """Change the password; other sessions end."""
        body = read(shapes.ChangePasswordSerializer, request)
        services.change_password(
            user_id=signed_in(request).pk,
            session_id=request.auth.pk,
            now=timezone.now(),
            **body,
        )
        return Response(status=204)


class ResetView(OpenView):
    """Ask for a link to set a new password."""

    @extend_schema(operation_id="auth_password_reset", request=shapes.EmailSerializer, responses={202: None})
    def post(self, request: Request) -> Response:
        """Ask for a link to set a new password; the answer never shows whether the address is known."""
        body = read(shapes.EmailSerializer, request)
        services.request_password_reset(email=body["email"], client=client_of(request), now=timezone.now())
        return Response(status=202)


class ResetConfirmView(OpenView):
    """Set a new password by a mailed link."""

    @extend_schema(
        operation_id="auth_password_reset_confirm",
        request=shapes.ResetPasswordSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """Set a new password by a mailed link, once; every session ends."""
        body = read(shapes.ResetPasswordSerializer, request)
        services.reset_password(client=client_of(request), now=timezone.now(), **body)
        return Response(status=204)


class VerifyView(OpenView):
    """Verify an address by a mailed link."""

    @extend_schema(operation_id="auth_email_verify", request=shapes.LinkSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Verify an address by a mailed link, once."""
        body = read(shapes.LinkSerializer, request)
        services.verify_email(client=client_of(request), now=timezone.now(), **body)
        return Response(status=204)


class ResendView(APIView):
    """Ask for another verification mail."""

    @extend_schema(operation_id="auth_email_verify_resend", request=None, responses={202: None})
    def post(self, request: Request) -> Response:
        """Ask for another verification mail; a verified address gets none."""
        read(shapes.NothingSerializer, request)
        services.request_email_verification(user_id=signed_in(request).pk, now=timezone.now())
        return Response(status=202)

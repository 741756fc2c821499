"""How a request shows who sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from users import selectors, tokens
from users.errors import TokenInvalid

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema
    from rest_framework.request import Request

    from users.models import Session, User


class SessionTokenAuthentication(BaseAuthentication):
    """
    A bearer token that lives as long as its session.

    One statement reads session and user together. ``request.auth`` is the session.
    """

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        """
        Return the user and the session, or None when the request has no bearer.

        :raises AuthenticationFailed: the bearer is malformed, forged or expired, its session has ended, or its
            user may not act any more.
        """
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            session_id = tokens.read_access(token.strip())
        except TokenInvalid as error:
            raise AuthenticationFailed from error
        session = selectors.living_session(session_id, now=timezone.now())
        if session is None:
            raise AuthenticationFailed
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that makes a missing sign-in a 401 and not a 403."""
        return "Bearer"


class SessionTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the bearer for the schema."""

    target_class = "users.authentication.SessionTokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the scheme: an access token from ``auth/login/``."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}

"""API clients that are really signed in: with a session row and a bearer token of it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from django.test.signals import setting_changed
from django.utils import timezone
from rest_framework.test import APIClient, ForceAuthClientHandler

from users import services

if TYPE_CHECKING:
    from users.models import User

# What middleware reads when it is made, and not at each request.
_READ_ONCE = ("MIDDLEWARE", "SECURE_", "STATIC", "WHITENOISE_", "CSRF_", "DEBUG")


def anonymous() -> APIClient:
    """Return a client that speaks JSON and isn't signed in."""
    return _json_client()


def client_of(user: User) -> APIClient:
    """Return a client signed in as this user."""
    return client_with(sign_in_as(user).tokens.access)


def client_with(access: str) -> APIClient:
    """Return a client that sends this access token."""
    client = _json_client()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def sign_in_as(user: User) -> services.SignIn:
    """Open a session for a user without the cost of checking a password."""
    client = services.Client(address="203.0.113.77", user_agent="pytest")
    return services.open_session(user=user, client=client, now=timezone.now())


def _json_client() -> APIClient:
    client = APIClient()
    client.default_format = "json"
    client.handler = _handler()
    return client


@cache
def _handler() -> ForceAuthClientHandler:
    """Return what all clients send their requests to: making one looks for static files, which takes long."""
    handler = ForceAuthClientHandler(enforce_csrf_checks=False)
    handler.load_middleware()
    return handler


def _forget_handler(*, setting: str, **_more: Any) -> None:
    if setting.startswith(_READ_ONCE):
        _handler.cache_clear()


setting_changed.connect(_forget_handler)


@pytest.fixture(name="client_of")
def client_of_fixture():
    """Give tests ``client_of(user)``."""
    return client_of


@pytest.fixture(name="anonymous")
def anonymous_fixture():
    """Give tests a client that isn't signed in."""
    return anonymous()

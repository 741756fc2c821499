"""Browsers at the admin site."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone

from users.models import User
from users.tests.apps import STEP, App, app_of
from users.tests.factories import PASSWORD

LOGIN, INDEX, PAGE = "/admin/login/", "/admin/", "/admin/second_factor/"


def with_app(user: User) -> App:
    """Switch a second factor on a while ago: these tests ask at the clock's own time."""
    return app_of(user, now=timezone.now() - 10 * STEP)


def enter(browser: Client, user: User, otp: str = "", password: str = PASSWORD, to: str = LOGIN) -> Any:
    """Send the form of signing in."""
    return browser.post(to, {"username": user.email, "password": password, "otp": otp})


def do(browser: Client, act: str, to: str = PAGE, **values: Any) -> Any:
    """Press a button of the page about the second factor."""
    return browser.post(to, {"act": act, **values})


def is_in(browser: Client) -> bool:
    """Tell whether the admin is open to a browser."""
    response = browser.get(INDEX)
    assert response.status_code in (200, 302)
    return response.status_code == 200


def errors(response: Any) -> dict[str, Any]:
    """Return what a form says is wrong."""
    found: dict[str, Any] = response.context["form"].errors.get_json_data()
    return found


def codes_of(response: Any, name: str) -> list[str]:
    """Return the codes of what is wrong with a field."""
    return [error["code"] for error in errors(response)[name]]

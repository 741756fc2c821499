"""What a browser session of the back office has shown: the password, and which second factor."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.utils.functional import SimpleLazyObject

from shop.core.ids import token_hash
from users import selectors as users

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

_SHOWN = "second_factor"
_PASSWORD_AT = "password_shown_at"  # noqa: S105
_BEGUN = "second_factor_begun"
# After signing in, setting a second factor up doesn't ask for the password a second time.
_PASSWORD_LASTS = timedelta(minutes=10)


class SecondFactorMiddleware:
    """
    Take a session that still owes its second factor for nobody's, everywhere but on the page that asks for it.

    It owes one when the account has a second factor that wasn't shown to this very session, as after signing in
    with the password alone or before it was set up; and when the account must have one and has none. Who never asks
    for ``request.user`` costs nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = SimpleLazyObject(lambda: _admitted(request))  # type: ignore[assignment]
        return self.get_response(request)


def who_came(request: HttpRequest) -> Any:
    """Return whose session it is, also one that owes its second factor."""
    return get_user(request)


def owes(request: HttpRequest) -> bool:
    """Tell whether somebody is signed in with the password and still owes the second factor."""
    user = who_came(request)
    if not user.is_authenticated:
        return False
    state = users.two_factor_state(user)
    return request.session.get(_SHOWN) != state.mark if state.enabled else state.required


def password_shown(request: HttpRequest, *, now: datetime) -> None:
    """Note that the password was shown just now."""
    request.session[_PASSWORD_AT] = now.timestamp()


def password_is_fresh(request: HttpRequest, *, now: datetime) -> bool:
    """Tell whether the password was shown a moment ago."""
    shown: float = request.session.get(_PASSWORD_AT, 0)
    return 0 <= now.timestamp() - shown < _PASSWORD_LASTS.total_seconds()


def second_factor_shown(request: HttpRequest, mark: str) -> None:
    """Note that a second factor was shown, and give the session another key as at any rise of rights."""
    request.session.cycle_key()
    request.session[_SHOWN] = mark
    request.session.pop(_BEGUN, None)


def set_up_begun(request: HttpRequest, *, secret: str) -> None:
    """Note that this session was given the secret of a new app: no other one is shown it."""
    request.session[_BEGUN] = token_hash(secret)


def set_up_dropped(request: HttpRequest) -> None:
    """Forget a set-up that this session began."""
    request.session.pop(_BEGUN, None)


def begun_secret_hash(request: HttpRequest) -> str:
    """Return the hash of the secret that this session was given, or nothing."""
    return str(request.session.get(_BEGUN, ""))


def _admitted(request: HttpRequest) -> Any:
    return AnonymousUser() if owes(request) else who_came(request)

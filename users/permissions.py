"""Who may do which kind of thing to accounts; whose they are is the selectors' question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from rest_framework.permissions import BasePermission

from shop.core.errors import NotFound

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from users.models import User

ME = "me"


def signed_in(request: Request) -> User:
    """Return the user of a request that a permission has let through as signed in."""
    return cast("User", request.user)


def may(user: Any, permission: str) -> bool:
    """Tell whether somebody is staff with a named permission; both are needed."""
    return bool(user.is_authenticated and user.is_staff and user.has_perm(permission))


def subject_id(request: Request, given: str) -> UUID:
    """
    Return the account that an address speaks of; ``me`` is one's own.

    :raises NotFound: it is no id.
    """
    if given == ME:
        return signed_in(request).pk
    try:
        return UUID(given)
    except ValueError:
        raise NotFound from None


class AccountsPermission(BasePermission):
    """Staff by named permissions; one's own account may be read and changed without any."""

    named = {
        "list": "users.view_user",
        "create": "users.add_user",
        "retrieve": "users.view_user",
        "update": "users.change_user",
        "partial_update": "users.change_user",
        "destroy": "users.delete_user",
    }  # fmt: skip
    own = frozenset({"retrieve", "update", "partial_update"})

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether this kind of call is open; somebody else's account doesn't exist for who can't see it."""
        if not request.user.is_authenticated:
            return False
        action = getattr(view, "action", None) or ""
        if "pk" in view.kwargs:
            if subject_id(request, view.kwargs["pk"]) == request.user.pk and action in self.own:
                return True
            if not may(request.user, "users.view_user"):
                raise NotFound
        return action in self.named and may(request.user, self.named[action])


class AddressBookPermission(BasePermission):
    """One's own book, or as staff by named permissions; for others there is no such book."""

    named = {
        "list": "users.view_address",
        "create": "users.add_address",
        "retrieve": "users.view_address",
        "update": "users.change_address",
        "partial_update": "users.change_address",
        "destroy": "users.delete_address",
    }  # fmt: skip

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether this book is open for this kind of call."""
        if not request.user.is_authenticated:
            return False
        if subject_id(request, view.kwargs["user_id"]) == request.user.pk:
            return True
        if not may(request.user, "users.view_address"):
            raise NotFound
        action = getattr(view, "action", None) or ""
        return action in self.named and may(request.user, self.named[action])

"""Who may do which kind of thing to accounts; whose they are is the selectors' question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from rest_framework.exceptions import MethodNotAllowed
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


def may_act(request: Request, action: str | None, named: dict[str, str]) -> bool:
    """
    Tell whether staff may do what a view calls ``action``; what isn't named is open to nobody.

    :raises MethodNotAllowed: the address has no such method, which is no question of rights.
    """
    if action is None:
        raise MethodNotAllowed(str(request.method))
    return action in named and may(request.user, named[action])


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
        action = getattr(view, "action", None)
        if "pk" in view.kwargs:
            if subject_id(request, view.kwargs["pk"]) == request.user.pk and action in self.own:
                return True
            if not may(request.user, "users.view_user"):
                raise NotFound
        return may_act(request, action, self.named)


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
        action = getattr(view, "action", None)
        own = subject_id(request, view.kwargs["user_id"]) == request.user.pk
        if own and action in self.named:
            return True
        if not own and not may(request.user, "users.view_address"):
            raise NotFound
        return may_act(request, action, self.named)


class ConsentsPermission(BasePermission):
    """One's own record, or to read as staff by a named permission; for others there is no such record."""

    named = {"list": "users.view_consent"}
    own = frozenset({"list", "create"})

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether this record is open for this kind of call: nobody agrees for somebody else."""
        if not request.user.is_authenticated:
            return False
        action = getattr(view, "action", None)
        own = subject_id(request, view.kwargs["user_id"]) == request.user.pk
        if own and action in self.own:
            return True
        if not own and (action == "create" or not may(request.user, "users.view_consent")):
            raise NotFound
        return may_act(request, action, self.named)


class CustomerGroupsPermission(BasePermission):
    """Staff by named permissions."""

    named = {
        "list": "users.view_customergroup",
        "create": "users.add_customergroup",
        "retrieve": "users.view_customergroup",
        "update": "users.change_customergroup",
        "partial_update": "users.change_customergroup",
        "destroy": "users.delete_customergroup",
    }  # fmt: skip

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether this kind of call is open."""
        return request.user.is_authenticated and may_act(request, getattr(view, "action", None), self.named)

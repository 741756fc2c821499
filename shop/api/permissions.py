"""Who may do this kind of thing; whose it is, a selector's filter decides."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class StaffWith(BasePermission):
    """
    Let staff through who hold the permission that the view names for the action.

    A view lists them in ``staff_permissions = {"create": "products.add_product"}``; an action that isn't listed
    is open to nobody.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the user is staff with the named permission."""
        wanted = getattr(view, "staff_permissions", {}).get(view.action)
        return wanted is not None and may(request.user, wanted)


def may(user: Any, permission: str) -> bool:
    """Tell whether somebody is active staff and holds a permission such as ``orders.change_order``."""
    return bool(user and user.is_authenticated and user.is_staff and user.has_perm(permission))

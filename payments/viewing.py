"""Who asks about money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.selectors import Viewer

if TYPE_CHECKING:
    from rest_framework.request import Request


def viewer_of(request: Request) -> Viewer:
    """Return who asks: by account, or by the token of a guest's order."""
    user_id = request.user.pk if request.user.is_authenticated else None
    # Money is the owner's business: staff have the admin pages.
    return Viewer(user_id=user_id, token=request.headers.get("X-Order-Token", ""))

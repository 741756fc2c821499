"""What the views of everything that hangs on one order share."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import UUID

from orders import selectors
from orders.models import Order, OrderMove
from orders.selectors import Viewer
from orders.services import Actor

UUIDS = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class OfOrder:
    """What hangs on one order: ``order`` is the one in the address, if the viewer may see it."""

    kwargs: dict[str, Any]
    request: Any
    token_headers = ("X-Order-Token",)

    @property
    def viewer(self) -> Viewer:
        return Viewer.of(self.request.user, self.request.headers.get("X-Order-Token", ""))

    @cached_property
    def order(self) -> Order:
        return selectors.order_for(UUID(self.kwargs["order_id"]), viewer=self.viewer)

    def staff(self, cause: str = "") -> Actor:
        """Return the member of staff who acts; the view's permissions have let nobody else through."""
        return Actor(kind=OrderMove.Actor.STAFF, id=self.request.user.pk, cause=cause)

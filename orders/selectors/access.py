"""Who may see an order: its customer, whoever holds its token, and staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.crypto import constant_time_compare

from orders.models import Order
from orders.selectors.reading import ready
from orders.tokens import access_token
from shop.api.permissions import may
from shop.core.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who asks: an account, or somebody with a guest's order token, or both; staff see every order."""

    user_id: UUID | None = None
    is_staff: bool = False
    token: str = ""

    @classmethod
    def of(cls, user: Any, token: str) -> Viewer:
        """Return the viewer that a request's user and ``X-Order-Token`` make."""
        if not user.is_authenticated:
            return cls(token=token)
        is_staff = may(user, "orders.view_order") or may(user, "orders.change_order")
        return cls(user_id=user.pk, is_staff=is_staff, token=token)


def order_for(order_id: UUID, *, viewer: Viewer) -> Order:
    """
    Return an order that the viewer may see, ready to serialise; one statement.

    :raises NotFound: it is missing or somebody else's: both look alike.
    """
    order = ready(Order.objects.filter(pk=order_id)).first()
    if order is None or not (viewer.is_staff or owns(order, viewer=viewer)):
        raise NotFound
    return order


def owns(order: Order, *, viewer: Viewer) -> bool:
    """Tell whether an order is the viewer's own: by account, or by the token of a guest's order."""
    if order.user_id is not None:
        # A token opens guest orders only: once an account has claimed one, its sign-in counts.
        return order.user_id == viewer.user_id
    return constant_time_compare(viewer.token, access_token(order.pk, order.token_version))


def orders_of(user_id: UUID) -> QuerySet[Order]:
    """Return a customer's orders, ready to serialise."""
    return ready(Order.objects.filter(user_id=user_id))

"""Where mailed links lead: to the storefront, or to the shop's own pages when there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

if TYPE_CHECKING:
    from uuid import UUID


def home() -> str:
    """Return the shop's front page."""
    return f"{_base()}/"


def reset(*, uid: str, token: str) -> str:
    """Return the page that sets a new password."""
    return f"{_base()}{_own('/account')}/reset/{uid}/{token}/"


def verify(*, uid: str, token: str) -> str:
    """Return the page that confirms an address."""
    return f"{_base()}{_own('/account')}/verify/{uid}/{token}/"


def email_change(*, uid: str, token: str) -> str:
    """Return the page that confirms a new address."""
    return f"{_base()}{_own('/account')}/email/{uid}/{token}/"


def order(*, order_id: UUID | str, token: str | None) -> str:
    """
    Return the page of an order, or nothing where the recipient couldn't open one.

    :param token: a guest's order token; customers sign in instead, which needs a storefront.
    """
    if not token:
        return f"{_base()}/orders/{order_id}/" if settings.STOREFRONT_URL else ""
    return f"{_base()}{_own('/account')}/orders/{order_id}/?{urlencode({'token': token})}"


def product(*, slug: str) -> str:
    """Return the page of a product, or nothing without a storefront that has one."""
    return f"{_base()}/products/{slug}/" if settings.STOREFRONT_URL else ""


def cart() -> str:
    """Return the page of the customer's cart, or nothing without a storefront that has one."""
    return f"{_base()}/cart/" if settings.STOREFRONT_URL else ""


def unsubscribe(*, token: str) -> str:
    """Return the page that takes a consent back; always the shop's own, which mail programs post to."""
    return f"{str(settings.SHOP_URL).rstrip('/')}{reverse('unsubscribe', args=[token])}"


def admin_product(*, product_id: int) -> str:
    """Return the page of a product in the back office."""
    return (
        f"{str(settings.SHOP_URL).rstrip('/')}{reverse('admin:products_product_change', args=[product_id])}"
    )


def admin_dispute(*, dispute_id: UUID) -> str:
    """Return the page of a dispute in the back office."""
    return (
        f"{str(settings.SHOP_URL).rstrip('/')}{reverse('admin:payments_dispute_change', args=[dispute_id])}"
    )


def _base() -> str:
    # From settings and never from a request, whose Host header anybody can write.
    return str(settings.STOREFRONT_URL or settings.SHOP_URL).rstrip("/")


def _own(prefix: str) -> str:
    return "" if settings.STOREFRONT_URL else prefix

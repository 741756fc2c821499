"""Links that open a receipt for a while without a header, and where Stripe sends a customer back to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.core.signing import BadSignature, Signer, TimestampSigner
from django.urls import reverse
from django.utils.crypto import constant_time_compare

if TYPE_CHECKING:
    from uuid import UUID

    from payments.models import Payment

_SALT = "payments.receipt_link"
_PAGE_SALT = "payments.page"
LASTS = timedelta(minutes=15)


def receipt_url(payment_id: UUID) -> str:
    """Return an absolute link that opens the receipt of a payment, and nothing else, for 15 minutes."""
    token = TimestampSigner(salt=_SALT).sign(str(payment_id)).partition(":")[2]
    return f"{settings.SHOP_URL}{reverse('payment-receipt', args=[payment_id])}?token={token}"


def opens(token: str, payment_id: UUID) -> bool:
    """Tell whether a link's token opens this payment's receipt now."""
    try:
        TimestampSigner(salt=_SALT).unsign(f"{payment_id}:{token}", max_age=LASTS)
    except BadSignature:
        return False
    return True


def return_url(payment: Payment, *, is_cancelled: bool = False) -> str:
    """
    Return where Stripe's page leads back to: the order's page of the storefront, or a page of the shop's own.

    The same payment always has the same link: it is part of what Stripe knows a retry by. The shop's own page is
    opened by a key that shows the payment's state and nothing else, so that Stripe never holds an order's token.
    """
    if settings.STOREFRONT_URL:
        query = {"payment": str(payment.pk)} | ({"cancelled": "1"} if is_cancelled else {})
        base = str(settings.STOREFRONT_URL).rstrip("/")
        return f"{base}/orders/{payment.order_id}/?{urlencode(query)}"
    key = Signer(salt=_PAGE_SALT).signature(str(payment.pk))
    page = reverse("payment-page", args=[payment.pk])
    return f"{str(settings.SHOP_URL).rstrip('/')}{page}?{urlencode({'key': key})}"


def opens_page(key: str, payment_id: UUID) -> bool:
    """Tell whether a key opens the page of this payment."""
    return constant_time_compare(key, Signer(salt=_PAGE_SALT).signature(str(payment_id)))

"""Links that open a receipt for a while without a header."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.urls import reverse

if TYPE_CHECKING:
    from uuid import UUID

_SALT = "payments.receipt_link"
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

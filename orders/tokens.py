"""The token that opens a guest's order."""

from __future__ import annotations

from uuid import UUID

from django.utils.crypto import salted_hmac


def access_token(order_id: UUID, token_version: int) -> str:
    """
    Return the token that opens a guest's order: an HMAC of 256 bits that isn't stored anywhere.

    Raising ``token_version`` makes every earlier one useless.
    """
    return salted_hmac("orders.access_token", f"{order_id}:{token_version}", algorithm="sha256").hexdigest()

"""How a guest is recognised who has no account: by a digest that doesn't say the address."""

from __future__ import annotations

from django.utils.crypto import salted_hmac


def guest_digest(email: str) -> str:
    """Return what stands for a guest's address, whatever its case: keyed, so that addresses can't be tried out."""
    return salted_hmac("cart.customer_uses", email.strip().lower(), algorithm="sha256").hexdigest()

"""Let carts expire that were left for long, and delete those that ended long ago."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from cart.upkeep import expire_carts


class Command(BaseCommand):
    help = (
        "Let carts expire that were left for long (CART_GUEST_DAYS, CART_CUSTOMER_DAYS), and delete those that "
        "expired or were merged long ago (CART_KEPT_DAYS). It may be stopped and started again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = expire_carts(now=timezone.now())
        self.stdout.write(
            f"{done.guests} carts of guests and {done.customers} of customers expired; {done.deleted} were deleted."
        )

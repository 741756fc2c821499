"""Announce carts that were left with something in them, each once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from cart.upkeep import announce_abandoned_carts


class Command(BaseCommand):
    help = (
        "Announce carts that were left with something in them (CART_ABANDONED_AFTER), each once: customers who agreed "
        "to marketing get a reminder."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{announce_abandoned_carts(now=timezone.now())} carts were announced.")

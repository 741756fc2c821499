"""Exchange rates, and the prices that they have made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from products import services
from products.models import ExchangeRate, Price
from products.tests.factories import NOW

LATER = NOW + timedelta(minutes=1)
DOER: dict[str, Any] = {"actor_id": None, "now": NOW}
CURRENCIES = ["EUR", "USD", "JPY", "KWD", "GBP"]


def rate_of(currency: str = "USD", *, rate: int = 1_083_500, **values: Any) -> ExchangeRate:
    """Return a rate: 1 EUR is 1.0835, unless said otherwise."""
    return services.set_exchange_rate(currency=currency, data=services.RateData(rate=rate, **values), **DOER)


def prices(currency: str = "USD") -> dict[str, tuple[int, int | None, bool]]:
    """Return price, former price, and whether a rate has made them, by SKU."""
    rows = Price.objects.filter(currency=currency)
    return {
        sku: (amount, compare_at, by_rate)
        for sku, amount, compare_at, by_rate in rows.values_list(
            "variant__sku", "amount", "compare_at", "by_rate"
        )
    }

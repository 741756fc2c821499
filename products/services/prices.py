"""What variants cost, and what they did."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from products.models import Price, PriceChange, Product, Variant
from products.services.availability import refresh_lowest_prices
from products.services.changes import catalogue_changed
from shop.audit import services as audit
from shop.core.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

# Directive 98/6/EC, article 6a: what a price reduction is compared with is the lowest price of these days before it.
LOOK_BACK = timedelta(days=30)


@transaction.atomic
def set_price(
    *, variant_id: int, amount: int, currency: str, compare_at: int | None = None, now: datetime
) -> None:
    """
    Set what a variant costs in a currency, in minor units; ``compare_at`` must be higher.

    With a former price it is a sale, and the lowest price of the 30 days before is kept beside it. From then on it
    is a price set by hand, which no exchange rate changes.

    Locks: the product, then the variant, so that its history has one order.
    """
    _lock_product(variant_id)
    if write_price(variant_id, amount=amount, currency=currency, compare_at=compare_at, now=now):
        catalogue_changed()


@transaction.atomic
def remove_price(*, variant_id: int, currency: str, actor_id: UUID | None, now: datetime) -> None:
    """
    Take a variant's price in a currency away; where a rate makes prices in it, that makes one again.

    Without any the variant isn't sold in it. A second time does nothing. Locks: the product, then the variant.

    :raises ValidationFailed: it is the base currency, which other prices are made of; nothing is written.
    """
    if currency == settings.BASE_CURRENCY:
        raise ValidationFailed(
            FieldError("currency", "invalid", f"A variant always costs something in {currency}.")
        )
    product_id = _lock_product(variant_id)
    variant = Variant.objects.select_for_update(no_key=True).get(pk=variant_id)
    if Price.objects.filter(variant=variant, currency=currency).delete()[0]:
        refresh_lowest_prices(product_id)
        audit.record(
            actor_id=actor_id, action="products.price_removed", target=variant, now=now, currency=currency
        )
        catalogue_changed()


def write_price(
    variant_id: int, *, amount: int, currency: str, compare_at: int | None, now: datetime
) -> bool:
    """Do what ``set_price`` does for a caller who holds the product locked; return whether that changes anything."""
    variant = Variant.objects.select_for_update(no_key=True).get(pk=variant_id)
    former = Price.objects.filter(variant=variant, currency=currency).first()
    if former is not None and (former.amount, former.compare_at) == (amount, compare_at):
        # The same amount, and from now on nobody's rate: that is an edit too.
        return bool(Price.objects.filter(pk=former.pk, by_rate=True).update(by_rate=False))
    lowest = None
    if compare_at is not None:
        lowest = _lowest_before(variant_id, currency, now)
        if former is not None and former.amount == amount and former.compare_at is not None:
            # The same sale, announced against another price: it began when it began.
            lowest = former.lowest_before
    Price.objects.update_or_create(
        variant=variant,
        currency=currency,
        defaults={"amount": amount, "compare_at": compare_at, "lowest_before": lowest, "by_rate": False},
    )
    if former is None or former.amount != amount:
        PriceChange.objects.create(variant=variant, currency=currency, amount=amount, at=now)
    refresh_lowest_prices(variant.product_id)
    return True


def _lock_product(variant_id: int) -> int:
    """Lock a variant's product: what lists show of it is made of the prices of all its variants."""
    product_id = Variant.objects.values_list("product_id", flat=True).get(pk=variant_id)
    Product.objects.select_for_update(no_key=True).get(pk=product_id)
    return product_id


def _lowest_before(variant_id: int, currency: str, now: datetime) -> int | None:
    """Return the lowest amount that was asked in the 30 days before, or None when it was never sold before."""
    changes = PriceChange.objects.filter(variant=variant_id, currency=currency)
    since = now - LOOK_BACK
    amounts = list(changes.filter(at__gt=since).values_list("amount", flat=True))
    # What was asked when the 30 days began counts as well.
    first = changes.filter(at__lte=since).order_by("-at", "-pk").values_list("amount", flat=True).first()
    return min([*amounts, *([] if first is None else [first])], default=None)

"""What products keep of their variants' stock and prices, so that lists need not look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from products.models import Price, Product, ProductPrice, Variant

if TYPE_CHECKING:
    from collections.abc import Iterable


def refresh_in_stock(product_ids: Iterable[int]) -> None:
    """
    Make ``in_stock`` true for the products that have something to sell and false for the others.

    Locks: the products, in order, after the stock of their variants.
    """
    # Locked by a statement of its own: the UPDATE then sees what whoever held the row has committed. Two buyers
    # of a product's last two variants would otherwise each still see the other's, and leave it in stock.
    locked = Product.objects.select_for_update(no_key=True).filter(pk__in=set(product_ids)).order_by("pk")
    products = list(locked.values_list("pk", flat=True))
    sellable = Variant.objects.filter(
        Q(stock__tracked=False) | Q(stock__reserved__lt=F("stock__on_hand") + F("stock__backorder_limit")),
        product=OuterRef("pk"),
        archived_at__isnull=True,
    )
    Product.objects.filter(pk__in=products).update(in_stock=Exists(sellable))


@transaction.atomic
def refresh_lowest_prices(product_id: int) -> None:
    """Keep a product's lowest price in each currency; of equal ones, the one with the higher former price."""
    lowest: dict[str, Price] = {}
    prices = Price.objects.filter(variant__product=product_id, variant__archived_at__isnull=True)
    for price in prices.order_by("amount", F("compare_at").desc(nulls_last=True)):
        lowest.setdefault(price.currency, price)
    ProductPrice.objects.filter(product=product_id).exclude(currency__in=lowest).delete()
    ProductPrice.objects.bulk_create(
        (
            ProductPrice(
                product_id=product_id,
                currency=price.currency,
                lowest=price.amount,
                compare_at=price.compare_at,
                lowest_before=price.lowest_before,
            )
            for price in lowest.values()
        ),
        update_conflicts=True,
        unique_fields=["product", "currency"],
        update_fields=["lowest", "compare_at", "lowest_before"],
    )

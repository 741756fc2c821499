"""Filling an empty shop: its pictures, then everything else."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from products import services as catalogue
from shop.core.transactions import use_case
from shop.ops.demo import reading
from shop.ops.demo.drawing import picture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime


def is_empty() -> bool:
    """Tell whether the shop has no product at all, not even an archived one."""
    return not _model("products", "Product")._default_manager.exists()


def load(*, progress: Callable[[int, int], None]) -> None:
    """
    Fill an empty shop; what stands in it is written in one transaction, so a broken-off load leaves it empty.

    :param progress: called with how many pieces of work are done, and of how many.
    """
    goods, now, images = reading.products(), timezone.now(), []
    total = 2 * len(goods)
    # Before the transaction, which would wait for the store of pictures; and whoever sees a product finds its own.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for image in pool.map(_drawn, goods):
            images.append(image)
            progress(len(images), total)
    use_case(_write, goods, images, now=now, progress=lambda done: progress(len(goods) + done, total))


def _drawn(product: dict[str, Any]) -> catalogue.StoredImage:
    content = picture(**product["picture"])
    return catalogue.keep_picture(path=reading.picture_path(product), content=content, alt=product["name"])


@transaction.atomic
def _write(
    goods: Sequence[dict[str, Any]],
    images: Sequence[catalogue.StoredImage],
    *,
    now: datetime,
    progress: Callable[[int], None],
) -> None:
    for top in reading.categories():
        catalogue.create_category(name=top["name"], slug=top["slug"], description=top["description"])
        for leaf in top["children"]:
            catalogue.create_category(
                name=leaf["name"], slug=leaf["slug"], description=leaf["description"], parent=top["slug"]
            )
    for attribute in reading.attributes():
        catalogue.save_attribute(data=attribute, actor_id=None, now=now)
    for index, product in enumerate(goods):
        # As if they had come in over the last weeks: "newest" then has an order.
        since = now - timedelta(hours=7 * (len(goods) - index))
        _add_product(product, images[index], since=since, now=now)
        progress(index + 1)
    _add_collections(now)
    _add_selling(now)


def _add_product(
    product: dict[str, Any], image: catalogue.StoredImage, *, since: datetime, now: datetime
) -> None:
    data = reading.product_data(product, now=since)
    # What is on sale was sold before at the price that is struck through.
    first = [replace(one, price=one.compare_at or one.price, compare_at=None) for one in data.variants]
    made = catalogue.create_product(data=replace(data, variants=first), now=since)
    catalogue.add_image(product_id=made.pk, image=image, now=since)
    sales = {one.sku: one for one in data.variants if one.compare_at}
    if not sales:
        return
    for variant_id, sku in made.variants.values_list("pk", "sku"):
        if sku in sales:
            sale = sales[sku]
            catalogue.set_price(
                variant_id=variant_id,
                amount=sale.price,
                currency=sale.currency,
                compare_at=sale.compare_at,
                now=now,
            )


def _add_collections(now: datetime) -> None:
    products = _model("products", "Product")._default_manager
    for group in reading.collections():
        ids = list(products.filter(name__in=group["products"]).values_list("pk", flat=True))
        catalogue.create_collection(
            name=group["name"], slug=group["slug"], products=ids, actor_id=None, now=now
        )


def _add_selling(now: datetime) -> None:
    """Write what staff would enter in the admin: plain settings of the shop, which no service guards."""
    currency = settings.BASE_CURRENCY
    selling = reading.selling()
    for rate in selling["tax_rates"]:
        _model("cart", "TaxRate")._default_manager.create(**rate)
    zones = {zone["name"]: _add_zone(zone) for zone in selling["shipping_zones"]}
    for position, method in enumerate(selling["shipping_methods"]):
        rates = method.pop("rates")
        made = _model("cart", "ShippingMethod")._default_manager.create(**method, position=position)
        for rate in rates:
            made.rates.create(**rate | {"zone": zones[rate["zone"]]}, currency=currency)
    for coupon in selling["coupons"]:
        ended = coupon.pop("ends_days_ago", None)
        code = coupon.pop("code")
        promotion = _model("cart", "Promotion")._default_manager.create(
            **coupon, currency=currency, ends_at=now - timedelta(days=ended) if ended else None
        )
        promotion.coupons.create(code=code)


def _add_zone(zone: dict[str, Any]) -> Any:
    made = _model("cart", "ShippingZone")._default_manager.create(name=zone["name"])
    for area in zone["areas"]:
        made.areas.create(**area)
    return made


def _model(app: str, name: str) -> Any:
    # By name, because another app's models are nobody's to import.
    return apps.get_model(app, name)

"""Filling an empty shop: pictures are drawn while the rows are written."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from products import services as catalogue
from shop.core.transactions import use_case
from shop.ops.demo import reading
from shop.ops.demo.drawing import picture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

_SIZE = 800


def is_empty() -> bool:
    """Tell whether the shop has no product at all, not even an archived one."""
    return not _model("products", "Product")._default_manager.exists()


def load(*, progress: Callable[[int, int], None]) -> None:
    """
    Fill an empty shop; what stands in it is written in one transaction, so a broken-off load leaves it empty.

    :param progress: called with how many pieces of work are done, and of how many.
    """
    goods = reading.products()
    total = 2 * len(goods)
    # Pictures first: whoever sees a product finds its picture.
    _draw(goods, progress=lambda done: progress(done, total))
    use_case(_write, goods, now=timezone.now(), progress=lambda done: progress(len(goods) + done, total))


def _draw(goods: Sequence[dict[str, Any]], *, progress: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        drawn = {
            pool.submit(picture, **product["picture"]): reading.picture_path(product) for product in goods
        }
        for done, future in enumerate(as_completed(drawn), start=1):
            _store(drawn[future], future.result())
            progress(done)


def _store(path: str, content: bytes) -> None:
    # The storage would otherwise choose another name beside a file that a broken-off load has left.
    if default_storage.exists(path):
        default_storage.delete(path)
    default_storage.save(path, ContentFile(content))


@transaction.atomic
def _write(goods: Sequence[dict[str, Any]], *, now: datetime, progress: Callable[[int], None]) -> None:
    for top in reading.categories():
        catalogue.create_category(name=top["name"], slug=top["slug"], description=top["description"])
        for leaf in top["children"]:
            catalogue.create_category(
                name=leaf["name"], slug=leaf["slug"], description=leaf["description"], parent=top["slug"]
            )
    for index, product in enumerate(goods):
        # As if they had come in over the last weeks: "newest" then has an order.
        _add_product(product, now=now - timedelta(hours=7 * (len(goods) - index)))
        progress(index + 1)
    _add_collections()
    _add_selling(now)


def _add_product(product: dict[str, Any], *, now: datetime) -> None:
    made = catalogue.create_product(data=reading.product_data(product, now=now), now=now)
    image = catalogue.StoredImage(
        file=reading.picture_path(product), width=_SIZE, height=_SIZE, alt=product["name"]
    )
    catalogue.add_image(product_id=made.pk, image=image, now=now)


def _add_collections() -> None:
    products = _model("products", "Product")._default_manager
    for group in reading.collections():
        made = _model("products", "Collection")._default_manager.create(
            name=group["name"], slug=group["slug"]
        )
        made.products.set(products.filter(name__in=group["products"]))


def _add_selling(now: datetime) -> None:
    """Write what staff would enter in the admin: plain settings of the shop, which no service guards."""
    currency = settings.BASE_CURRENCY
    selling = reading.selling()
    for rate in selling["tax_rates"]:
        _model("cart", "TaxRate")._default_manager.create(**rate)
    for position, method in enumerate(selling["shipping_methods"]):
        rates = method.pop("rates")
        made = _model("cart", "ShippingMethod")._default_manager.create(**method, position=position)
        for rate in rates:
            made.rates.create(**rate, currency=currency)
    for coupon in selling["coupons"]:
        ended = coupon.pop("ends_days_ago", None)
        _model("cart", "Coupon")._default_manager.create(
            **coupon, currency=currency, ends_at=now - timedelta(days=ended) if ended else None
        )


def _model(app: str, name: str) -> Any:
    # By name, because another app's models are nobody's to import.
    return apps.get_model(app, name)

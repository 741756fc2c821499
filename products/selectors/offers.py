"""Variants as the cart needs them: what they are, what they cost now, whether they can be had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import F, FilteredRelation, Q

from products.errors import VariantRequired
from products.models import Variant
from products.selectors.texts import with_words, words_of
from shop.core.errors import does_not_exist

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Offer:
    """
    A variant on offer at an instant; amounts are minor units of ``currency``.

    ``name`` and ``options`` are in the language that was asked for. ``price`` is None when it isn't sold in that
    currency, and ``for_sale`` is false when it or its product is archived or unpublished. ``available`` is None when
    stock isn't tracked.
    """

    variant_id: int
    product_id: int
    sku: str
    name: str
    options: dict[str, str]
    image: dict[str, Any] | None
    tax_class: str
    minimum_age: int | None
    category_path: str
    requires_shipping: bool
    weight_grams: int
    currency: str
    price: int | None
    for_sale: bool
    available: int | None
    sellable: int | None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What somebody wants to buy, named by exactly one of variant id, product id and SKU."""

    variant: int | None = None
    product: int | None = None
    sku: str | None = None


def offers_in(
    variants: Iterable[int], *, currency: str, now: datetime, language: str = ""
) -> dict[int, Offer]:
    """
    Return the offers of these variants by variant id, in one statement; unknown ids are left out.

    :param language: the reader's; what the catalogue doesn't have in it is in the shop's own.
    """
    rows = _rows(currency, language).filter(pk__in=list(variants))
    return {row.pk: _offer(row, currency, now) for row in rows}


def offer_for(choice: Choice, *, currency: str, now: datetime, language: str = "") -> Offer:
    """
    Return the one offer that is chosen; one statement.

    :param language: as for ``offers_in``.
    :raises ValidationFailed: it doesn't exist or isn't for sale.
    :raises VariantRequired: the product has several variants.
    """
    if choice.variant is not None:
        field, rows = "variant", _rows(currency, language).filter(pk=choice.variant)
    elif choice.sku is not None:
        field, rows = "sku", _rows(currency, language).filter(sku=choice.sku)
    else:
        sold = _rows(currency, language).filter(archived_at__isnull=True)
        field, rows = "product", sold.filter(product=choice.product)
    offers = [offer for row in rows[:2] if (offer := _offer(row, currency, now)).for_sale]
    if not offers:
        raise does_not_exist(field)
    if len(offers) > 1:
        raise VariantRequired
    return offers[0]


def offers_for(
    choices: Sequence[Choice], *, currency: str, now: datetime, language: str = ""
) -> list[Offer | None]:
    """
    Return the offer of each choice by variant or SKU, None where it doesn't exist or isn't for sale; one statement.

    :param language: as for ``offers_in``.
    """
    named = Q(pk__in=[one.variant for one in choices if one.variant is not None])
    named |= Q(sku__in=[one.sku for one in choices if one.sku is not None])
    offers = [_offer(row, currency, now) for row in _rows(currency, language).filter(named)]
    by_id = {offer.variant_id: offer for offer in offers if offer.for_sale}
    by_sku = {offer.sku: offer for offer in by_id.values()}
    return [
        by_id.get(one.variant) if one.variant is not None else by_sku.get(one.sku or "") for one in choices
    ]


@dataclass(frozen=True, kw_only=True)
class VariantFacts:
    """What a mail says of a variant."""

    product_id: int
    product_name: str
    slug: str
    sku: str
    options: dict[str, str]
    for_sale: bool


def variant_facts(variants: Iterable[int], *, language: str = "") -> dict[int, VariantFacts]:
    """
    Return what mails say of these variants, in the order of the shop; unknown ids are left out.

    :param language: as for ``offers_in``.
    """
    known = Variant.objects.filter(pk__in=list(variants)).select_related("product")
    rows = with_words(known, language)
    return {
        row.pk: VariantFacts(
            product_id=row.product_id,
            product_name=words_of(row).name,
            slug=row.product.slug,
            sku=row.sku,
            options=words_of(row).options(row.options),
            for_sale=row.archived_at is None and row.product.archived_at is None,
        )
        for row in rows.order_by("position", "pk")
    }


def image_url(file: str) -> str:
    """Return the absolute address of a stored picture, from configuration and never from a request."""
    url = default_storage.url(file)
    return f"{settings.SHOP_URL}{url}" if url.startswith("/") else url


def _rows(currency: str, language: str) -> Any:
    rows = Variant.objects.annotate(
        price_row=FilteredRelation("prices", condition=Q(prices__currency=currency)),
        price=F("price_row__amount"),
    ).select_related("product__category", "product__cover", "stock", "image")
    return with_words(rows, language)


def _offer(row: Any, currency: str, now: datetime) -> Offer:
    product, stock = row.product, row.stock
    picture = row.image or product.cover
    free, said = stock.on_hand - stock.reserved, words_of(row)
    return Offer(
        variant_id=row.pk,
        product_id=product.pk,
        sku=row.sku,
        name=said.name,
        options=said.options(row.options),
        image=picture and picture_json(picture),
        tax_class=product.tax_class,
        minimum_age=product.minimum_age,
        category_path=product.category.path,
        requires_shipping=row.requires_shipping,
        weight_grams=row.weight_grams,
        currency=currency,
        price=row.price,
        for_sale=product.is_visible(now=now) and row.archived_at is None,
        available=max(0, free) if stock.tracked else None,
        sellable=max(0, free + stock.backorder_limit) if stock.tracked else None,
    )


def picture_json(picture: Any) -> dict[str, Any]:
    """Return a picture as the API shows it."""
    return {
        "url": image_url(picture.file),
        "width": picture.width,
        "height": picture.height,
        "alt": picture.alt,
        "thumbnails": thumbnails_json(picture.thumbnails),
    }


def thumbnails_json(thumbnails: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the smaller ones of a picture as the API shows them, narrowest first."""
    return [
        {"url": image_url(one["file"]), "width": one["width"], "height": one["height"]} for one in thumbnails
    ]

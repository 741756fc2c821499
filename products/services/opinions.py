"""What customers say of products: reviews, and the stars that lists show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Avg, Count

from products.errors import AlreadyReviewed
from products.models import Product, Purchase, Review
from shop.api.limits import Limit, spend
from shop.audit import services as audit
from shop.core.errors import NotFound
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

_A_DAY = Limit("reviews.user", 20, 86400, fail_closed=False)


def write_review(*, product_id: int, user_id: UUID, said: Mapping[str, Any], now: datetime) -> Review:
    """
    Write a customer's review; it is shown at once unless the shop moderates reviews.

    Transaction: its own; call it outside of one, because the limit is counted in the cache before. Locks: the
    product.

    :param said: ``rating`` (whole stars), ``title`` and ``text``.
    :raises AlreadyReviewed: the customer has reviewed the product; nothing is written.
    :raises RateLimited: too many in a day; nothing is written.
    """
    spend(_A_DAY, str(user_id))
    return use_case(_write, product_id=product_id, user_id=user_id, said=said, now=now)


@transaction.atomic
def _write(*, product_id: int, user_id: UUID, said: Mapping[str, Any], now: datetime) -> Review:
    _lock(product_id)
    try:
        with transaction.atomic():
            review = Review.objects.create(
                product_id=product_id,
                user_id=user_id,
                state=_first_state(),
                verified=Purchase.objects.filter(user=user_id, product=product_id).exists(),
                created_at=now,
                updated_at=now,
                **said,
            )
    except IntegrityError as error:
        raise AlreadyReviewed from error
    _refresh_rating(product_id)
    return review


@transaction.atomic
def change_review(
    *, product_id: int, review_id: int, user_id: UUID, changes: Mapping[str, Any], now: datetime
) -> Review:
    """
    Change one's own review; where the shop moderates, it waits again.

    Locks: the product.

    :param changes: any of ``rating``, ``title`` and ``text``.
    :raises NotFound: it isn't the customer's, or staff have rejected it.
    """
    _lock(product_id)
    review = _own(product_id, review_id, user_id)
    for name, value in changes.items():
        setattr(review, name, value)
    review.state = _first_state()
    review.updated_at = now
    review.save()
    _refresh_rating(product_id)
    return review


@transaction.atomic
def delete_review(*, product_id: int, review_id: int, user_id: UUID) -> None:
    """
    Take one's own review back.

    Locks: the product.

    :raises NotFound: it isn't the customer's, or staff have rejected it.
    """
    _lock(product_id)
    _own(product_id, review_id, user_id).delete()
    _refresh_rating(product_id)


@transaction.atomic
def moderate(*, review_ids: Iterable[int], publish: bool, actor_id: UUID, now: datetime) -> int:
    """
    Show reviews, or keep them from being shown, and return how many that changed.

    Locks: their products, in order.
    """
    state = Review.State.PUBLISHED if publish else Review.State.REJECTED
    chosen = Review.objects.filter(pk__in=list(review_ids)).exclude(state=state)
    products = sorted(set(chosen.values_list("product_id", flat=True)))
    list(Product.objects.select_for_update(no_key=True).filter(pk__in=products).order_by("pk"))
    reviews = list(chosen)
    Review.objects.filter(pk__in=[review.pk for review in reviews]).update(state=state)
    for review in reviews:
        audit.record(actor_id=actor_id, action=f"products.review_{state}", target=review, now=now)
    for product_id in products:
        _refresh_rating(product_id)
    return len(reviews)


@transaction.atomic
def remember_purchase(*, user_id: UUID, product_ids: Iterable[int]) -> None:
    """Note that a customer has bought products, and verify what they have said of them already."""
    bought = sorted(set(product_ids))
    Purchase.objects.bulk_create(
        (Purchase(user_id=user_id, product_id=product_id) for product_id in bought), ignore_conflicts=True
    )
    Review.objects.filter(user=user_id, product__in=bought).update(verified=True)


@transaction.atomic
def forget_opinions(*, user_id: UUID) -> None:
    """Delete a person's reviews and purchases; the products' stars follow. Locks: the products, in order."""
    reviews = Review.objects.filter(user=user_id)
    products = sorted(reviews.values_list("product_id", flat=True))
    list(Product.objects.select_for_update(no_key=True).filter(pk__in=products).order_by("pk"))
    reviews.delete()
    Purchase.objects.filter(user=user_id).delete()
    for product_id in products:
        _refresh_rating(product_id)


def _first_state() -> Review.State:
    return Review.State.WAITING if settings.REVIEWS_MODERATED else Review.State.PUBLISHED


def _lock(product_id: int) -> None:
    # Two reviews at once would each count without the other.
    if not Product.objects.select_for_update(no_key=True).filter(pk=product_id).first():
        raise NotFound


def _own(product_id: int, review_id: int, user_id: UUID) -> Review:
    own = Review.objects.filter(pk=review_id, product=product_id, user=user_id)
    review = own.exclude(state=Review.State.REJECTED).first()
    if review is None:
        raise NotFound
    return review


def _refresh_rating(product_id: int) -> None:
    """Keep stars and count; the product is locked."""
    shown = Review.objects.filter(product=product_id, state=Review.State.PUBLISHED)
    found = shown.aggregate(stars=Avg("rating"), count=Count("pk"))
    stars = None if found["stars"] is None else round(found["stars"] * 100)
    Product.objects.filter(pk=product_id).update(rating=stars, review_count=found["count"])

"""Codes made in bulk, each for one use: made, handed out, withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from cart.models import Coupon
from cart.services.codes import LONGEST, promotion_of_codes, readable
from shop.audit import services as audit
from shop.core.errors import FieldError, ValidationFailed
from shop.core.ids import readable_number
from shop.core.transactions import lock_by_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

MAX_CODES_A_BATCH = 100_000
# 58 bits: even where 100,000 codes are out, a guess is right once in 2^42 tries.
_RANDOM = 12
_AT_ONCE = 2000


@transaction.atomic
def generate_codes(
    *, promotion_id: int, count: int, prefix: str = "", batch: str = "", actor_id: UUID | None, now: datetime
) -> str:
    """
    Make codes that can each be used once, and return the name of their batch.

    They are ``prefix-`` and twelve characters that can't be mixed up. Locks: the batch, by its name.

    :param count: 1 to 100,000.
    :param batch: a name under which they can be downloaded and withdrawn; without one it is the time.
    :raises ValidationFailed: there are too many, the prefix can't be written, or the promotion needs no code or has a
        batch of this name; nothing is written.
    :raises NotFound: there is no such promotion.
    """
    promotion = promotion_of_codes(promotion_id)
    if not 1 <= count <= MAX_CODES_A_BATCH:
        detail = f"Write a number from 1 to {MAX_CODES_A_BATCH}."
        raise ValidationFailed(FieldError("count", "invalid", detail))
    beginning = f"{readable(prefix, 'prefix', longest=LONGEST - _RANDOM - 1)}-" if prefix.strip() else ""
    batch = batch.strip() or f"{now:%Y-%m-%d %H:%M:%S}"
    # Two runs of one name would be one batch, and withdrawing it would take both.
    lock_by_name(f"cart.batch:{promotion_id}:{batch}")
    if len(batch) > LONGEST or Coupon.objects.filter(promotion=promotion, batch=batch).exists():
        raise ValidationFailed(FieldError("batch", "unique", "Choose another name of at most 50 characters."))
    endings: set[str] = set()
    while len(endings) < count:
        endings.add(readable_number(_RANDOM))
    Coupon.objects.bulk_create(
        (
            Coupon(promotion=promotion, code=f"{beginning}{ending}", batch=batch, max_uses=1)
            for ending in endings
        ),
        batch_size=_AT_ONCE,
    )
    audit.record(
        actor_id=actor_id, action="cart.codes_generated", target=promotion, now=now, batch=batch, count=count
    )
    return batch


@transaction.atomic
def withdraw_codes(*, promotion_id: int, batch: str, actor_id: UUID | None, now: datetime) -> int:
    """
    Switch off every code of a batch, and return how many that were; orders that were placed keep what they got.

    Locks: the codes in the order of their ids.

    :raises NotFound: there is no such promotion.
    """
    promotion = promotion_of_codes(promotion_id)
    withdrawn = 0
    for ids in _living(promotion_id, batch):
        withdrawn += Coupon.objects.filter(pk__in=ids).update(is_active=False)
    audit.record(
        actor_id=actor_id,
        action="cart.codes_withdrawn",
        target=promotion,
        now=now,
        batch=batch,
        count=withdrawn,
    )
    return withdrawn


@transaction.atomic
def record_download(*, promotion_id: int, batch: str, actor_id: UUID | None, now: datetime) -> None:
    """
    Write down that somebody takes a copy of a batch: its codes are worth money.

    :raises NotFound: there is no such promotion.
    """
    promotion = promotion_of_codes(promotion_id)
    audit.record(actor_id=actor_id, action="cart.codes_downloaded", target=promotion, now=now, batch=batch)


def _living(promotion_id: int, batch: str) -> Iterator[list[int]]:
    """Yield the codes of a batch that are switched on, some thousand at a time, locked as checkouts lock them."""
    last = 0
    rows = Coupon.objects.filter(promotion=promotion_id, batch=batch, is_active=True).exclude(batch="")
    while ids := list(
        rows.filter(pk__gt=last)
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("pk", flat=True)[:_AT_ONCE]
    ):
        yield ids
        last = ids[-1]

"""Every way staff change what lowers a total."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from cart.errors import PromotionInUse
from cart.models import Promotion
from cart.promotion_rules import refusals
from cart.services.limits import count_customers, forget_counters, held_uses, lock_uses
from shop.audit import services as audit
from shop.core.errors import FieldError, NotFound, ValidationFailed, does_not_exist

if TYPE_CHECKING:
    from uuid import UUID

_SCOPES = ("products", "categories", "groups")


@dataclass(frozen=True, kw_only=True)
class PromotionData:
    """
    A promotion as staff say it; the words are those of ``cart.models.Promotion``.

    ``value`` is in millionths or minor units, as the kind has it. ``products``, ``categories`` and ``groups`` are ids
    of what and whom it is for; without any it is for all.
    """

    name: str
    kind: str
    currency: str
    value: int = 0
    buy_quantity: int = 0
    get_quantity: int = 0
    needs_code: bool = True
    products: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    first_order: bool = False
    min_subtotal: int = 0
    min_quantity: int = 0
    priority: int = 100
    combines: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    max_uses: int | None = None
    max_uses_each: int | None = None
    is_active: bool = True


@transaction.atomic
def save_promotion(
    *, data: PromotionData, promotion_id: int | None = None, actor_id: UUID | None, now: datetime
) -> Promotion:
    """
    Add a promotion, or change one; orders that were placed keep what they got.

    A limit counts what was used before it was set. Locks: all redemptions, the promotion.

    :raises ValidationFailed: it makes no sense, a limit is below what was used, it has codes and would need none, or
        something that it is for doesn't exist; nothing is written.
    :raises NotFound: there is no such promotion.
    """
    promotion = Promotion() if promotion_id is None else _locked(promotion_id)
    if refused := [*refusals(data), *_refusals_of_use(promotion, data)]:
        raise ValidationFailed(*refused)
    was_limited = _is_limited_each(promotion)
    for name, value in asdict(data).items():
        if name not in _SCOPES:
            setattr(promotion, name, value)
    promotion.used = held_uses(promotion=promotion_id) if promotion_id and data.max_uses is not None else 0
    promotion.save()
    _set_scopes(promotion, data)
    if was_limited and not _is_limited_each(promotion):
        forget_counters(promotion)
    elif promotion_id and not was_limited and _is_limited_each(promotion):
        count_customers(promotion)
    audit.record(actor_id=actor_id, action="cart.promotion_saved", target=promotion, now=now, **_facts(data))
    return promotion


@transaction.atomic
def delete_promotion(*, promotion_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Delete a promotion that no order has used, with its codes.

    Locks: all redemptions, the promotion.

    :raises PromotionInUse: an order has used it; nothing is written.
    :raises NotFound: there is no such promotion.
    """
    promotion = _locked(promotion_id)
    if promotion.redemptions.exists():
        raise PromotionInUse(what="promotion")
    audit.record(
        actor_id=actor_id,
        action="cart.promotion_deleted",
        target=promotion,
        now=now,
        name=promotion.name,
        codes=promotion.coupons.count(),
    )
    promotion.coupons.all().delete()
    promotion.delete()


def _locked(promotion_id: int) -> Promotion:
    lock_uses()
    promotion = Promotion.objects.select_for_update(no_key=True).filter(pk=promotion_id).first()
    if promotion is None:
        raise NotFound
    return promotion


def _is_limited_each(promotion: Promotion) -> bool:
    return promotion.first_order or promotion.max_uses_each is not None


def _refusals_of_use(promotion: Promotion, data: PromotionData) -> list[FieldError]:
    if promotion._state.adding:
        return []
    found = []
    used = held_uses(promotion=promotion)
    if data.max_uses is not None and used > data.max_uses:
        detail = f"It was used {used} times: write {used} or more, or switch it off."
        found.append(FieldError("max_uses", "min_value", detail))
    if not data.needs_code and promotion.coupons.exists():
        found.append(FieldError("needs_code", "invalid", "It has codes, so it needs one."))
    return found


def _set_scopes(promotion: Promotion, data: PromotionData) -> None:
    for name in _SCOPES:
        wanted = set(getattr(data, name))
        related: Any = getattr(promotion, name)
        if related.model.objects.filter(pk__in=wanted).count() < len(wanted):
            raise does_not_exist(name)
        related.set(wanted)


def _facts(data: PromotionData) -> dict[str, Any]:
    """Return what was said, as JSON has it."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(data).items()
    }

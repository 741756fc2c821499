"""Every way staff change single codes of promotions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from cart.errors import PromotionInUse
from cart.models import Coupon, Promotion
from cart.services.limits import held_uses, lock_uses
from shop.audit import services as audit
from shop.core.errors import FieldError, NotFound, ValidationFailed

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

LONGEST = 50
# Nothing that an address, a spreadsheet or a telephone could get wrong.
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]*")
_UNWRITABLE = "Write letters without accents, digits, and - . _ between them."


@dataclass(frozen=True, kw_only=True)
class CodeData:
    """A code as staff say it; with ``customer_id`` it is theirs alone."""

    max_uses: int | None = None
    customer_id: UUID | None = None
    is_active: bool = True


@transaction.atomic
def create_code(
    *, promotion_id: int, code: str, data: CodeData, actor_id: UUID | None, now: datetime
) -> Coupon:
    """
    Give a promotion a code, kept in capitals.

    :raises ValidationFailed: the code can't be written or is taken, the promotion needs none, or a limit is below 1;
        nothing is written.
    :raises NotFound: there is no such promotion.
    """
    promotion = promotion_of_codes(promotion_id)
    code = readable(code, "code")
    _require_limit(data)
    made = Coupon(promotion=promotion, code=code, max_uses=data.max_uses)
    made.customer_id, made.is_active = data.customer_id, data.is_active
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise ValidationFailed(FieldError("code", "unique", "There is this code already.")) from None
    _record(made, "cart.code_created", actor_id=actor_id, now=now)
    return made


@transaction.atomic
def change_code(*, code_id: int, data: CodeData, actor_id: UUID | None, now: datetime) -> Coupon:
    """
    Change how often a code may be used, by whom, or switch it off; orders that were placed keep what they got.

    A limit counts what was used before it was set. Locks: all redemptions, the code.

    :raises ValidationFailed: the limit is below what was used; nothing is written.
    :raises NotFound: there is no such code.
    """
    coupon = _locked(code_id)
    _require_limit(data)
    used = held_uses(coupon=coupon)
    if data.max_uses is not None and used > data.max_uses:
        detail = f"It was used {used} times: write {used} or more, or switch it off."
        raise ValidationFailed(FieldError("max_uses", "min_value", detail))
    coupon.used = used if data.max_uses is not None else 0
    coupon.max_uses, coupon.customer_id, coupon.is_active = data.max_uses, data.customer_id, data.is_active
    coupon.save()
    _record(coupon, "cart.code_changed", actor_id=actor_id, now=now)
    return coupon


@transaction.atomic
def delete_code(*, code_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Delete a code that no order has used. Locks: all redemptions, the code.

    :raises PromotionInUse: an order has used it; nothing is written.
    :raises NotFound: there is no such code.
    """
    coupon = _locked(code_id)
    if coupon.redemptions.exists():
        raise PromotionInUse(what="code")
    _record(coupon, "cart.code_deleted", actor_id=actor_id, now=now)
    coupon.delete()


def promotion_of_codes(promotion_id: int) -> Promotion:
    """
    Return a promotion that codes are for.

    :raises NotFound: there is none.
    :raises ValidationFailed: it needs no code.
    """
    promotion = Promotion.objects.filter(pk=promotion_id).first()
    if promotion is None:
        raise NotFound
    if not promotion.needs_code:
        raise ValidationFailed(FieldError("promotion", "invalid", "This promotion needs no code."))
    return promotion


def _locked(code_id: int) -> Coupon:
    lock_uses()
    coupon = Coupon.objects.select_for_update(no_key=True).filter(pk=code_id).first()
    if coupon is None:
        raise NotFound
    return coupon


def readable(text: str, field: str, *, longest: int = LONGEST) -> str:
    """
    Return what staff typed as codes are kept.

    :raises ValidationFailed: it can't be written as a code; the error names ``field``.
    """
    code = text.strip().upper()
    if not _CODE.fullmatch(code) or len(code) > longest:
        raise ValidationFailed(FieldError(field, "invalid", f"{_UNWRITABLE} At most {longest}."))
    return code


def _require_limit(data: CodeData) -> None:
    if data.max_uses is not None and data.max_uses < 1:
        raise ValidationFailed(FieldError("max_uses", "min_value", "Write 1 or more, or leave it empty."))


def _record(coupon: Coupon, action: str, *, actor_id: UUID | None, now: datetime) -> None:
    facts: dict[str, Any] = {"promotion": coupon.promotion_id, "max_uses": coupon.max_uses}
    facts["active"] = coupon.is_active
    if coupon.customer_id is None:
        # That of one person may have their name in it.
        facts["code"] = coupon.code
    audit.record(actor_id=actor_id, action=action, target=coupon, now=now, **facts)

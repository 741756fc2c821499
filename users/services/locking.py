"""An account for those who give it something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.core.transactions import require_transaction
from users import selectors
from users.models import User

if TYPE_CHECKING:
    from uuid import UUID


def lock_recipient(*, user_id: UUID) -> selectors.Recipient | None:
    """
    Lock an account until the caller's transaction ends and return whom a mail to it goes to; None when nobody.

    Until then it is neither erased nor shut nor given another address: what is attached to it meanwhile is seen by
    whoever does that next. It is the first lock to take, before any order's.
    """
    require_transaction("lock_recipient()")
    User.objects.select_for_update(no_key=True).filter(pk=user_id).values_list("pk", flat=True).first()
    return selectors.recipient(user_id)

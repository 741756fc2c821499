"""Taking orders out of the shop: who did it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction

from shop.audit import services as audit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID


@transaction.atomic
def record_export(*, actor_id: UUID | None, narrowed_by: Iterable[str], now: datetime) -> None:
    """
    Write down that somebody takes a copy of orders, which say who bought what and where they live.

    :param narrowed_by: the names of the filters; what was looked for may itself be an address, so it isn't kept.
    """
    doer = get_user_model()(pk=actor_id)
    audit.record(
        actor_id=actor_id, action="orders.exported", target=doer, now=now, narrowed_by=sorted(narrowed_by)
    )

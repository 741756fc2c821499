"""Writing down something about an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from orders.events import NoteAdded
from orders.models import OrderNote
from orders.services.moving import locked
from shop.audit import services as audit
from shop.events.outbox import publish

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@transaction.atomic
def add_note(*, order_id: UUID, text: str, visible: bool, author_id: UUID, now: datetime) -> OrderNote:
    """
    Write a note on an order.

    Locks: order, so that an erasure finds every note. Emits: ``orders.note_added.v1`` for one that the order's owner
    may read.

    :raises NotFound: there is no such order.
    """
    order = locked(order_id)
    note = OrderNote.objects.create(order=order, text=text, visible=visible, author_id=author_id, at=now)
    if visible:
        publish(NoteAdded(note_id=note.pk, version=1, order_id=order.pk), now=now)
    audit.record(
        actor_id=author_id,
        action="orders.note_added",
        target=order,
        now=now,
        note=str(note.pk),
        visible=visible,
    )
    return note

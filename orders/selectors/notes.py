"""Notes on orders; what staff keep to themselves is only read where that is asked for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orders.models import OrderNote

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet


def visible_notes(order_id: UUID) -> QuerySet[OrderNote]:
    """Return the notes that an order's owner may read."""
    return OrderNote.objects.filter(order=order_id, visible=True)


def all_notes(order_id: UUID) -> QuerySet[OrderNote]:
    """Return every note on an order, also those that are for staff alone."""
    return OrderNote.objects.filter(order=order_id)


def note_for_mail(note_id: UUID) -> str:
    """
    Return the text of a note that the order's owner may read.

    :raises OrderNote.DoesNotExist: there is no such note.
    """
    return OrderNote.objects.get(pk=note_id, visible=True).text


def note_json(note: OrderNote, *, for_staff: bool) -> dict[str, Any]:
    """Return a note; only staff learn who wrote it, and whether the owner may read it."""
    said: dict[str, Any] = {"id": str(note.pk), "text": note.text, "at": note.at}
    return {**said, "visible": note.visible, "author": str(note.author_id)} if for_staff else said

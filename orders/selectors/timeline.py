"""What happened to an order, step by step, in words for the person who waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from orders.models import Return
from orders.moves import FULFILMENT
from orders.selectors.notes import visible_notes
from orders.shapes import stage_of, step_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from orders.models import Order, Shipment

_SENT = _("%(carrier)s has a parcel of yours.")
_ARRIVED = _("%(carrier)s has delivered a parcel.")
_RETURNS = {
    "requested": _("You asked to send something back."),
    "approved": _("You can send it back."),
    "rejected": _("It can't be taken back."),
    "received": _("What you sent back has arrived."),
    "refunded": _("Your money for what you sent back is on its way."),
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happened; ``kind`` is step, shipment, return or note, ``stage`` what the order then was or is."""

    id: str
    kind: str
    stage: str
    message: str
    at: datetime


def steps_of(order: Order) -> list[Step]:
    """Return everything that happened to an order, oldest first, in its language; four statements."""
    with override(order.language):
        # The moves of goods are told by the parcels; only what needs none has no parcel to tell of it.
        parcels = list(order.shipments.order_by("position"))
        found = [
            *_moves(order, goods=not parcels),
            *_parcels(order, parcels),
            *_returns(order),
            *_notes(order),
        ]
    return sorted(found, key=lambda step: step.at)


def _moves(order: Order, *, goods: bool) -> Iterator[Step]:
    for move in order.moves.order_by("version"):
        step = step_of(move)
        if step is not None and (goods or move.axis != FULFILMENT):
            stage, message = step
            yield Step(id=f"step-{move.version}", kind="step", stage=stage, message=str(message), at=move.at)


def _parcels(order: Order, parcels: list[Shipment]) -> Iterator[Step]:
    for parcel in parcels:
        said = {"carrier": parcel.carrier_name}
        name = f"shipment-{parcel.position}"
        yield Step(id=name, kind="shipment", stage="shipped", message=str(_SENT) % said, at=parcel.shipped_at)
        if parcel.delivered_at is not None:
            yield Step(
                id=f"{name}-delivered",
                kind="shipment",
                stage="delivered",
                message=str(_ARRIVED) % said,
                at=parcel.delivered_at,
            )


def _returns(order: Order) -> Iterator[Step]:
    for number, back in enumerate(order.returns.order_by("requested_at", "pk"), start=1):
        decided = "rejected" if back.status == Return.Status.REJECTED else "approved"
        times = {
            "requested": back.requested_at,
            decided: back.decided_at,
            "received": back.received_at,
            "refunded": back.refunded_at,
        }
        for status, at in times.items():
            if at is not None:
                yield Step(
                    id=f"return-{number}-{status}",
                    kind="return",
                    stage=stage_of(order),
                    message=str(_RETURNS[status]),
                    at=at,
                )


def _notes(order: Order) -> Iterator[Step]:
    # Those that are for staff alone aren't told, as pages and answers of shoppers are made of this.
    for number, note in enumerate(visible_notes(order.pk).order_by("at", "pk"), start=1):
        if note.text:
            yield Step(id=f"note-{number}", kind="note", stage=stage_of(order), message=note.text, at=note.at)

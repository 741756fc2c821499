"""Sending back: asked for, decided, received, refunded. Each step is a move of ``orders.moves.RETURN_MOVES``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q, Sum

from orders.errors import RefundTooLarge, ReturnWindowClosed, TransitionNotAllowed
from orders.events import ReturnMoved
from orders.models import LineCancellation, Order, OrderMove, Return, ReturnLine, ShipmentLine
from orders.moves import FULFILMENT, RETURN_MOVES, allowed
from orders.services.counting import count, lines_of, more, require_within
from orders.services.goods import settle_goods, worth
from orders.services.moving import locked
from products import services as products
from shop.audit import services as audit
from shop.core.errors import NotFound
from shop.core.money import to_text
from shop.events.outbox import publish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from orders.models import OrderLine
    from orders.services.moving import Actor

_Status = Return.Status
# Units in these are on their way back, or said to be.
_COMING = (_Status.REQUESTED, _Status.APPROVED)


@dataclass(frozen=True, kw_only=True)
class WantedBack:
    """Units of a line that the shopper wants to send back, and why in their words."""

    quantity: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Received:
    """Units of a line that have come back: into stock again, or written off."""

    quantity: int
    restock: bool = True


@transaction.atomic
def request_return(*, order_id: UUID, wanted: Mapping[UUID, WantedBack], actor: Actor, now: datetime) -> UUID:
    """
    Ask to send units of an order back, and return the return's id.

    The window of ``RETURN_WINDOW_DAYS`` counts from the delivery of a line's last parcel; staff may ask after it.
    Locks: order. Emits: ``orders.return_moved.v1``.

    :param wanted: by line id.
    :raises TransitionNotAllowed: nothing of the order was sent.
    :raises ValidationFailed: a line isn't the order's, or fewer units of it can still come back.
    :raises ReturnWindowClosed: it is too late. In each case nothing is written.
    """
    order = locked(order_id)
    lines = lines_of(order)
    if not any(line.shipped for line in lines.values()):
        here = order.fulfilment_status
        raise TransitionNotAllowed(here=here, to="returned", allowed=allowed(FULFILMENT, here))
    coming = _coming_back(order)
    require_within(
        lines,
        {pk: one.quantity for pk, one in wanted.items()},
        left=lambda line: line.shipped - line.returned - coming.get(line.pk, 0),
        left_to="send back",
    )
    if actor.kind != OrderMove.Actor.STAFF:
        _require_in_time(wanted, now=now)
    back = Return.objects.create(order=order, requested_at=now)
    ReturnLine.objects.bulk_create(
        ReturnLine(back=back, line_id=pk, quantity=one.quantity, reason=one.reason)
        for pk, one in wanted.items()
    )
    _tell(order, back, actor=actor, now=now)
    return back.pk


@transaction.atomic
def decide_return(*, return_id: UUID, approve: bool, message: str, actor: Actor, now: datetime) -> None:
    """
    Approve a return that was asked for, or reject it, also after it was approved.

    Locks: order. Emits: ``orders.return_moved.v1``.

    :param message: what the shopper is told with it.
    :raises NotFound: there is no such return.
    :raises TransitionNotAllowed: it is decided already; nothing is written.
    """
    order, back = _locked_return(return_id)
    to = _Status.APPROVED if approve else _Status.REJECTED
    _move(order, back, to, actor=actor, now=now, message=message, decided_at=now)


@transaction.atomic
def receive_return(
    *,
    return_id: UUID,
    received: Mapping[UUID, Received] | None,
    message: str,
    actor: Actor,
    now: datetime,
) -> None:
    """
    Take note of what has come back; what may be sold again goes to stock in the same transaction.

    Locks: order, stock by variant. Emits: ``orders.return_moved.v1``.

    :param received: by line id, at most what was asked for; a line that is left out didn't come. None: all came and
        may be sold again.
    :raises NotFound: there is no such return.
    :raises TransitionNotAllowed: it isn't approved.
    :raises ValidationFailed: a line isn't of this return, or more of it is named. Nothing is written.
    """
    order, back = _locked_return(return_id)
    _require_way(back, _Status.RECEIVED)
    rows = {row.line_id: row for row in back.lines.select_related("line").order_by("line__position")}
    lines = {pk: row.line for pk, row in rows.items()}
    if received is None:
        received = {pk: Received(quantity=row.quantity) for pk, row in rows.items()}
    require_within(
        lines,
        {pk: one.quantity for pk, one in received.items()},
        left=lambda line: rows[line.pk].quantity,
        left_to="receive",
    )
    _take_in(order, lines, received, actor=actor, ref=back.pk, now=now)
    for pk, row in rows.items():
        one = received.get(pk, Received(quantity=0, restock=False))
        row.received, row.restocked, row.amount = (
            one.quantity,
            one.restock,
            worth(order, row.line, one.quantity),
        )
    ReturnLine.objects.bulk_update(rows.values(), ["received", "restocked", "amount"])
    _move(order, back, _Status.RECEIVED, actor=actor, now=now, message=message, received_at=now)
    settle_goods(order, actor=actor, now=now)


@transaction.atomic
def refund_return(*, return_id: UUID, amount: int | None, message: str, actor: Actor, now: datetime) -> None:
    """
    Decide how much money goes back for what was received; payments sends it by the event.

    Locks: order. Emits: ``orders.return_moved.v1`` with the amount.

    :param amount: minor units, at least 0: less than it is worth, or more, such as with the shipping; None for
        exactly what the received units are worth.
    :raises NotFound: there is no such return.
    :raises TransitionNotAllowed: nothing was received, or it is refunded already.
    :raises RefundTooLarge: less of the order's total is left. In each case nothing is written.
    """
    order, back = _locked_return(return_id)
    _require_way(back, _Status.REFUNDED)
    if amount is None:
        amount = back.lines.aggregate(sum=Sum("amount"))["sum"] or 0
    left = _left_to_refund(order)
    if not 0 <= amount <= left:
        raise RefundTooLarge(left=to_text(left, order.currency), currency=order.currency)
    _move(
        order, back, _Status.REFUNDED, actor=actor, now=now, message=message, amount=amount, refunded_at=now
    )


def _locked_return(return_id: UUID) -> tuple[Order, Return]:
    """Return a return and its order, which is locked before the return is read as it counts."""
    order_id = Return.objects.filter(pk=return_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound
    order = locked(order_id)
    return order, Return.objects.get(pk=return_id)


def _move(
    order: Order, back: Return, to: Return.Status, *, actor: Actor, now: datetime, **changes: object
) -> None:
    refusal = _require_way(back, to)
    here = Return.objects.filter(pk=back.pk, status=back.status, version=back.version)
    if not here.update(status=to, version=F("version") + 1, **changes):
        raise refusal
    back.refresh_from_db()
    _tell(order, back, actor=actor, now=now)


def _require_way(back: Return, to: Return.Status) -> TransitionNotAllowed:
    """Refuse a step that the table doesn't have; return the refusal for one that somebody else has just taken."""
    ways = RETURN_MOVES[back.status]
    refusal = TransitionNotAllowed(here=back.status, to=to.value, allowed=ways)
    if to not in ways:
        raise refusal
    return refusal


def _tell(order: Order, back: Return, *, actor: Actor, now: datetime) -> None:
    publish(
        ReturnMoved(
            return_id=back.pk,
            version=back.version,
            order_id=order.pk,
            status=back.status,
            amount=back.amount,
            currency=order.currency,
            lines=[
                {"line_id": line_id, "quantity": quantity}
                for line_id, quantity in back.lines.order_by("line__position").values_list(
                    "line_id", "received"
                )
                if quantity
            ],
        ),
        now=now,
    )
    if actor.kind == OrderMove.Actor.STAFF and actor.id is not None:
        action = f"orders.return_{back.status}"
        audit.record(
            actor_id=actor.id,
            action=action,
            target=order,
            now=now,
            return_id=str(back.pk),
            amount=back.amount,
        )


def _coming_back(order: Order) -> dict[UUID, int]:
    rows = ReturnLine.objects.filter(back__order=order, back__status__in=_COMING)
    return dict(rows.values_list("line").annotate(units=Sum("quantity")))


def _require_in_time(wanted: Mapping[UUID, WantedBack], *, now: datetime) -> None:
    parcels = ShipmentLine.objects.filter(line__in=wanted, shipment__delivered_at__isnull=False)
    under_way = ShipmentLine.objects.filter(line__in=wanted, shipment__delivered_at__isnull=True)
    still = set(under_way.values_list("line", flat=True))
    arrived = dict(parcels.values_list("line").annotate(at=Max("shipment__delivered_at")))
    ends = [at + timedelta(days=settings.RETURN_WINDOW_DAYS) for pk, at in arrived.items() if pk not in still]
    if ends and min(ends) < now:
        raise ReturnWindowClosed(closed_at=min(ends).isoformat())


def _take_in(
    order: Order,
    lines: Mapping[UUID, OrderLine],
    received: Mapping[UUID, Received],
    *,
    actor: Actor,
    ref: UUID,
    now: datetime,
) -> None:
    came = {pk: one.quantity for pk, one in received.items() if one.quantity}
    if not came:
        return
    if not count("returned", came, room=Q(shipped__gte=F("returned") + more(came))):
        here = order.fulfilment_status
        raise TransitionNotAllowed(here=here, to="returned", allowed=allowed(FULFILMENT, here))
    for_sale = {lines[pk].variant_id: units for pk, units in came.items() if received[pk].restock}
    if for_sale:
        products.return_to_stock(order_ref=order.pk, quantities=for_sale, ref=ref, actor_id=actor.id, now=now)


def _left_to_refund(order: Order) -> int:
    """Return how much of the total neither went back nor is promised by cancelled lines and other returns."""
    off = LineCancellation.objects.filter(line__order=order).aggregate(sum=Sum("amount"))["sum"] or 0
    promised = order.returns.aggregate(sum=Sum("amount"))["sum"] or 0
    return max(0, order.total - max(off + promised, order.refunded_total))

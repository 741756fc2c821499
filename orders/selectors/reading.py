"""Orders as clients, mails and receipts read them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F, OuterRef

from orders.models import Order, OrderAddress, OrderLine, OrderMove, Shipment, ShipmentLine
from orders.shapes import ADDRESS, LINE, SHIPMENT, moves_json, shape, shipments_json, stage_of
from orders.tokens import access_token
from shop.core.sql import JsonColumn, JsonList

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet


def ready(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Return orders with their lines, addresses and parcels, so that one statement reads them whole."""
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by("position")
    addresses = OrderAddress.objects.filter(order=OuterRef("pk")).order_by("kind")
    shipments = Shipment.objects.filter(order=OuterRef("pk")).order_by("position")
    shipped = ShipmentLine.objects.filter(shipment__order=OuterRef("pk")).order_by("line__position")
    return orders.annotate(
        line_rows=JsonList(lines, options=JsonColumn("options"), **{name: F(name) for name in LINE}),
        address_rows=JsonList(addresses, **{name: F(name) for name in ADDRESS}),
        shipment_rows=JsonList(shipments, **{name: F(name) for name in SHIPMENT}),
        shipped_rows=JsonList(
            shipped,
            shipment_id=F("shipment_id"),
            line_id=F("line_id"),
            quantity=F("quantity"),
            sku=F("line__sku"),
            name=F("line__name"),
        ),
    )


def order_json(order_id: UUID) -> dict[str, Any]:
    """Return an order as the contract shapes it; whoever asks has been checked already. One statement."""
    return shape(ready(Order.objects.filter(pk=order_id)).get())


def order_for_mail(order_id: UUID) -> dict[str, Any]:
    """Return an order as the contract shapes it with ``user_id`` and, for a guest's, its ``access_token``."""
    order = ready(Order.objects.filter(pk=order_id)).get()
    token = access_token(order.pk, order.token_version) if order.user_id is None else None
    return {**shape(order), "user_id": order.user_id, "access_token": token}


def track_json(order: Order) -> dict[str, Any]:
    """Return what a shopper wants to know of an order, without personal data; one more statement."""
    moves = list(OrderMove.objects.filter(order=order).order_by("version"))
    due = None
    arrived = order.fulfilment_status in (Order.FulfilmentStatus.DELIVERED, Order.FulfilmentStatus.RETURNED)
    open_states = (Order.Status.PENDING, Order.Status.CONFIRMED)
    if order.max_days is not None and order.status in open_states and not arrived:
        confirmed = next(
            (move.at for move in moves if move.to_state == Order.Status.CONFIRMED), order.placed_at
        )
        due = (confirmed + timedelta(days=order.max_days)).date()
    return {
        "number": order.number,
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfilment_status": order.fulfilment_status,
        "stage": stage_of(order),
        "shipments": shipments_json(order),
        "estimated_delivery": due,
        "events": moves_json(moves, order.language),
    }

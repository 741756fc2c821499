"""What staff do with the goods of an order: send, deliver, cancel, take back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from unfold.decorators import action
from unfold.enums import ActionVariant

from orders import services
from orders.admin.forms import (
    CancelLinesForm,
    Choice,
    DeliveredForm,
    ParcelForm,
    ReasonForm,
    TakeBackForm,
)
from orders.admin.steps import Step, StepPages, staff
from orders.models import Order
from orders.packing_slip import packing_slip_pdf
from orders.selectors.slips import slip_of
from orders.services import Parcel, WantedBack
from orders.services.goods import open_quantity
from shop.core.errors import NotFound
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from django.http import HttpRequest

    from orders.models import OrderLine

_SECURED = ("paid", "partially_refunded", "authorized")


class GoodsPages(StepPages):
    """The pages of an order's steps, and the slips of its parcels; each step calls one service."""

    goods_actions = ("send_parcel", "mark_delivered", "take_back", "cancel_some", "cancel_whole")

    def get_urls(self) -> list[Any]:
        slip = path(
            "<uuid:order_id>/parcels/<uuid:parcel_id>/packing_slip/",
            self.admin_site.admin_view(self.packing_slip),
            name="orders_order_packing_slip",
        )
        return [slip, *super().get_urls()]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Leave out the buttons of steps that the order can't take; their pages say why they can't."""
        actions: list[Any] = super().get_actions_detail(request, object_id)
        order = self.get_object(request, object_id) if actions else None
        if order is None:
            return actions
        closed = {f"orders_order_{name}" for name in set(self.goods_actions) - _open_steps(order)}
        return [one for one in actions if one.action_name not in closed]

    @action(
        description="Send a parcel",
        url_path="send_parcel",
        permissions=["step"],
        icon="local_shipping",
        variant=ActionVariant.PRIMARY,
    )
    def send_parcel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand units to a carrier."""
        order = self.found(request, object_id)

        def act(form: ParcelForm) -> None:
            parcel = Parcel(
                carrier=form.carried_by(),
                tracking_number=form.cleaned_data["tracking_number"],
                quantities=form.units(),
            )
            self._call(services.ship, order, request, "sent", parcel=parcel)

        lines = [line for line in _lines(order) if line.requires_shipping and open_quantity(line)]
        choices = [_choice(line, open_quantity(line), open_quantity(line)) for line in lines]
        step = self._step(order, "Send a parcel", "Send it", "The parcel is sent.", act=act)
        return self.answer(request, step(form=partial(ParcelForm, choices=choices)))

    @action(
        description="Mark delivered", url_path="mark_delivered", permissions=["step"], icon="where_to_vote"
    )
    def mark_delivered(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take note that parcels have arrived."""
        order = self.found(request, object_id)

        def act(form: DeliveredForm) -> None:
            said = form.cleaned_data.get("parcel")
            parcel = UUID(said) if said else None
            self._call(services.deliver, order, request, "delivered", shipment_id=parcel)

        parcels = list(order.shipments.filter(delivered_at__isnull=True).order_by("position"))
        hint = "" if len(parcels) != 1 else f"The parcel by {parcels[0].carrier_name} has arrived."
        step = self._step(order, "Mark delivered", "It has arrived", "That is noted.", act=act, hint=hint)
        return self.answer(request, step(form=partial(DeliveredForm, parcels=parcels)))

    @action(description="Take back", url_path="take_back", permissions=["step"], icon="assignment_return")
    def take_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open a return for the shopper."""
        order = self.found(request, object_id)

        def act(form: TakeBackForm) -> None:
            reason = form.cleaned_data["reason"]
            wanted = {pk: WantedBack(quantity=units, reason=reason) for pk, units in form.units().items()}
            self._call(services.request_return, order, request, wanted=wanted)

        lines = [line for line in _lines(order) if line.shipped > line.returned]
        choices = [_choice(line, line.shipped - line.returned, 0) for line in lines]
        hint = "Staff may do this after the shopper's time for it is over, too."
        step = self._step(order, "Take back", "Open a return", "The return is open.", act=act, hint=hint)
        return self.answer(request, step(form=partial(TakeBackForm, choices=choices)))

    @action(description="Cancel lines", url_path="cancel_some", permissions=["step"], icon="playlist_remove")
    def cancel_some(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take units off the order that weren't sent."""
        order = self.found(request, object_id)

        def act(form: CancelLinesForm) -> None:
            cause = form.cleaned_data["reason"]
            self._call(services.cancel_lines, order, request, cause, quantities=form.units())

        choices = [_choice(line, open_quantity(line), 0) for line in _lines(order) if open_quantity(line)]
        hint = "Their stock goes back at once, and what they cost goes back to the shopper, without the shipping."
        step = self._step(order, "Cancel lines", "Cancel them", "They are cancelled.", act=act, hint=hint)
        return self.answer(request, step(form=partial(CancelLinesForm, choices=choices), danger=True))

    @action(
        description="Cancel",
        url_path="cancel",
        permissions=["step"],
        icon="cancel",
        variant=ActionVariant.DANGER,
    )
    def cancel_whole(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Cancel an order of which nothing was sent."""
        order = self.found(request, object_id)

        def act(form: ReasonForm) -> None:
            self._call(services.cancel_order, order, request, form.cleaned_data["reason"])

        hint = "Its stock goes back at once; what was paid is refunded whole."
        done = f"{order.number} is cancelled."
        step = self._step(order, "Cancel the order", "Cancel it", done, act=act, hint=hint)
        return self.answer(request, step(form=ReasonForm, danger=True))

    def packing_slip(self, request: HttpRequest, order_id: UUID, parcel_id: UUID) -> HttpResponse:
        """Answer with the slip of a parcel."""
        order = self.get_object(request, str(order_id)) if self.has_view_permission(request) else None
        try:
            slip = slip_of(order, parcel_id) if order else None
        except NotFound:
            slip = None
        if slip is None:
            raise Http404
        name = f'inline; filename="{slip.number}-{slip.position}.pdf"'
        headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
        return HttpResponse(packing_slip_pdf(slip), content_type="application/pdf", headers=headers)

    def _step(self, order: Order, title: str, button: str, done: str, **more: Any) -> partial[Step]:
        back = reverse("admin:orders_order_change", args=(order.pk,))
        named = f"{title}: {order.number}"
        return partial(
            Step, title=named, button=button, done=done, back=back, back_to=f"Order {order.number}", **more
        )

    def _call(self, service: Any, order: Order, request: HttpRequest, cause: str = "", **said: Any) -> None:
        use_case(service, order_id=order.pk, actor=staff(request, cause), now=timezone.now(), **said)


def _open_steps(order: Order) -> set[str]:
    lines, steps = _lines(order), set()
    stands = order.status == Order.Status.CONFIRMED
    left = any(open_quantity(line) for line in lines)
    to_send = any(line.requires_shipping and open_quantity(line) for line in lines)
    nothing_to_send = not any(line.requires_shipping for line in lines)
    if stands and to_send and order.payment_status in _SECURED:
        steps.add("send_parcel")
    if stands and (nothing_to_send or order.shipments.filter(delivered_at__isnull=True).exists()):
        steps.add("mark_delivered")
    if stands and left:
        steps.add("cancel_some")
    if any(line.shipped > line.returned for line in lines):
        steps.add("take_back")
    if order.status in (Order.Status.PENDING, Order.Status.CONFIRMED) and not any(
        line.shipped for line in lines
    ):
        steps.add("cancel_whole")
    return steps


def _lines(order: Order) -> list[OrderLine]:
    return list(order.lines.order_by("position"))


def _choice(line: OrderLine, most: int, initial: int) -> Choice:
    said = [f"{line.quantity} ordered"]
    said += [
        f"{getattr(line, name)} {word}"
        for name, word in (("shipped", "sent"), ("cancelled", "cancelled"), ("returned", "returned"))
        if getattr(line, name)
    ]
    return Choice(line=line, most=most, initial=initial, facts=", ".join(said))

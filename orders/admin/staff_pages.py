"""What staff write in the admin beside the orders themselves: a new order for somebody, and notes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action

from cart import selectors as carts
from orders import services
from orders.admin.staff_forms import NewOrderForm, NoteForm
from orders.bodies import staff_order_in
from orders.models import OrderMove, OrderNote
from orders.serializers_staff import StaffOrderBody
from orders.services import Actor, StaffOrder
from shop.api.idempotency import Answer, Guard
from shop.core.errors import DomainError, ValidationFailed
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


class NoteInline(TabularInline):
    """The notes so far; a new one is written on a page of its own, because one that is visible is mailed."""

    model = OrderNote
    extra = 0
    can_delete = False
    fields = ("text", "visible", "author_id", "at")
    ordering = ("at",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Whoever sees the order: as in the API.
        return bool(
            request.user.has_perm("orders.view_order") or request.user.has_perm("orders.change_order")
        )


@dataclass(frozen=True)
class _Posted:
    """A form as the guard of repeated requests reads one."""

    headers: dict[str, str]
    path: str
    data: dict[str, Any]
    method: str = "POST"


class StaffPages(ModelAdmin):
    """A part of the orders' admin."""

    staff_list_actions = ("new_order",)
    staff_actions = ("add_note",)

    def has_new_order_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("orders.add_order"))

    def has_add_note_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("orders.change_order"))

    @action(description="New order", url_path="new", permissions=["new_order"], icon="add_shopping_cart")
    def new_order(self, request: HttpRequest) -> HttpResponse:
        """Write down what somebody orders, show what it costs, and place it."""
        if request.method != "POST":
            return self._order_page(request, NewOrderForm())
        form = NewOrderForm(request.POST)
        if not form.is_valid():
            return self._order_page(request, form)
        body = form.body()
        try:
            wanted = _read(body)
            if "place" in request.POST:
                placed = self._placed(request, form, body, wanted)
                self.message_user(request, "It is placed, and the customer gets the mail.", messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:orders_order_change", args=[placed]))
            priced = use_case(services.preview_staff_order, wanted=wanted, now=timezone.now())
        except (DomainError, ValidationError) as refusal:
            return self._order_page(request, form, refused=list(_reasons(refusal)))
        said = {
            **carts.cart_json(priced),
            "shipping_methods": carts.methods_json(priced.options, priced.currency),
        }
        return self._order_page(request, form.agreeing_to(said["total"]), preview=said)

    def _placed(
        self, request: HttpRequest, form: NewOrderForm, body: dict[str, Any], wanted: StaffOrder
    ) -> str:
        """Place it once, however often the form is sent, and return its id."""

        def place(now: datetime) -> Answer:
            actor = Actor(kind=OrderMove.Actor.STAFF, id=cast("Any", request.user).pk)
            order = services.place_staff_order(wanted=wanted, actor=actor, now=now)
            return Answer(201, {"id": str(order.pk)})

        asked = _Posted({"Idempotency-Key": form.cleaned_data["key"]}, request.path, body)
        guard = Guard(cast("Any", asked), principal=f"user:{request.user.pk}")
        return str(guard.once(place).data["id"])

    def _order_page(
        self,
        request: HttpRequest,
        form: NewOrderForm,
        *,
        refused: list[str] | None = None,
        preview: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"title": "New order", "form": form, "refused": refused or [], "preview": preview}
        return self._page(request, "orders/admin_new_order.html", context)

    @action(description="Add a note", url_path="note", permissions=["add_note"], icon="note_add")
    def add_note(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Write a note on an order."""
        order = self.get_object(request, object_id)
        if order is None:
            raise Http404
        form = NoteForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            author = cast("Any", request.user).pk
            write = partial(services.add_note, order_id=order.pk, author_id=author, now=timezone.now())
            use_case(write, **form.cleaned_data)
            self.message_user(request, "The note is written.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:orders_order_change", args=[order.pk]))
        return self._page(request, "orders/admin_note.html", {"title": f"Note on {order}", "form": form})

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        whole = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, template, whole)


def _read(body: dict[str, Any]) -> StaffOrder:
    read = StaffOrderBody(data=body)
    read.is_valid(raise_exception=True)
    return staff_order_in(read.validated_data)


def _reasons(refusal: Exception) -> Iterator[str]:
    """Return what is wrong, in sentences that name the field."""
    if isinstance(refusal, ValidationFailed):
        yield from (f"{error.field}: {error.detail}" for error in refusal.errors)
    elif isinstance(refusal, ValidationError):
        yield from _flat("", refusal.detail)
    else:
        yield str(refusal)


def _flat(path: str, detail: Any) -> Iterator[str]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _flat(f"{path}.{name}".lstrip("."), inner)
    elif isinstance(detail, list):
        for inner in detail:
            yield from _flat(path, inner)
    else:
        yield f"{path}: {detail}"

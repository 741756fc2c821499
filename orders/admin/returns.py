"""Returns in the admin: to read, and one page for each step."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from orders import services
from orders.admin.forms import Choice, MessageForm, ReceiveForm, RefundForm
from orders.admin.inlines import LINK, RETURN_COLOURS
from orders.admin.steps import Step, StepPages, staff
from orders.models import Return, ReturnLine
from orders.moves import RETURN_MOVES
from shop.api.admin import ReadOnlyAdmin, money_column
from shop.core.money import to_text
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from django.db.models import QuerySet

_OPEN = [status for status, ways in RETURN_MOVES.items() if ways]
_LEADS_TO = {"approve": "approved", "reject": "rejected", "receive": "received", "refund": "refunded"}


class StatusFilter(DropdownFilter):
    """Those that staff have something to do about, unless another choice is made."""

    title = "status"
    parameter_name = "status"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        each = [(value, str(label)) for value, label in Return.Status.choices]
        return [("", "Open"), ("all", "All"), *each]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Return]) -> QuerySet[Return]:
        status = self.value() or ""
        if status == "all":
            return queryset
        return queryset.filter(status__in=[status] if status in Return.Status.values else _OPEN)


class ReturnLineInline(TabularInline):
    model = ReturnLine
    fields = readonly_fields = ("sku", "name", "quantity", "reason", "received", "restocked", "worth")
    extra = 0
    can_delete = False
    hide_title = True
    verbose_name_plural = "what comes back"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReturnLine]:
        return super().get_queryset(request).select_related("line__order").order_by("line__position")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    @admin.display(description="SKU")
    def sku(self, row: ReturnLine) -> str:
        return row.line.sku

    @admin.display
    def name(self, row: ReturnLine) -> str:
        return row.line.name

    @admin.display
    def worth(self, row: ReturnLine) -> str:
        currency = row.line.order.currency
        return "–" if row.amount is None else f"{to_text(row.amount, currency)} {currency}"


@admin.register(Return)
class ReturnAdmin(StepPages, ReadOnlyAdmin):
    list_display = ("requested_at", "order_number", "shown_status", "contents", "refunded")
    list_filter = (StatusFilter,)
    list_filter_submit = True
    list_select_related = ("order",)
    search_fields = ("order__number",)
    search_help_text = "The number of an order."
    sortable_by = ()
    inlines = (ReturnLineInline,)
    fields = (
        "order_link", "shown_status", "message", "refunded",
        ("requested_at", "decided_at"), ("received_at", "refunded_at"),
    )  # fmt: skip
    actions_detail = ("approve", "receive", "refund", "reject")
    refunded = money_column("amount", "refunded", of="order")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A return is a part of its order.
        return bool(
            request.user.has_perm("orders.view_order")
            or request.user.has_perm("orders.change_order")
            or super().has_view_permission(request, obj)
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        # Open ones by how long they wait; of all, the newest, which their keys are in the order of.
        return ("-pk",) if request.GET.get("status") else ("requested_at", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Return]:
        return super().get_queryset(request).select_related("order").prefetch_related("lines__line")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Return], search_term: str
    ) -> tuple[QuerySet[Return], bool]:
        word = search_term.strip().upper()
        return (queryset.filter(order__number__startswith=word) if word else queryset), False

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        actions: list[Any] = super().get_actions_detail(request, object_id)
        back = self.get_object(request, object_id) if actions else None
        if back is None:
            return actions
        ways = RETURN_MOVES[back.status]
        closed = {f"orders_return_{name}" for name, to in _LEADS_TO.items() if to not in ways}
        return [one for one in actions if one.action_name not in closed]

    @admin.display(description="order")
    def order_number(self, back: Return) -> str:
        return back.order.number

    @admin.display(description="order")
    def order_link(self, back: Return) -> str:
        page = reverse("admin:orders_order_change", args=(back.order_id,))
        return format_html(LINK, page, back.order.number)

    @display(description="status", label=RETURN_COLOURS)
    def shown_status(self, back: Return) -> str:
        return back.status

    @admin.display
    def contents(self, back: Return) -> str:
        return ", ".join(f"{row.quantity} × {row.line.sku}" for row in back.lines.all())

    @action(
        description="Approve",
        url_path="approve",
        permissions=["step"],
        icon="check",
        variant=ActionVariant.PRIMARY,
    )
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let it come."""
        back = self.found(request, object_id)
        act = partial(self._call, services.decide_return, back, request, approve=True)
        step = self._step(back, "Approve", "Approve it", "The return is approved.", act=act, form=MessageForm)
        return self.answer(request, step)

    @action(
        description="Reject",
        url_path="reject",
        permissions=["step"],
        icon="block",
        variant=ActionVariant.DANGER,
    )
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refuse it, also when it was approved and never came."""
        back = self.found(request, object_id)
        act = partial(self._call, services.decide_return, back, request, approve=False)
        step = self._step(
            back, "Reject", "Reject it", "It is rejected.", act=act, form=MessageForm, danger=True
        )
        return self.answer(request, step)

    @action(
        description="Receive",
        url_path="receive",
        permissions=["step"],
        icon="inventory_2",
        variant=ActionVariant.PRIMARY,
    )
    def receive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take note of what has come, and what of it may be sold again."""
        back = self.found(request, object_id)

        def act(form: ReceiveForm) -> None:
            self._call(services.receive_return, back, request, form, received=form.received())

        rows = sorted(back.lines.all(), key=lambda row: row.line.position)
        choices = [
            Choice(line=row.line, most=row.quantity, initial=row.quantity, facts=f"{row.quantity} asked for")
            for row in rows
        ]
        hint = "What doesn't go back to stock is written off."
        form = partial(ReceiveForm, choices=choices)
        step = self._step(back, "Receive", "Receive it", "What came is noted.", act=act, form=form, hint=hint)
        return self.answer(request, step)

    @action(
        description="Refund",
        url_path="refund",
        permissions=["step"],
        icon="currency_exchange",
        variant=ActionVariant.PRIMARY,
    )
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Decide how much money goes back for it."""
        back = self.found(request, object_id)

        def act(form: RefundForm) -> None:
            self._call(services.refund_return, back, request, form, amount=form.cleaned_data["amount"])

        worth = sum(row.amount or 0 for row in back.lines.all())
        form = partial(RefundForm, worth=worth, currency=back.order.currency)
        step = self._step(back, "Refund", "Refund it", "The money is on its way.", act=act, form=form)
        return self.answer(request, step)

    def _step(self, back: Return, title: str, button: str, done: str, **more: Any) -> Step:
        page = reverse("admin:orders_return_change", args=(back.pk,))
        named = f"{title} a return of {back.order.number}"
        return Step(title=named, button=button, done=done, back=page, back_to="The return", **more)

    def _call(self, service: Any, back: Return, request: HttpRequest, form: MessageForm, **said: Any) -> None:
        message = form.cleaned_data["message"]
        use_case(
            service, return_id=back.pk, message=message, actor=staff(request), now=timezone.now(), **said
        )

"""Pages with one step on them: a form, and the one service that it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from orders.models import OrderMove
from orders.services import Actor
from shop.core.errors import DomainError

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from orders.admin.forms import StepForm


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    What a page shows and does.

    ``form`` makes the form, empty or of what was sent; ``act`` calls the service with it; ``back`` is the page that
    it came from and goes back to, ``back_to`` its name.
    """

    title: str
    button: str
    done: str
    back: str
    back_to: str
    form: Callable[[Any], StepForm]
    act: Callable[[Any], object]
    hint: str = ""
    danger: bool = False


class StepPages(ModelAdmin):
    """Rows with pages of steps; what a service refuses is said on the page beside what was typed."""

    def has_step_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("orders.change_order")

    def found(self, request: HttpRequest, object_id: str) -> Any:
        """Return the row that an address names."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return row

    def answer(self, request: HttpRequest, step: Step) -> HttpResponse:
        """Show the form of a step, or take it."""
        form = step.form(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                step.act(form)
            except DomainError as refusal:
                form.refuse(refusal)
            else:
                self.message_user(request, step.done, messages.SUCCESS)
                return HttpResponseRedirect(step.back)
        context = {
            **self.admin_site.each_context(request),
            "title": step.title,
            "opts": self.opts,
            "step": step,
            "form": form,
        }
        return TemplateResponse(request, "orders/admin_step.html", context)


def staff(request: HttpRequest, cause: str = "") -> Actor:
    """Return the member of staff who acts."""
    return Actor(kind=OrderMove.Actor.STAFF, id=request.user.pk, cause=cause)

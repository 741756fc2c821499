"""The page on which codes are made in bulk, downloaded and withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import slugify
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from cart import selectors, services
from cart.models import Promotion
from cart.services.batches import MAX_CODES_A_BATCH
from shop.core.errors import DomainError, ValidationFailed
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

_MOST_SHOWN = 100


class GenerateForm(forms.Form):
    """How many codes, and how they begin."""

    count = forms.IntegerField(
        min_value=1,
        max_value=MAX_CODES_A_BATCH,
        label="How many",
        help_text=f"At most {MAX_CODES_A_BATCH} at once; each can be used for one order.",
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    beginning = forms.CharField(
        required=False,
        help_text="XMAS makes XMAS- and twelve characters that can't be guessed or mixed up. It may be empty.",
        widget=UnfoldAdminTextInputWidget(),
    )
    batch = forms.CharField(
        required=False,
        label="Name of the batch",
        help_text="To find them again, to download or withdraw them together. Empty: the time.",
        widget=UnfoldAdminTextInputWidget(),
    )


class BatchPages(ModelAdmin):
    """What staff do with the codes of a promotion."""

    actions_detail = ("codes",)

    def has_codes_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether staff may see codes, which are worth money, of a promotion that has any."""
        return bool(request.user.has_perm("cart.view_coupon"))

    @action(description="Codes", url_path="codes", permissions=["codes"], icon="sell")
    def codes(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Show the batches of a promotion; make, hand out and withdraw one."""
        promotion = self.get_object(request, object_id)
        if promotion is None:
            raise Http404
        if request.method != "POST":
            return self._page(request, promotion, GenerateForm())
        acts: dict[str, Callable[[HttpRequest, Promotion], HttpResponseBase]] = {
            "generate": self._generate,
            "download": self._download,
            "withdraw": self._withdraw,
        }
        act = acts.get(request.POST.get("act", ""))
        if act is None:
            raise Http404
        return act(request, promotion)

    def _generate(self, request: HttpRequest, promotion: Promotion) -> HttpResponse:
        _require(request, "cart.add_coupon")
        form = GenerateForm(request.POST)
        if not form.is_valid():
            return self._page(request, promotion, form)
        said = form.cleaned_data
        try:
            batch = use_case(
                services.generate_codes,
                promotion_id=promotion.pk,
                count=said["count"],
                prefix=said["beginning"],
                batch=said["batch"],
                **_doer(request),
            )
        except ValidationFailed as refusal:
            fields = {"prefix": "beginning", "batch": "batch", "count": "count"}
            for error in refusal.errors:
                form.add_error(fields.get(error.field), error.detail)
            return self._page(request, promotion, form)
        self.message_user(request, f"{said['count']} codes: {batch}.", messages.SUCCESS)
        return HttpResponseRedirect(request.path)

    def _download(self, request: HttpRequest, promotion: Promotion) -> StreamingHttpResponse:
        batch = request.POST.get("batch", "")
        use_case(services.record_download, promotion_id=promotion.pk, batch=batch, **_doer(request))
        name = f"codes-{promotion.pk}-{slugify(batch) or 'batch'}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        lines = selectors.codes_csv(promotion_id=promotion.pk, batch=batch)
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)

    def _withdraw(self, request: HttpRequest, promotion: Promotion) -> HttpResponse:
        _require(request, "cart.change_coupon")
        batch = request.POST.get("batch", "")
        try:
            count = use_case(
                services.withdraw_codes, promotion_id=promotion.pk, batch=batch, **_doer(request)
            )
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, f"{count} codes of {batch} are withdrawn.", messages.SUCCESS)
        return HttpResponseRedirect(request.path)

    def _page(self, request: HttpRequest, promotion: Promotion, form: GenerateForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"Codes of {promotion}",
            "opts": self.opts,
            "promotion": promotion,
            "form": form,
            "batches": selectors.batches_of(promotion_id=promotion.pk, most=_MOST_SHOWN),
            "may_add": promotion.needs_code and request.user.has_perm("cart.add_coupon"),
            "may_withdraw": request.user.has_perm("cart.change_coupon"),
        }
        return TemplateResponse(request, "cart/admin_codes.html", context)


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _doer(request: HttpRequest) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "now": timezone.now()}

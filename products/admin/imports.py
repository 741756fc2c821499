"""Files of products in the admin: handed in here, imported by the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from products import services
from products.importing.formats import FORMATS, format_of
from products.importing.reading import Table, Unreadable
from products.models import CatalogueImport
from shop.api.admin import ReadOnlyAdmin
from shop.api.uploads import take_files
from shop.core.errors import Unavailable

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from shop.api.uploads import SizedUploads

MOST_BYTES = 100 * 1024 * 1024
_TOO_MUCH = f"A file may have {MOST_BYTES // 1024 // 1024} MB: part it, or use the command import_products."
_State = CatalogueImport.State
_COLOURS = {"waiting": "info", "running": "warning", "done": "success", "failed": "danger"}


class ImportForm(forms.Form):
    """A file, looked at as far as its headings: the rest is the worker's."""

    file = forms.FileField(max_length=1000)
    format = forms.ChoiceField(
        choices=[("", "what it looks like"), *((one.name, one.label) for one in FORMATS.values())],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    dry_run = forms.BooleanField(
        required=False,
        label="Try only",
        help_text="Say what would happen and change nothing.",
        widget=UnfoldBooleanSwitchWidget,
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if "file" in values and "format" in values:
            try:
                values["format"] = format_of(Table(values["file"]), values["format"] or None).name
                values["file"].seek(0)
            except Unreadable as refusal:
                self.add_error("file", str(refusal))
        return values


@admin.register(CatalogueImport)
class CatalogueImportAdmin(ReadOnlyAdmin):
    list_display = (
        "name", "requested_at", "shown_state", "dry_run", "rows_done", "created", "updated", "unchanged", "failed",
    )  # fmt: skip
    list_filter = ("state",)
    ordering = ("-pk",)
    fields = readonly_fields = (
        "name", "format", "dry_run", "shown_state", "rows_done", "created", "updated", "unchanged", "failed", "actor",
        "requested_at", "finished_at", "shown_errors",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("products.add_catalogueimport")

    # Marked as exempt, because a form must be bounded before the token is looked for in it; checked right after.
    @csrf_exempt
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Take a file; Django's own form would stand in a transaction, and files are stored outside of any."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        uploads = None
        if request.method == "POST":
            uploads = take_files(request, most=MOST_BYTES, together=MOST_BYTES)
            if uploads is None:
                return self._page(request, ImportForm(), refused=_TOO_MUCH, status=413)
        answer: HttpResponse = csrf_protect(self._answer)(request, uploads)
        return answer

    def _answer(self, request: HttpRequest, uploads: SizedUploads | None) -> HttpResponse:
        if uploads is None:
            return self._page(request, ImportForm())
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            refused = "; ".join(f"{name}: {reason}" for name, reason in uploads.refused)
            return self._page(request, form, refused=refused)
        file = form.cleaned_data["file"]
        try:
            services.request_import(
                upload=file,
                name=str(file.name),
                format=form.cleaned_data["format"],
                dry_run=form.cleaned_data["dry_run"],
                actor_id=_actor(request),
                now=timezone.now(),
            )
        except Unavailable as refusal:
            return self._page(request, form, refused=str(refusal), status=503)
        self.message_user(request, f"{file.name} is in line: the worker imports it.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:products_catalogueimport_changelist"))

    def _page(
        self, request: HttpRequest, form: ImportForm, *, refused: str = "", status: int = 200
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Import products",
            "opts": self.opts,
            "form": form,
            "refused": refused,
            "most": MOST_BYTES // 1024 // 1024,
        }
        return TemplateResponse(request, "products/admin_import.html", context, status=status)

    @display(description="state", ordering="state", label=_COLOURS)
    def shown_state(self, row: CatalogueImport) -> str:
        return row.state

    @admin.display(description="errors")
    def shown_errors(self, row: CatalogueImport) -> str | SafeString:
        """Show them as a table; each text comes from a file, so it is escaped."""
        if not row.errors:
            return "–"
        lines = format_html_join(
            "",
            '<tr><td class="pr-4">{}</td><td class="pr-4">{}</td><td>{}</td></tr>',
            ((error["line"] or "", error["column"], error["reason"]) for error in row.errors),
        )
        return format_html(
            '<table><thead><tr><th class="pr-4">Line</th><th class="pr-4">Column</th><th>Reason</th></tr></thead>'
            "<tbody>{}</tbody></table>",
            lines,
        )


class ImportButton(ModelAdmin):
    """A list with a way to the page above."""

    actions_list: tuple[str, ...] = ("import_products",)

    def has_import_products_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("products.add_catalogueimport")

    @action(
        description="Import products", url_path="import", permissions=["import_products"], icon="upload_file"
    )
    def import_products(self, request: HttpRequest) -> HttpResponse:
        """Go on to handing in a file."""
        return HttpResponseRedirect(reverse("admin:products_catalogueimport_add"))


def _actor(request: HttpRequest) -> Any:
    return request.user.pk

"""The catalogue as a file, from the list of products in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import action

from products.importing.exporting import export_lines

if TYPE_CHECKING:
    from django.http import HttpRequest


class ExportPages(ModelAdmin):
    """A page that hands the whole catalogue out; who may look at products may have it."""

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("products.view_product")

    @action(description="Export", url_path="export", permissions=["export"], icon="download")
    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        """Answer with the file, read and written piece by piece."""
        name = f"products-{timezone.localdate():%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(export_lines(), content_type="text/csv; charset=utf-8", headers=headers)

"""What products are compared by, in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from products import services
from products.admin.fields import LinesField
from products.models import Attribute
from shop.api.admin import DeletingAdmin, ServiceForm


class AttributeForm(ServiceForm):
    """What staff say of an attribute."""

    choices = LinesField(
        required=False, help_text="For a choice: its values in the order they are shown, one a line."
    )

    class Meta:
        model = Attribute
        fields = ("name", "kind", "unit", "choices", "filterable", "position")
        help_texts = {
            "unit": "Of a number, such as cm.",
            "filterable": "Whether shoppers can narrow a list by it.",
            "position": "Filters with lower numbers stand further up.",
        }


@admin.register(Attribute)
class AttributeAdmin(DeletingAdmin):
    form = AttributeForm
    list_display = ("name", "kind", "unit", "filterable", "position")
    list_filter = ("kind", "filterable")
    ordering = ("position", "name")
    search_fields = ("name",)

    def save_model(self, request: HttpRequest, obj: Attribute, form: Any, change: bool) -> None:  # noqa: FBT001
        data = services.AttributeData(**form.cleaned_data)
        doer: dict[str, Any] = {"actor_id": request.user.pk, "now": timezone.now()}
        obj.pk = services.save_attribute(data=data, attribute_id=obj.pk if change else None, **doer).pk

    def delete_model(self, request: HttpRequest, obj: Attribute) -> None:
        services.delete_attribute(attribute_id=obj.pk, actor_id=request.user.pk, now=timezone.now())

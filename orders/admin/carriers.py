"""Carriers: plain settings of the shop."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from orders.models import Carrier


class CarrierForm(forms.ModelForm):
    class Meta:
        model = Carrier
        fields = ("name", "code", "tracking_pattern", "position", "is_active")
        widgets = {
            "tracking_pattern": UnfoldAdminTextInputWidget(
                attrs={"placeholder": "https://example.com/track?number={number}"}
            )
        }
        help_texts = {
            "code": "What integrations send; a parcel is found by it or by the name, in any case.",
            "tracking_pattern": "Where a parcel can be followed, with {number} for its number; or empty.",
            "position": "Lower ones stand first where one is chosen.",
            "is_active": "Others aren't offered; parcels that were sent keep their link.",
        }

    def clean_tracking_pattern(self) -> str:
        pattern: str = self.cleaned_data["tracking_pattern"]
        if pattern and not (pattern.startswith("https://") and "{number}" in pattern):
            raise forms.ValidationError("Write an address that begins with https:// and has {number} in it.")
        return pattern


@admin.register(Carrier)
class CarrierAdmin(ModelAdmin):
    form = CarrierForm
    list_display = ("name", "code", "position", "is_active", "tracking_pattern")
    list_filter = ("is_active",)
    search_fields = ("name", "code")
    ordering = ("position", "pk")

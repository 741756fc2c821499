"""Tax rates in the admin."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from unfold.admin import ModelAdmin

from cart.models import TaxRate
from shop.api.admin import RateFormField
from shop.core.money import percent_text


class TaxRateForm(forms.ModelForm):
    rate = RateFormField(label="Rate, per cent", help_text="19 or 8.875")

    class Meta:
        model = TaxRate
        fields = ("name", "country", "region", "tax_class", "rate", "on_shipping")


@admin.register(TaxRate)
class TaxRateAdmin(ModelAdmin):
    form = TaxRateForm
    list_display = ("name", "country", "region", "tax_class", "percent", "on_shipping")
    list_filter = ("country", "tax_class")

    @admin.display(description="rate", ordering="rate")
    def percent(self, rate: TaxRate) -> str:
        return f"{percent_text(rate.rate)} %"

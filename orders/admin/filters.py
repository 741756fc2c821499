"""Filters of the list of orders: by day and by total. Both are ranges that an index answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.contrib.filters.forms import RangeDateForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from orders.models import Order
from shop.core.money import from_text


class DaysFilter(RangeDateFilter):
    """From a day to a day, both included, as the shop's clock has them."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        form = RangeDateForm(name="placed_at", data=self.used_parameters)
        if not form.is_valid():
            return queryset.none()
        first, last = form.cleaned_data["placed_at_from"], form.cleaned_data["placed_at_to"]
        if first:
            queryset = queryset.filter(placed_at__gte=_start_of(first))
        if last:
            queryset = queryset.filter(placed_at__lt=_start_of(last + timedelta(days=1)))
        return queryset


class TotalForm(forms.Form):
    """A range of totals in one currency."""

    total_currency = forms.ChoiceField(
        choices=lambda: [("", "Any currency"), *((code, code) for code in settings.CURRENCIES)],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    total_from = forms.CharField(
        required=False, max_length=24, widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "From 19.90"})
    )
    total_to = forms.CharField(
        required=False, max_length=24, widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "To 199.00"})
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        currency = values.get("total_currency") or settings.BASE_CURRENCY
        for name in ("total_from", "total_to"):
            if text := values.get(name):
                # An amount says nothing without its currency: the shop's own, where none is chosen.
                values["total_currency"] = currency
                try:
                    values[name] = from_text(text.strip(), currency)
                except ValueError as error:
                    self.add_error(name, str(error))
        return values


class TotalFilter(admin.ListFilter):
    """From an amount to an amount, both included."""

    title = "total"
    template = "unfold/filters/filters_date_range.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in TotalForm.base_fields:
            if given := params.pop(name, None):
                self.used_parameters[name] = given[-1] if isinstance(given, list) else given
        self.form = TotalForm(self.used_parameters)

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(TotalForm.base_fields)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        yield {"form": self.form}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        if not self.form.is_valid():
            return queryset.none()
        said = self.form.cleaned_data
        lookups = {"currency": "total_currency", "total__gte": "total_from", "total__lte": "total_to"}
        return queryset.filter(
            **{to: said[name] for to, name in lookups.items() if said[name] not in ("", None)}
        )


def _start_of(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))

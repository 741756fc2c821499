"""What the admin pages of the apps share: rows that only services write, and money as people write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from shop.core.errors import DomainError, ValidationFailed
from shop.core.money import from_percent, percent_text, price_from_text, to_text

# Who looks further down a list than this is better served by its search and filters.
MOST_COUNTED = 10_000


class CappedPaginator(Paginator):
    """Pages of a table that may have millions of rows: only the first so many are counted and paged."""

    @cached_property
    def count(self) -> int:
        """Return how many rows there are; one more than ``MOST_COUNTED`` stands for any number above it."""
        rows: Any = self.object_list
        if not isinstance(rows, QuerySet):
            return super().count
        return rows.order_by().values("pk")[: MOST_COUNTED + 1].count()


class LargeTableAdmin(ModelAdmin):
    """A list that costs the same whatever the size of its table."""

    # Counting a table that only ever grows would be most of the page's time.
    show_full_result_count = False
    paginator = CappedPaginator
    # What each filter would leave is a count of all rows for each of its choices.
    show_facets = admin.ShowFacets.NEVER
    list_after_template = "api/admin_more.html"


class ReadOnlyAdmin(LargeTableAdmin):
    """Rows that only services write; what staff may do with them are actions."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def each(
        self, request: HttpRequest, rows: QuerySet[Any], act: Callable[[Any], object], done: str
    ) -> None:
        """Act on each selected row by its key, and say how many it was done to and what was refused."""
        count = 0
        for key in rows.order_by("pk").values_list("pk", flat=True):
            try:
                act(key)
                count += 1
            except DomainError as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
        if count:
            self.message_user(request, f"{done}: {count}.", messages.SUCCESS)


class ServiceForm(forms.ModelForm):
    """
    A form that says what changed, for a service to do.

    What a column takes its fields know. What the table takes, such as a name only once, is the service's to refuse: it
    has words for it.
    """

    def _get_validation_exclusions(self) -> set[str]:
        return {field.name for field in self.instance._meta.fields}

    def said(self) -> dict[str, Any]:
        """Return what staff have changed; a value that is made up for an empty field counts as none."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data}
        if "slug" in changed and changed["slug"] == self.initial.get("slug", ""):
            del changed["slug"]
        return changed


class ServiceAdmin(LargeTableAdmin):
    """
    Rows whose ``save_model`` calls a service.

    What the service refuses is said on the page beside what was typed, and nothing is written: the admin's own
    transaction has been rolled back by then.
    """

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            # The same once more, with a form that says why: it isn't valid, so nothing is saved.
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        refusal: DomainError | None = getattr(request, "refusal", None)
        return form if refusal is None else type(form.__name__, (_Refused, form), {"refusal": refusal})


class _Refused:
    """A form that a service has refused."""

    refusal: DomainError

    def full_clean(self) -> None:
        form: Any = self
        super().full_clean()  # type: ignore[misc]
        if not isinstance(self.refusal, ValidationFailed):
            form.add_error(None, str(self.refusal))
            return
        for error in self.refusal.errors:
            name, known = error.field.partition(".")[0], error.field in form.fields
            said = error.detail if known else f"{error.field}: {error.detail}"
            form.add_error(name if name in form.fields else None, said)


class DeletingAdmin(ServiceAdmin):
    """Rows that a service deletes, one at a time; what it refuses is said on the row's page."""

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Nothing goes with a row, and listing what might would read all of it.
        return [str(obj) for obj in objs], {}, set(), []

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        try:
            return cast("HttpResponse", super().delete_view(request, object_id, extra_context))
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(page, args=(object_id,)))


def money_column(field: str, label: str = "", *, of: str = "") -> Callable[[Any, Any], str]:
    """
    Return a display method that writes a column of minor units as people do: ``19.90 EUR``.

    :param field: the column with the minor units.
    :param of: the relation to the row that has the currency, where it isn't the row itself.
    """

    @admin.display(description=label or field.replace("_", " "))
    def shown(self: Any, row: Any) -> str:
        currency = getattr(getattr(row, of) if of else row, "currency", "")
        minor = getattr(row, field)
        return "–" if minor is None else f"{to_text(minor, currency)} {currency}"

    return shown


class MoneyForm(forms.ModelForm):
    """
    A form in which staff write amounts as ``19.90`` and the row keeps minor units.

    ``money_fields`` names the columns; the currency is the form's own ``currency`` field. What no card can be
    charged is refused here, and so is never part of a total.
    """

    money_fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.money_fields:
            column = self.fields[name]
            self.fields[name] = forms.CharField(
                label=column.label,
                required=column.required,
                help_text=column.help_text,
                widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "placeholder": "19.90"}),
            )
            minor = getattr(self.instance, name, None)
            if minor is not None and self.instance.currency:
                self.initial[name] = to_text(minor, self.instance.currency)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self.money_fields:
            if name in values and values.get("currency"):
                values[name] = self._minor(name, values[name], values["currency"])
        return values

    def _minor(self, name: str, text: str, currency: str) -> int | None:
        if not text:
            return None
        try:
            return price_from_text(text, currency)
        except (ValueError, KeyError) as error:
            self.add_error(name, ValidationError(str(error), code="invalid"))
            return None


class RateFormField(forms.CharField):
    """A rate that staff write in per cent, ``19`` or ``8.875``, and the row keeps in millionths."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return percent_text(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        try:
            return from_percent(text) if text else None
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

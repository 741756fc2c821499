"""Customer groups, consents and address books for staff; what is written goes through the services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.utils import timezone
from django_countries import countries
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget

from shop.api.admin import DeletingAdmin, ReadOnlyAdmin, ServiceAdmin
from shop.core import postal
from shop.core.errors import ValidationFailed
from users import selectors, services
from users.models import Address, Consent, CustomerGroup, GroupMembership, User

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from django.http import HttpRequest

# A page of an inline; a group may have many thousands.
PER_PAGE = 20


class MembershipInline(TabularInline):
    """Who is in what, a page at a time: a membership is begun and ended, never edited."""

    model = GroupMembership
    readonly_fields = ("added_at",)
    extra = 0
    per_page = PER_PAGE

    def get_queryset(self, request: HttpRequest) -> QuerySet[GroupMembership]:
        return super().get_queryset(request).select_related("user", "group").order_by("-pk")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("users.view_customergroup")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("users.change_user")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("users.change_user")


class MemberInline(MembershipInline):
    """The members of a group."""

    verbose_name, verbose_name_plural = "member", "members"
    fields = ("user", "added_at")
    autocomplete_fields = ("user",)


class GroupInline(MembershipInline):
    """The groups of an account."""

    verbose_name, verbose_name_plural = "customer group", "customer groups"
    fields = ("group", "added_at")
    autocomplete_fields = ("group",)


class ConsentInline(TabularInline):
    """What an account's owner agreed to and took back, newest first."""

    model = Consent
    fields = readonly_fields = ("purpose", "granted", "version", "source", "at")
    extra = 0
    per_page = PER_PAGE
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consent]:
        return super().get_queryset(request).order_by("-pk")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MembershipAdmin(ServiceAdmin):
    """A page with memberships on it, saved by the service one person at a time."""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        if formset.model is not GroupMembership:
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        doer: dict[str, Any] = {"actor_id": _actor_id(request), "now": timezone.now()}
        for gone in formset.deleted_objects:
            services.change_customer_groups(user_id=gone.user_id, remove=[gone.group.code], **doer)
        for new in formset.new_objects:
            services.change_customer_groups(user_id=new.user_id, add=[new.group.code], **doer)


class CustomerPages(MembershipAdmin):
    """What an account's pages show of its owner as a customer."""

    inlines: Any = (GroupInline, ConsentInline)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        # Groups and consents are of an account that is there.
        return super().get_inlines(request, obj) if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("customer_groups")

    @admin.display(description="customer groups")
    def group_codes(self, user: User) -> str:
        return ", ".join(sorted(group.code for group in user.customer_groups.all())) or "–"


@admin.register(CustomerGroup)
class CustomerGroupAdmin(DeletingAdmin, MembershipAdmin):
    """Customers who are treated alike, such as wholesale."""

    list_display = ("name", "code", "member_count")
    search_fields = ("name", "code")
    ordering = ("code",)
    fields = ("code", "name")
    inlines = (MemberInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CustomerGroup]:
        return selectors.customer_groups().order_by(*self.ordering)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Prices and promotions name the group by it.
        return ("code",) if obj else ()

    def save_model(self, request: HttpRequest, obj: CustomerGroup, form: Any, change: bool) -> None:  # noqa: FBT001
        doer: dict[str, Any] = {"actor_id": _actor_id(request), "now": timezone.now()}
        if change:
            services.rename_customer_group(code=obj.code, name=obj.name, **doer)
            return
        # The page goes on with this object: its members, its address, and the entry in its history.
        obj.pk = services.create_customer_group(code=obj.code, name=obj.name, **doer).pk

    def delete_model(self, request: HttpRequest, obj: CustomerGroup) -> None:
        services.delete_customer_group(actor_id=_actor_id(request), code=obj.code, now=timezone.now())

    @admin.display(description="members")
    def member_count(self, group: Any) -> int:
        return int(group.member_count)


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """What customers agreed to and took back: the record itself, which nobody edits."""

    list_display = ("at", "user", "purpose", "granted", "version", "source")
    list_filter = ("purpose", "granted")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-id",)


class AddressForm(forms.ModelForm):
    """An address as staff write it, by the rules that hold for its owner."""

    country = forms.ChoiceField(choices=lambda: [("", "–"), *countries], widget=UnfoldAdminSelectWidget())

    class Meta:
        model = Address
        fields = (
            "user", "kind", "full_name", "company", "line1", "line2", "postal_code", "city", "region", "country",
            "phone", "is_default",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            return {**values, **postal.normalised(values, names=values)} if values.get("country") else values
        except ValidationFailed as refusal:
            for error in refusal.errors:
                self.add_error(error.field, forms.ValidationError(error.detail, code=error.code))
        return values

    def _get_validation_exclusions(self) -> set[str]:
        # The service moves the default; looked at from here, there would be two.
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]


@admin.register(Address)
class AddressAdmin(DeletingAdmin):
    """Address books; orders keep their copies, so nothing here changes where one goes."""

    form = AddressForm
    list_display = ("id", "user", "kind", "full_name", "city", "country", "is_default")
    list_filter = ("kind", "country")
    list_select_related = ("user",)
    search_fields = ("user__email", "full_name", "city", "postal_code")
    autocomplete_fields = ("user",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # An entry stays in its half of its book.
        return ("user", "kind") if obj else ()

    def save_model(self, request: HttpRequest, obj: Address, form: Any, change: bool) -> None:  # noqa: FBT001
        saved = services.save_address(
            user_id=obj.user_id,
            kind=obj.kind,
            values={name: value for name, value in form.cleaned_data.items() if name not in ("user", "kind")},
            address_id=obj.pk if change else None,
            editor=_editor(request),
        )
        # The page goes on with this object: its address, and the entry in its history.
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: Address) -> None:
        services.delete_address(
            user_id=obj.user_id, kind=obj.kind, address_id=obj.pk, editor=_editor(request)
        )


def _actor_id(request: HttpRequest) -> UUID:
    return cast("User", request.user).pk


def _editor(request: HttpRequest) -> services.Editor:
    return services.Editor(id=_actor_id(request), now=timezone.now())

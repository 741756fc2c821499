"""Accounts and sessions for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from shop.core.errors import DomainError, NotFound, PermissionDenied
from shop.core.transactions import use_case
from users import selectors, services
from users.customers_admin import CustomerPages
from users.models import Session, User
from users.privacy_admin import PrivacyPages

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")

admin.site.unregister(Group)


def language_field() -> forms.ChoiceField:
    """Return a choice of the shop's languages, read when the form is shown."""
    return forms.ChoiceField(choices=lambda: settings.LANGUAGES, widget=UnfoldAdminSelectWidget())


class NewAccountForm(UserCreationForm):
    """A new account: an address instead of Django's user name."""

    language = language_field()

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "language")


class AccountForm(UserChangeForm):
    """An account; its password is shown as a hash with a link to set another."""

    language = language_field()

    class Meta:
        model = User
        fields = "__all__"


@admin.register(Group)
class GroupAdmin(BaseGroupAdmin, ModelAdmin):
    """Groups of named permissions; only superusers grant rights, so only they define groups."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


@admin.register(User)
class UserAdmin(PrivacyPages, BaseUserAdmin, CustomerPages):  # type: ignore[misc]  # The first one's count.
    """Accounts are shut, not deleted; rights are for superusers to give, and each change leaves a record."""

    form = AccountForm
    add_form = NewAccountForm
    change_password_form = AdminPasswordChangeForm
    list_display = (
        "email",
        "first_name",
        "last_name",
        "group_codes",
        "is_active",
        "is_staff",
        "email_verified_at",
        "date_joined",
    )
    list_filter = ("is_active", "is_staff", "is_superuser", "customer_groups")
    search_fields = ("email", "first_name", "last_name", "external_id")
    actions = ("reset_second_factor",)
    ordering = ("-date_joined",)
    fieldsets = (
        (None, {"fields": ("email", "password", "second_factor", "email_verified_at")}),
        ("Person", {"fields": ("first_name", "last_name", "language")}),
        ("Rights", {"fields": ("is_active", *RIGHTS)}),
        ("For integrations", {"fields": ("external_id", "metadata")}),
        ("Dates", {"fields": ("date_joined", "last_login", "erased_at")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "first_name", "last_name", "language")}),
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Keep what has rules of its own out of the form."""
        fixed: tuple[str, ...] = (
            "second_factor",
            "email_verified_at",
            "date_joined",
            "last_login",
            "erased_at",
        )
        if obj is not None:
            # A new address has to be confirmed by its owner.
            fixed = ("email", *fixed)
        return fixed if request.user.is_superuser else (*fixed, *RIGHTS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Tell whether staff may change this account; that of other staff only as a superuser."""
        if not super().has_change_permission(request, obj):
            return False
        if obj is None:
            return True
        try:
            services.require_may_change(cast("User", request.user), obj)
        except PermissionDenied:
            return False
        return True

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse: an account is shut, or erased by its own service."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save, and do what the change entails."""
        super().save_model(request, obj, form, change)
        actor_id, now = cast("User", request.user).pk, timezone.now()
        if change:
            services.account_edited(actor_id=actor_id, user_id=obj.pk, fields=form.changed_data, now=now)
        else:
            services.account_opened(actor_id=actor_id, user_id=obj.pk, now=now)

    @admin.display(description="Second factor")
    def second_factor(self, user: User) -> str:
        """Say whether the account is signed in to with a code as well."""
        state = selectors.two_factor_state(user)
        if state.enabled:
            return f"On, with {state.recovery_codes_left} recovery codes left"
        return "Off, though the shop asks for one" if state.required else "Off"

    def has_reset_second_factor_permission(self, request: HttpRequest) -> bool:
        """Leave it to superusers: a second factor less is half the way into somebody's account."""
        return bool(request.user.is_superuser)

    @admin.action(description="Reset the second factor", permissions=["reset_second_factor"])
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Take the second factor off accounts whose owners have lost theirs."""
        for user in queryset:
            try:
                use_case(
                    services.reset_two_factor,
                    actor_id=cast("User", request.user).pk,
                    user_id=user.pk,
                    now=timezone.now(),
                )
            except NotFound:
                self.message_user(request, f"{user} has no second factor.", messages.WARNING)
            except DomainError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, f"{user} signs in with the password alone now.", messages.SUCCESS)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set a password by Django's own page; every session of the account ends with it."""
        with transaction.atomic():
            response: HttpResponse = super().user_change_password(request, id, form_url)
            if request.method == "POST" and response.status_code == 302:
                services.password_replaced(
                    actor_id=cast("User", request.user).pk, user_id=UUID(id), now=timezone.now()
                )
        return response


@admin.register(Session)
class SessionAdmin(ModelAdmin):
    """Where people are signed in; a session can only be ended."""

    list_display = ("id", "user", "device", "address", "created_at", "last_seen_at", "ended_at", "end_reason")
    list_filter = ("end_reason",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    fields = (
        "user",
        "device",
        "address",
        "created_at",
        "last_seen_at",
        "expires_at",
        "ended_at",
        "end_reason",
    )
    readonly_fields = fields
    actions = ("end",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        return False

    @admin.action(description="End the selected sessions", permissions=["change"])
    def end(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        """End sessions that are still alive."""
        for session in queryset.filter(ended_at__isnull=True):
            try:
                use_case(
                    services.end_session, user_id=session.user_id, session_id=session.pk, now=timezone.now()
                )
            except DomainError as error:
                self.message_user(request, str(error), messages.ERROR)

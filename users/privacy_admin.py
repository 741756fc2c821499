"""Export and erasure of a person on the page of their account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.db import connection
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.enums import ActionVariant

from shop.api.json import dumps
from shop.core.errors import DomainError
from shop.core.transactions import use_case
from users import services
from users.models import User

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

    from users.ports import Holding


class PrivacyPages(ModelAdmin):
    """What staff do when a person asks for their data, or to be forgotten; an erased account is only looked at."""

    actions_detail = ("export_data", "erase_person")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        """Return the account, locked where a form of it is saved: one that is just being erased must stay empty."""
        found: User | None = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST" or not connection.in_atomic_block:
            return found
        User.objects.select_for_update().filter(pk=found.pk).first()
        fresh: User | None = super().get_object(request, object_id, from_field)
        return fresh

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Tell whether staff may change this account: there is nothing left to change of an erased one."""
        if obj is not None and obj.erased_at is not None:
            return False
        return bool(super().has_change_permission(request, obj))

    def has_export_data_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether staff may have a copy of somebody's data."""
        return self._may(request, "users.export_user", object_id)

    def has_erase_person_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Tell whether staff may erase somebody."""
        return self._may(request, "users.erase_user", object_id)

    @action(
        description="Export data",
        url_path="export",
        permissions=["export_data"],
        icon="download",
        variant=ActionVariant.DEFAULT,
    )
    def export_data(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand out everything that is held on a person, as a file."""
        account = self._account(object_id)
        found = services.export_data_of(actor_id=_actor(request), user_id=account.pk, now=timezone.now())
        name = f'attachment; filename="personal-data-{account.pk}.json"'
        headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
        return HttpResponse(dumps(found), content_type="application/json", headers=headers)

    @action(
        description="Erase …",
        url_path="erase",
        permissions=["erase_person"],
        icon="person_remove",
        variant=ActionVariant.DANGER,
    )
    def erase_person(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what an erasure takes and what stays; do it once that is confirmed."""
        account = self._account(object_id)
        if request.method != "POST":
            return self._erase_page(request, account)
        try:
            use_case(services.erase_account, user_id=account.pk, actor_id=_actor(request), now=timezone.now())
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(request.path)
        self.message_user(request, "Nothing personal is left of this account.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:users_user_change", args=(account.pk,)))

    def _erase_page(self, request: HttpRequest, account: User) -> HttpResponse:
        preview = services.preview_erasure(user_id=account.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Erase {account}",
            "opts": self.model._meta,
            "account": account,
            "blockers": preview.blockers,
            "erased": _table("what goes", preview.erased),
            "kept": _table("what stays", preview.kept),
        }
        return TemplateResponse(request, "users/admin_erase.html", context)

    def _account(self, object_id: str) -> User:
        account = _found(object_id)
        if account is None or account.erased_at is not None:
            raise Http404
        return account

    def _may(self, request: HttpRequest, permission: str, object_id: str | None) -> bool:
        if not self.has_view_permission(request) or not request.user.has_perm(permission):
            return False
        account = _found(object_id)
        # An erased account shows no buttons; one that doesn't exist is for the view to say.
        return account is None or account.erased_at is None


def _found(object_id: str | None) -> User | None:
    try:
        return User.objects.filter(pk=UUID(str(object_id))).first()
    except ValueError:
        return None


def _actor(request: HttpRequest) -> UUID:
    return cast("User", request.user).pk


def _table(title: str, holdings: Iterable[Holding]) -> dict[str, Any]:
    rows = [[holding.name.replace("_", " "), holding.count, holding.reason] for holding in holdings]
    return {"headers": [title, "how many", "why"], "rows": rows}

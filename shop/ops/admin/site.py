"""The back office: the theme's admin site with the shop's own way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.http import urlencode
from unfold.sites import UnfoldAdminSite

from shop.ops.admin import marks
from shop.ops.admin.forms import SignInForm
from shop.ops.admin.pages import NEXT, OwnPasswordPage, SecondFactorPage, SignInPage

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from django.urls import URLPattern


class BackOffice(UnfoldAdminSite):
    """
    Django's admin behind the shop's own limits and second factor.

    A session that owes its second factor is nobody's (``SecondFactorMiddleware``), so each page sends it to sign
    in; from there it goes to the one page that it may see.
    """

    login_form = SignInForm

    def extra_urls(self) -> list[URLPattern]:
        """Return the pages that the theme's site doesn't have."""
        return [path("second_factor/", SecondFactorPage.as_view(), name="second_factor")]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Sign in, or go on to where somebody signed in already is to go."""
        if request.method == "GET" and marks.owes(request):
            wanted = request.GET.get(NEXT, reverse("admin:index"))
            return HttpResponseRedirect(f"{reverse('admin:second_factor')}?{urlencode({NEXT: wanted})}")
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        context = {
            **self.each_context(request),
            "title": "Log in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            **(extra_context or {}),
        }
        return SignInPage.as_view(extra_context=context)(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Change one's own password."""
        return OwnPasswordPage.as_view(
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )(request)

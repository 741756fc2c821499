"""Pages of the back office about oneself: signing in, the second factor, the password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import segno
from django.contrib import admin, messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.views import LoginView, PasswordChangeView, redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.safestring import mark_safe
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from shop.core.errors import DomainError
from shop.ops.admin import forms, marks
from users import selectors as users_read
from users import services as users

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms as django_forms

NEXT = "next"


class SignInPage(LoginView):
    """Sign in to the back office."""

    authentication_form = forms.SignInForm
    template_name = "ops/sign_in.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Open the browser session, and note what was shown to it."""
        response = super().form_valid(form)
        marks.password_shown(self.request, now=timezone.now())
        if form.shown.mark:
            marks.second_factor_shown(self.request, form.shown.mark)
        return response


class OwnPasswordPage(PasswordChangeView):
    """Change one's own password by the same service as the API: other sessions end."""

    form_class = forms.OwnPasswordForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Change it, and keep this browser signed in."""
        user = marks.who_came(self.request)
        try:
            users.change_password(
                user_id=user.pk,
                session_id=None,
                old_password=form.cleaned_data["old_password"],
                new_password=form.cleaned_data["new_password1"],
                now=timezone.now(),
            )
        except DomainError as error:
            forms.add_refusal(form, error, names={"new_password": "new_password1"}, general="old_password")
            return self.form_invalid(form)
        user.refresh_from_db()
        update_session_auth_hash(self.request, user)
        return HttpResponseRedirect(self.get_success_url())


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SecondFactorPage(View):
    """
    One's own second factor: showing it, setting it up, other recovery codes, switching it off.

    The one page of the back office for sessions that owe their second factor.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Let staff in who have shown their password."""
        self.user = marks.who_came(request)
        if not (self.user.is_authenticated and self.user.is_staff):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        self.state = users_read.two_factor_state(self.user)
        self.owing = marks.owes(request)
        self.now = timezone.now()
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what can be done now."""
        kind = self._kind()
        return self._page(kind, self._form(kind))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do one of the things that can be done now; for any other, show them again."""
        kind, act = self._kind(), request.POST.get("act", "")
        if act == "sign_out":
            logout(request)
            return HttpResponseRedirect(reverse("admin:login"))
        deeds: dict[tuple[str, str], Callable[[dict[str, Any]], HttpResponse]] = {
            ("check", "check"): self._check,
            ("begin", "begin"): self._begin,
            ("confirm", "confirm"): self._confirm,
            ("manage", "renew"): self._renew,
            ("manage", "switch_off"): self._switch_off,
        }
        if (kind, act) not in deeds:
            marks.set_up_dropped(request)
            return self._again()
        form = self._form(kind, request.POST)
        if form.is_valid():
            try:
                return deeds[kind, act](form.cleaned_data)
            except DomainError as error:
                forms.add_refusal(form, error)
        return self._page(kind, form)

    def _kind(self) -> str:
        if self.state.enabled:
            return "check" if self.owing else "manage"
        return "confirm" if self._begun() else "begin"

    def _begun(self) -> Any:
        return users_read.two_factor_begun(self.user, secret_hash=marks.begun_secret_hash(self.request))

    def _form(self, kind: str, data: Any = None) -> django_forms.Form:
        fresh = marks.password_is_fresh(self.request, now=self.now)
        shapes: dict[str, type[django_forms.Form]] = {
            "check": forms.CodeForm,
            "begin": forms.NothingForm if fresh else forms.PasswordForm,
            "confirm": forms.FirstCodeForm,
            "manage": forms.BothForm,
        }
        return shapes[kind](data)

    def _check(self, values: dict[str, Any]) -> HttpResponse:
        mark = users.show_second_factor(user_id=self.user.pk, otp=values["otp"], now=self.now)
        marks.second_factor_shown(self.request, mark)
        return HttpResponseRedirect(self._onwards())

    def _begin(self, values: dict[str, Any]) -> HttpResponse:
        told = users.begin_two_factor(user_id=self.user.pk, password=values.get("password"), now=self.now)
        marks.set_up_begun(self.request, secret=told.secret)
        return self._again()

    def _confirm(self, values: dict[str, Any]) -> HttpResponse:
        codes = users.confirm_two_factor(user_id=self.user.pk, otp=values["otp"], keep=None, now=self.now)
        marks.second_factor_shown(self.request, users_read.two_factor_state(self.user).mark)
        return self._page("codes", forms.NothingForm(), codes=codes)

    def _renew(self, values: dict[str, Any]) -> HttpResponse:
        codes = users.renew_recovery_codes(user_id=self.user.pk, now=self.now, **values)
        return self._page("codes", forms.NothingForm(), codes=codes)

    def _switch_off(self, values: dict[str, Any]) -> HttpResponse:
        users.switch_off_two_factor(user_id=self.user.pk, now=self.now, **values)
        messages.success(self.request, "The second factor is off: your password alone opens the back office.")
        return self._again()

    def _again(self) -> HttpResponse:
        return HttpResponseRedirect(f"{self.request.path}?{urlencode({NEXT: self._onwards()})}")

    def _onwards(self) -> str:
        wanted = self.request.GET.get(NEXT, "")
        safe = url_has_allowed_host_and_scheme(
            wanted, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )
        return wanted if safe else reverse("admin:index")

    def _page(self, kind: str, form: django_forms.Form, **more: Any) -> HttpResponse:
        told = self._begun() if kind == "confirm" else None
        context = {
            **admin.site.each_context(self.request),
            "title": "Second factor",
            # Whoever owes it sees nothing of the back office around it.
            "layout": "unfold/layouts/unauthenticated.html" if self.owing else "admin/base_site.html",
            "kind": kind,
            "kind_template": f"ops/second_factor/{kind}.html",
            "form": form,
            "state": self.state,
            "owing": self.owing,
            "account": self.user.email,
            "onwards": self._onwards(),
            "secret": " ".join(told.secret[at : at + 4] for at in range(0, len(told.secret), 4))
            if told
            else "",
            "qr": _drawn(told.address) if told else "",
            **more,
        }
        return TemplateResponse(self.request, "ops/second_factor.html", context)


def _drawn(address: str) -> str:
    # Dark on light with its quiet zone, also on a dark page: some cameras read nothing else.
    code = segno.make(address, error="m", micro=False)
    return mark_safe(code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True))  # noqa: S308

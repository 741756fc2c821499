"""Pages that mailed links open in shops without a storefront: setting a password, verifying an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView

from shop.core.errors import DomainError
from users import services, tokens
from users.errors import TokenExpired
from users.views.auth import client_of

if TYPE_CHECKING:
    from django.contrib.auth.forms import SetPasswordForm
    from django.http.response import HttpResponseBase


class ResetPage(PasswordResetConfirmView):
    """
    Django's own page behind a reset link, with the shop's tokens, words and rules.

    The address with the token is left at once for one without it, so that neither a Referer nor a shared screen
    shows the token.
    """

    token_generator = tokens.password_reset
    template_name = "users/reset.html"
    success_url = reverse_lazy("account-reset-done")
    extra_context = None

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and keep an address that has the token in it out of every Referer."""
        response = super().dispatch(*args, **kwargs)
        if kwargs.get("token") != self.reset_url_token:
            response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the template shows."""
        return {**super().get_context_data(**kwargs), "shop": settings.SHOP_NAME}

    def form_valid(self, form: SetPasswordForm[Any]) -> HttpResponse:
        """Set the password by the same service as the API; a link used meanwhile shows as such."""
        try:
            services.reset_password(
                uid=self.kwargs["uidb64"],
                token=self.request.session.get(INTERNAL_RESET_SESSION_TOKEN, ""),
                new_password=form.cleaned_data["new_password1"],
                client=client_of(self.request),
                now=timezone.now(),
            )
        except TokenExpired:
            self.validlink = False
            return self.render_to_response(self.get_context_data(form=None))
        except DomainError as error:
            form.add_error("new_password1", str(error))
            return self.form_invalid(form)
        del self.request.session[INTERNAL_RESET_SESSION_TOKEN]
        return HttpResponseRedirect(str(self.success_url))


# The token in the address is the whole authority here: there is no cookie that a forged request could borrow.
@method_decorator(csrf_exempt, name="dispatch")
class VerifyPage(TemplateView):
    """A button that verifies: opening the link alone does nothing, since mail scanners open links too."""

    template_name = "users/verify.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and keep the token in the address out of every Referer."""
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the template shows."""
        return {"shop": settings.SHOP_NAME, "state": "ask", **super().get_context_data(**kwargs)}

    def post(self, request: HttpRequest, uid: str, token: str) -> HttpResponse:
        """Verify the address."""
        state = "done"
        try:
            services.verify_email(uid=uid, token=token, client=client_of(request), now=timezone.now())
        except TokenExpired:
            state = "expired"
        except DomainError:
            # Too many tries, or no cache to count them in.
            state = "later"
        return self.render_to_response(self.get_context_data(state=state))


class ResetDonePage(TemplateView):
    """What follows a new password."""

    template_name = "users/reset_done.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the template shows."""
        return {**super().get_context_data(**kwargs), "shop": settings.SHOP_NAME}

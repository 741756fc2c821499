"""
Pages that mailed links open in shops without a storefront: setting a password, verifying or changing an address.

They speak the language of the account that the link names, or else the browser's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse
from django.urls import reverse_lazy
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View

from shop.core.errors import DomainError
from users import selectors, services, tokens
from users.errors import TokenExpired
from users.views.auth import client_of

if TYPE_CHECKING:
    from django.contrib.auth.forms import SetPasswordForm
    from django.http.response import HttpResponseBase

    from users.models import User

# What the page after a reset has of the account, once the link is used up.
_LANGUAGE = "account_page_language"


class Page(TemplateResponseMixin, ContextMixin, View):
    """A page in the words of whoever the link is for."""

    def account(self) -> User | None:
        """Return the account that the address of the page names, or None."""
        return selectors.user_of_link(self.kwargs.get("uid", ""))

    def language(self) -> str:
        """Return the language to speak: the account's, or the one that the browser asks for."""
        account = self.account()
        if account is not None and account.language in dict(settings.LANGUAGES):
            return account.language
        return translation.get_language_from_request(self.request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer in one language; a template that is written later would miss it."""
        language = self.language()
        with translation.override(language):
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):
                response.render()
        response.headers["Content-Language"] = language
        patch_vary_headers(response, ["Accept-Language"])
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the template shows."""
        return {
            "shop": settings.SHOP_NAME,
            "language": translation.get_language(),
            **super().get_context_data(**kwargs),
        }


class ResetPage(Page, PasswordResetConfirmView):
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

    def account(self) -> User | None:
        """Return the account that the link names, by the name that Django's view has for it."""
        return selectors.user_of_link(self.kwargs["uidb64"])

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
        self.request.session[_LANGUAGE] = translation.get_language()
        return HttpResponseRedirect(str(self.success_url))


# The token in the address is the whole authority here: there is no cookie that a forged request could borrow.
@method_decorator(csrf_exempt, name="dispatch")
class ButtonPage(Page):
    """A button that uses a link: opening it alone does nothing, since mail scanners open links too."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and keep the token in the address out of every Referer."""
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def get(self, request: HttpRequest, uid: str, token: str) -> HttpResponse:
        """Show the button."""
        return self._page("ask")

    def post(self, request: HttpRequest, uid: str, token: str) -> HttpResponse:
        """Use the link."""
        try:
            self.use(uid, token)
        except TokenExpired:
            return self._page("expired")
        except DomainError:
            # Too many tries, or no cache to count them in.
            return self._page("later")
        return self._page("done")

    def use(self, uid: str, token: str) -> None:
        """Do what the link is for."""
        raise NotImplementedError

    def _page(self, state: str) -> HttpResponse:
        return self.render_to_response(self.get_context_data(state=state))


class VerifyPage(ButtonPage):
    """Verifies an address."""

    template_name = "users/verify.html"

    def use(self, uid: str, token: str) -> None:
        """Verify the address."""
        services.verify_email(uid=uid, token=token, client=client_of(self.request), now=timezone.now())


class EmailChangePage(ButtonPage):
    """Confirms a new address."""

    template_name = "users/email_change.html"

    def account(self) -> User | None:
        """Return the account whose change the link names."""
        change = selectors.email_change_of_link(self.kwargs["uid"])
        return change.user if change else None

    def use(self, uid: str, token: str) -> None:
        """Make the new address the account's."""
        services.confirm_email_change(
            uid=uid, token=token, client=client_of(self.request), now=timezone.now()
        )


class ResetDonePage(Page):
    """What follows a new password."""

    template_name = "users/reset_done.html"

    def language(self) -> str:
        """Return the language of the page before, which knew the account."""
        before = self.request.session.get(_LANGUAGE)
        return before if before in dict(settings.LANGUAGES) else super().language()

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the page."""
        return self.render_to_response(self.get_context_data())

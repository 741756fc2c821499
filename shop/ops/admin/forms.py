"""Forms of signing in and of one's own second factor and password."""

from __future__ import annotations

import math
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm
from unfold.widgets import BASE_INPUT_CLASSES, UnfoldAdminTextInputWidget

from shop.api.limits import client_address
from shop.core.errors import DomainError, RateLimited, ValidationFailed
from users import services as users
from users.errors import InvalidCredentials, OtpRequired

_WRONG_CODE = "This code is wrong, or was used before. Take the one that the app shows now."


def code_field(*, first: bool = False, **options: Any) -> forms.CharField:
    """
    Return a field for what an authenticator app shows, or a recovery code.

    :param first: it is what one came to the page for, so the cursor stands in it.
    """
    return forms.CharField(
        max_length=20,
        widget=UnfoldAdminTextInputWidget(
            attrs={
                "class": " ".join(BASE_INPUT_CLASSES),
                "autocomplete": "one-time-code",
                "autocapitalize": "none",
                "spellcheck": "false",
                **({"autofocus": ""} if first else {}),
            }
        ),
        **{"label": "Authenticator code", **options},
    )


def password_field() -> forms.CharField:
    """Return a field for one's present password."""
    return forms.CharField(
        label="Your password",
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(
            attrs={"class": " ".join(BASE_INPUT_CLASSES), "autocomplete": "current-password"}
        ),
    )


class SignInForm(AuthenticationForm):
    """Address, password, and the code of the second factor, which may also be shown on the next page."""

    otp = code_field(required=False, help_text="Leave it empty if you haven't set up an authenticator app.")
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "This e-mail address and password don't open the back office.",
    }
    shown: users.StaffSignIn

    def clean(self) -> dict[str, Any]:
        """Recognise who signs in, by the same limits and in the same time as the API."""
        values: dict[str, Any] = self.cleaned_data
        if not (values.get("username") and values.get("password")):
            return values
        try:
            self.shown = users.sign_in_staff(
                email=values["username"],
                password=values["password"],
                otp=values.get("otp", ""),
                client=users.Client(
                    address=client_address(self.request),
                    user_agent=self.request.headers.get("User-Agent", ""),
                ),
                now=timezone.now(),
            )
        except InvalidCredentials:
            raise self.get_invalid_login_error() from None
        except DomainError as error:
            add_refusal(self, error)
        else:
            self.user_cache = self.shown.user
        return values


class NothingForm(forms.Form):
    """A button is all it takes."""


class PasswordForm(forms.Form):
    """The password once more."""

    password = password_field()


class CodeForm(forms.Form):
    """A code, of the app or out of the drawer."""

    otp = code_field(
        first=True,
        help_text="The six digits that your app shows. Without the app, one of your recovery codes.",
    )


class FirstCodeForm(forms.Form):
    """The first code of a new app."""

    otp = code_field(first=True, label="Code", help_text="The six digits that your app shows now.")


class BothForm(forms.Form):
    """Both factors once more."""

    password = password_field()
    otp = code_field()


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """The old password and the new one; the service is the only judge of both, and counts tries."""

    def clean_old_password(self) -> str:
        """Leave it to the service: checking here too would be a second, uncounted try."""
        return str(self.cleaned_data["old_password"])


def add_refusal(
    form: forms.Form, error: DomainError, *, names: dict[str, str] | None = None, general: str | None = None
) -> None:
    """
    Say in a form why the shop refused.

    :param names: fields of the form by those that the refusal names, where they differ.
    :param general: the field that shows what concerns none, where the page has no place for it.
    """
    if isinstance(error, ValidationFailed):
        for found in error.errors:
            form.add_error((names or {}).get(found.field, found.field), found.detail)
    elif isinstance(error, OtpRequired):
        form.add_error("otp", ValidationError(_WRONG_CODE, code="otp_required"))
    elif isinstance(error, RateLimited):
        minutes = math.ceil((error.retry_after or 60) / 60)
        wait = "a minute" if minutes == 1 else f"{minutes} minutes"
        form.add_error(general, ValidationError(f"That was too often. Try again in {wait}.", code=error.code))
    else:
        form.add_error(general, ValidationError(str(error), code=error.code))

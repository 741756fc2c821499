"""The forms in which staff write an order down, and notes."""

from __future__ import annotations

import re
from typing import Any, Self
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django_countries import countries
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from users import selectors as users

# A number and an x before the SKU, or the SKU alone.
_LINE = re.compile(r"(?:(\d{1,3})\s*[x×]\s+)?(\S.*)", re.IGNORECASE)
_ADDRESS = (
    "full_name", "company", "line1", "line2", "postal_code", "city", "region", "country", "phone",
)  # fmt: skip


def _text(label: str, **values: Any) -> forms.CharField:
    return forms.CharField(
        **{"label": label, "required": False, "max_length": 200, "widget": UnfoldAdminTextInputWidget}
        | values
    )


def _yes(label: str, help_text: str = "", **values: Any) -> forms.BooleanField:
    return forms.BooleanField(
        label=label, help_text=help_text, required=False, widget=UnfoldBooleanSwitchWidget, **values
    )


class NewOrderForm(forms.Form):
    """What somebody orders; only what can't be read at all is refused here, the rest is the checkout's to say."""

    email = forms.EmailField(label="E-mail address", widget=UnfoldAdminEmailInputWidget)
    account = _yes(
        "On their account",
        "When there is an account with this address. Else it is a guest's order.",
        initial=True,
    )
    lines = forms.CharField(
        label="What they want",
        help_text="One SKU a line; several of one as 2 x SKU.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    coupons = _text("Codes", help_text="With commas between them.")
    currency = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    language = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    full_name = _text("Name")
    company = _text("Company")
    line1 = _text("Street and number")
    line2 = _text("Second line")
    postal_code = _text("Postal code", max_length=20)
    city = _text("City", max_length=100)
    region = _text("Region", max_length=100)
    country = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    phone = _text("Telephone", max_length=30)
    shipping_method = _text(
        "Shipping method", help_text="The preview lists what goes to the address.", max_length=50
    )
    note = _text("Note of the customer", max_length=1000)
    terms_accepted = _yes("The customer has accepted the terms")
    age_confirmed = _yes("The customer has confirmed the age", "Where something is sold from an age.")
    # What was shown last, which is what they have agreed to; and one key for each order that is written down.
    expected_total = forms.CharField(required=False, max_length=24, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"key": uuid4(), "currency": settings.BASE_CURRENCY})
        self.fields["currency"].choices = [(code, code) for code in settings.CURRENCIES]  # type: ignore[attr-defined]
        self.fields["language"].choices = [("", "their own"), *settings.LANGUAGES]  # type: ignore[attr-defined]
        self.fields["country"].choices = [("", "–"), *countries]  # type: ignore[attr-defined]
        if not settings.ORDER_TERMS_VERSION:
            del self.fields["terms_accepted"]

    def clean_key(self) -> str:
        """Return the key as headers have it."""
        return str(self.cleaned_data["key"])

    def clean_lines(self) -> list[dict[str, Any]]:
        """Return the lines as the API takes them."""
        found = [
            _LINE.fullmatch(line.strip()) for line in self.cleaned_data["lines"].splitlines() if line.strip()
        ]
        return [{"sku": one[2], "quantity": int(one[1] or 1)} for one in found if one]

    def body(self) -> dict[str, Any]:
        """Return what is written down as the body of the call that places such an order."""
        said = self.cleaned_data
        address = {name: said[name] for name in _ADDRESS if said[name]}
        account = users.account_at(said["email"], besides=UUID(int=0)) if said["account"] else None
        body = {
            "customer": str(account.pk) if account and users.recipient(account.pk) else None,
            "email": said["email"],
            "items": said["lines"],
            "coupons": [code.strip() for code in said["coupons"].split(",") if code.strip()],
            "currency": said["currency"],
            "shipping_address": address or None,
            "shipping_method": said["shipping_method"],
            "note": said["note"],
            "terms_accepted": said.get("terms_accepted", False),
            "age_confirmed": said["age_confirmed"],
        }
        optional = {name: said[name] for name in ("language", "expected_total") if said[name]}
        return body | optional

    def agreeing_to(self, total: str) -> Self:
        """Return the form as it was sent, with the total that is shown beside it."""
        shown: Any = self.data.copy()  # type: ignore[attr-defined]
        shown["expected_total"] = total
        return type(self)(shown)


class NoteForm(forms.Form):
    """A note; one that is visible is mailed."""

    text = forms.CharField(max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}))
    visible = _yes("For the customer", "They read it on the page of their order, and get it by mail.")

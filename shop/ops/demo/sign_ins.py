"""An admin and a customer to try the shop with, their passwords known to this machine only."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any, TypedDict

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from shop.core.transactions import use_case
from users import services as users

_PEOPLE: dict[str, dict[str, Any]] = {
    "admin": {
        "email": "admin@shop.example",
        "first_name": "Alex",
        "last_name": "Oakes",
        "is_staff": True,
        "is_superuser": True,
    },
    "customer": {"email": "robin@shop.example", "first_name": "Robin", "last_name": "Taylor"},
}
_ADDRESS = {
    "full_name": "Robin Taylor",
    "line1": "Lindenweg 4",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
    "phone": "+493012345678",
    "is_default": True,
}


class SignIn(TypedDict):
    """What one signs in with."""

    email: str
    password: str


def ensure_sign_ins() -> dict[str, SignIn]:
    """Return both sign-ins, made at the first call and kept in ``SHOP_DATA/demo.json``."""
    file = Path(settings.SHOP_DATA) / "demo.json"
    known: dict[str, SignIn] = json.loads(file.read_text()) if file.exists() else {}
    accounts = get_user_model()._default_manager
    wanted = [who["email"] for who in _PEOPLE.values()]
    there = set(accounts.filter(email__in=wanted).values_list("email", flat=True))
    # Both are looked at: the database and the file can each be thrown away alone.
    if set(known) >= set(_PEOPLE) and there >= set(wanted):
        return known
    made = {
        name: SignIn(email=who["email"], password=secrets.token_urlsafe(12)) for name, who in _PEOPLE.items()
    }
    for name, who in _PEOPLE.items():
        use_case(_make, who, made[name]["password"])
    _keep(file, made)
    return made


def _make(who: dict[str, Any], password: str) -> None:
    accounts = get_user_model()._default_manager
    user = accounts.filter(email=who["email"]).first()
    if user is not None:
        user.set_password(password)
        user.save(update_fields=["password"])
        return
    made = accounts.create_user(**who, password=password, email_verified_at=timezone.now())
    if not who.get("is_staff"):
        users.save_address(user_id=made.pk, kind="shipping", values=_ADDRESS)


def _keep(file: Path, sign_ins: dict[str, SignIn]) -> None:
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    # Made with its mode, so that there is no moment when others could read it.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(sign_ins, out, indent=2)
    draft.replace(file)

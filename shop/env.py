"""The environment, read strictly: a value that can't be understood stops the start and is named."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import environ
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

_MISSING = object()


def text(name: str, default: object = _MISSING) -> str:
    """
    Return a setting as text; one that is set to nothing counts as not set.

    :raises ImproperlyConfigured: it is required and missing.
    """
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is _MISSING:
        raise ImproperlyConfigured(f"{name} is required. See .env.example.")
    return str(default)


def flag(name: str, *, default: bool) -> bool:
    """
    Return a switch, written ``true`` or ``false`` and nothing else.

    :raises ImproperlyConfigured: it says something else.
    """
    value = text(name, str(default).lower())
    if value not in ("true", "false"):
        raise ImproperlyConfigured(f"{name} is {value!r}; write true or false.")
    return value == "true"


def whole(name: str, default: int, *, least: int = 0, most: int = 10**9) -> int:
    """
    Return a whole number within bounds.

    :raises ImproperlyConfigured: it isn't one.
    """
    value = text(name, default)
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number from {least} to {most}.")
    return int(value)


def choice(name: str, options: Sequence[str], default: str) -> str:
    """
    Return one of a few words.

    :raises ImproperlyConfigured: it is another one.
    """
    value = text(name, default)
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}; choose one of: {', '.join(options)}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """Return a list, written with commas between its words."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def pairs(name: str) -> dict[str, str]:
    """
    Return ``name=value`` pairs, written with semicolons between them.

    :raises ImproperlyConfigured: a pair has no ``=``.
    """
    found: dict[str, str] = {}
    for part in filter(None, text(name, "").split(";")):
        key, equals, value = part.partition("=")
        if not equals:
            raise ImproperlyConfigured(f"{name}: {part!r} has no '='.")
        found[key.strip()] = value.strip()
    return found


def database(name: str, *, sqlite: Path) -> dict[str, Any]:
    """
    Return Django's settings for the database a URL names, or for the embedded SQLite file.

    :raises ImproperlyConfigured: the URL names something other than PostgreSQL or SQLite.
    """
    url = text(name, f"sqlite:///{sqlite}")
    try:
        found: dict[str, Any] = environ.Env.db_url_config(url)
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"{name} can't be read as a database URL.") from error
    if found.get("ENGINE") not in ("django.db.backends.postgresql", "django.db.backends.sqlite3"):
        raise ImproperlyConfigured(f"{name}: use postgresql://… or sqlite:///….")
    return found


def email(name: str) -> dict[str, Any]:
    """
    Return Django's e-mail settings for a URL such as ``smtp+tls://user:password@host:587``.

    :raises ImproperlyConfigured: the URL can't be read.
    """
    try:
        found: dict[str, Any] = environ.Env.email_url_config(text(name))
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"{name} can't be read as an e-mail URL.") from error
    return found


def generated_key(file: Path) -> str:
    """Return the key kept in a file, made at the first call: sessions survive a restart in development."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Exclusive creation lets several processes start at once and agree on one key.
            with file.open("x") as handle:
                handle.write(secrets.token_urlsafe(48))
            file.chmod(0o600)
        except FileExistsError:
            pass
    return file.read_text().strip()

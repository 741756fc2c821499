"""The environment, read strictly: a value that can't be understood stops the start and is named."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


def statement_descriptor(name: str) -> str:
    """
    Return what a card statement shows: at most 22 Latin characters with a letter among them, as card networks want.

    :raises ImproperlyConfigured: it is something else.
    """
    value = text(name, "")
    readable = re.fullmatch(r"(?=.*[A-Za-z])[ -~]{1,22}", value)
    if (value and not readable) or set(value) & set("<>\\'\"*"):
        raise ImproperlyConfigured(
            f"{name} is {value!r}; write at most 22 plain characters with a letter, without < > \\ ' \" *."
        )
    return value


def languages(name: str, default: str, *, own: str) -> list[str]:
    """
    Return codes of languages in small letters, each once, the shop's own first whether or not it is named.

    :raises ImproperlyConfigured: a word can't be the code of a language.
    """
    said = [own.lower(), *(word.lower() for word in words(name, default))]
    for code in said:
        # As long as the columns that keep one.
        if len(code) > 10 or not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", code):
            raise ImproperlyConfigured(f"{name}: {code!r} is no code of a language; write en or pt-br.")
    return list(dict.fromkeys(said))


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


def currencies_by_country(name: str) -> dict[str, str]:
    """
    Return a currency for each country, written ``US:USD,GB:GBP``; whether there are such is for a check to tell.

    :raises ImproperlyConfigured: a part isn't two capitals, a colon and three, or a country is named twice.
    """
    found: dict[str, str] = {}
    for part in words(name):
        country, _, currency = part.partition(":")
        if not re.fullmatch(r"[A-Z]{2}:[A-Z]{3}", part) or country in found:
            raise ImproperlyConfigured(
                f"{name}: {part!r} can't be read; write US:USD,GB:GBP, each country once."
            )
        found[country] = currency
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

    ``smtp+tls`` begins in clear and goes on with TLS (STARTTLS); ``smtp+ssl`` speaks it from the start, and so does
    ``smtps`` on its own port 465 or without one.
    A provider's name stands for its API, with django-anymail's settings behind it: ``brevo:?api_key=…``.

    :raises ImproperlyConfigured: the URL can't be read.
    """
    url = text(name)
    if url.partition(":")[0] in _MAIL_PROVIDERS:
        return _mail_provider(name, url)
    try:
        found: dict[str, Any] = environ.Env.email_url_config(url)
    except (ValueError, KeyError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(
            f"{name} can't be read as an e-mail URL; write smtp+tls://user:password@host:587."
        ) from error
    if url.startswith("smtp") and not found["EMAIL_HOST"]:
        raise ImproperlyConfigured(f"{name} names no host; write smtp+tls://user:password@host:587.")
    # The library takes it for STARTTLS, which a server on this port waits for in vain (RFC 8314).
    if urlsplit(url).scheme == "smtps" and found["EMAIL_PORT"] in (None, 465):
        found |= {"EMAIL_PORT": 465, "EMAIL_USE_TLS": False, "EMAIL_USE_SSL": True}
    # The limits for Django's own are for each read, which a server that dawdles never reaches.
    if found["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend":
        found["EMAIL_BACKEND"] = "notifications.smtp.EmailBackend"
    return found


# Those that django-anymail knows.
_MAIL_PROVIDERS = (
    "amazon_ses",
    "brevo",
    "mailersend",
    "mailgun",
    "mailjet",
    "mailtrap",
    "mandrill",
    "postal",
    "postmark",
    "resend",
    "scaleway",
    "sendgrid",
    "sparkpost",
    "unisender_go",
)


def _mail_provider(name: str, url: str) -> dict[str, Any]:
    provider, _, said = url.partition(":")
    try:
        options = dict(parse_qsl(said.removeprefix("?"), strict_parsing=True)) if said else {}
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} can't be read: write {provider}:?name=value&name=value, each value URL-encoded."
        ) from error
    chosen: dict[str, Any] = {f"{provider}_{option}".upper(): value for option, value in options.items()}
    # Well within a sender's lease.
    chosen["REQUESTS_TIMEOUT"] = 30
    return {"EMAIL_BACKEND": f"anymail.backends.{provider}.EmailBackend", "ANYMAIL": chosen}


def media_storage(name: str, *, keys: tuple[str, str]) -> dict[str, Any]:
    """
    Return Django's settings for where pictures are kept: files of this machine, or the bucket that a URL names.

    :param keys: id and secret of the key to the bucket; two empty ones leave it to the machine's own role.
    :raises ImproperlyConfigured: the URL isn't ``s3://bucket?endpoint=…&region=…&public_url=…&path_style=1``, or one
        of the keys is missing.
    """
    url = text(name, "")
    if not url:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    bucket, asked = _bucket_of(name, url)
    if bool(keys[0]) != bool(keys[1]):
        raise ImproperlyConfigured(f"{name}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY together.")
    region, path_style = asked.get("region", ""), asked.get("path_style", "0") == "1"
    if not region and "endpoint" not in asked:
        raise ImproperlyConfigured(
            f"{name}: name the region, or the endpoint of another store than Amazon's."
        )
    endpoint = asked.get("endpoint", f"https://s3.{region}.amazonaws.com")
    own = f"{endpoint}/{bucket}" if path_style else endpoint.replace("://", f"://{bucket}.", 1)
    return {
        "BACKEND": "shop.storage.Bucket",
        "OPTIONS": {
            "base_url": asked.get("public_url", own),
            "bucket_name": bucket,
            "endpoint_url": asked.get("endpoint"),
            # Other stores have one region, and a signature has to name some.
            "region_name": region or "us-east-1",
            "path_style": path_style,
            "access_key": keys[0] or None,
            "secret_key": keys[1] or None,
        },
    }


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


def _bucket_of(name: str, url: str) -> tuple[str, dict[str, str]]:
    """Return the bucket that a URL names, and what else it says; every part of it is understood or refused."""
    try:
        parts = urlsplit(url)
        said = parse_qsl(parts.query, strict_parsing=bool(parts.query), max_num_fields=4)
        asked = dict(said)
        fits = len(asked) == len(said) and all(_MEANINGS[key](value) for key, value in asked.items())
    except (ValueError, KeyError):
        fits = False
    if not fits or not _is_bucket(parts):
        raise ImproperlyConfigured(
            f"{name} can't be read. Write s3://bucket?endpoint=https://…&region=…&public_url=https://…&path_style=1; "
            "all but the bucket may be left out."
        )
    return parts.netloc, {key: value.rstrip("/") for key, value in asked.items()}


def _is_bucket(parts: SplitResult) -> bool:
    plain = parts.scheme == "s3" and parts.path in ("", "/") and not parts.fragment
    return plain and bool(re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", parts.netloc))


def _is_address(value: str) -> bool:
    parts = urlsplit(value)
    strange = parts.query or parts.fragment or parts.username or parts.password
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not strange


_MEANINGS: dict[str, Callable[[str], object]] = {
    "endpoint": _is_address,
    "public_url": _is_address,
    "region": re.compile(r"[a-z0-9-]{1,40}").fullmatch,
    "path_style": re.compile(r"[01]").fullmatch,
}

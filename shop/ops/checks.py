"""What must be true of a production environment: each finding names the variable to change."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEAST_KEY = 50
_LEAST_DIFFERENT = 10
_LEAST_JWT_KEY = 32
_LEAST_TOKEN = 16


@register(Tags.security)
def production_is_safe(**_options: Any) -> list[CheckMessage]:
    """Report what a production shop must not run with; says nothing in development."""
    if not settings.PRODUCTION:
        return []
    return [*_process(), *_addresses(), *_sign_in(), *_parts(), *_mail(), *_kafka(), *_stripe()]


def refuse_unsafe_start() -> None:
    """
    Run the checks of security before a server takes requests; commands run them by themselves.

    :raises ImproperlyConfigured: one of them is an error; the text names each variable.
    """
    serious = [found for found in run_checks(tags=[Tags.security]) if found.is_serious()]
    if serious:
        raise ImproperlyConfigured(
            "The shop doesn't start like this:\n" + "\n".join(f"- {found.msg}" for found in serious)
        )


def _process() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Error("DEBUG shows visitors the inside of the shop: leave it out.", id="ops.E001")
    if len(settings.SECRET_KEY) < _LEAST_KEY or len(set(settings.SECRET_KEY)) < _LEAST_DIFFERENT:
        yield Error(f"SECRET_KEY can be guessed: use {_LEAST_KEY} random characters or more.", id="ops.E002")
    if len(settings.JWT_SIGNING_KEY) < _LEAST_JWT_KEY:
        yield Error(
            f"JWT_SIGNING_KEY is too short: use {_LEAST_JWT_KEY} random characters or more.", id="ops.E003"
        )
    if settings.FAILPOINTS:
        yield Error("SHOP_FAILPOINTS makes the shop crash on purpose: leave it out.", id="ops.E004")
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < _LEAST_TOKEN:
        yield Error(
            f"METRICS_TOKEN can be guessed: use {_LEAST_TOKEN} random characters or more.", id="ops.E005"
        )


def _addresses() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS lets a visitor choose the shop's name in mailed links: list the names.",
            id="ops.E006",
        )
    for name in ("SHOP_URL", "STOREFRONT_URL"):
        address = getattr(settings, name)
        if address and urlsplit(address).scheme != "https":
            yield Error(
                f"{name} must begin with https://: tokens travel in the links made from it.", id="ops.E007"
            )


def _sign_in() -> Iterator[CheckMessage]:
    if not settings.STAFF_TWO_FACTOR:
        yield Warning("STAFF_TWO_FACTOR is off: a stolen password is enough to run the shop.", id="ops.W015")


def _parts() -> Iterator[CheckMessage]:
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        yield Warning(
            "DATABASE_URL is SQLite: one machine, one writer. Use PostgreSQL for more.", id="ops.W008"
        )
    if "locmem" in settings.CACHES["default"]["BACKEND"]:
        yield Warning(
            "REDIS_URL is not set: each process counts tries for itself, so limits are looser.", id="ops.W009"
        )


def _mail() -> Iterator[CheckMessage]:
    if settings.EMAIL_BACKEND.rpartition(".")[0] in {
        f"django.core.mail.backends.{kind}" for kind in ("console", "filebased", "locmem", "dummy")
    }:
        yield Error("EMAIL_URL names no mail server: nobody would get a receipt.", id="ops.E010")
    by_smtp = settings.EMAIL_BACKEND == "notifications.smtp.EmailBackend"
    encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    if by_smtp and not encrypted and not _is_this_machine(settings.EMAIL_HOST):
        yield Error(
            "EMAIL_URL sends the server's password and the links in mails in clear: write "
            "smtp+tls://user:password@host:587, or smtps://user:password@host:465.",
            id="ops.E016",
        )


def _kafka() -> Iterator[CheckMessage]:
    if settings.EVENTS_BACKEND != "kafka":
        return
    protocol = settings.KAFKA_SECURITY_PROTOCOL
    for name in ("KAFKA_SASL_MECHANISM", "KAFKA_USERNAME", "KAFKA_PASSWORD"):
        given = bool(getattr(settings, name))
        if protocol.startswith("SASL_") and not given:
            yield Error(f"{name} is required with KAFKA_SECURITY_PROTOCOL={protocol}.", id="ops.E017")
        if not protocol.startswith("SASL_") and given:
            yield Error(
                f"{name} is of no use with KAFKA_SECURITY_PROTOCOL={protocol}, which signs nobody in: "
                "write SASL_SSL.",
                id="ops.E018",
            )
    elsewhere = [
        broker
        for broker in settings.KAFKA_BOOTSTRAP_SERVERS
        if not _is_this_machine(urlsplit(f"//{broker}").hostname)
    ]
    if elsewhere and protocol.endswith("PLAINTEXT"):
        yield Warning(
            f"KAFKA_SECURITY_PROTOCOL is {protocol}: whoever is on the way to {', '.join(elsewhere)} reads and "
            "changes events. Use SSL or SASL_SSL, unless the network is the shop's alone.",
            id="ops.W019",
        )


def _is_this_machine(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _stripe() -> Iterator[CheckMessage]:
    live = "_live_" in settings.STRIPE_SECRET_KEY
    if live != ("_live_" in settings.STRIPE_PUBLISHABLE_KEY):
        yield Error("STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY are of different modes.", id="ops.E011")
    if not live:
        yield Warning("STRIPE_SECRET_KEY is a test key: no money would arrive.", id="ops.W012")
    if not all(secret.startswith("whsec_") for secret in settings.STRIPE_WEBHOOK_SECRETS):
        yield Error("STRIPE_WEBHOOK_SECRET must begin with whsec_.", id="ops.E013")
    if urlsplit(settings.STRIPE_API_BASE).scheme != "https":
        kind = Error if live else Warning
        yield kind("STRIPE_API_BASE is not https: the secret key would travel in the open.", id="ops.E014")

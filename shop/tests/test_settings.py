"""The environment: what a start refuses, with which words, and that the example names it all."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured

from shop import env
from shop.ops.checks import production_is_safe

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "SHOP_ENV": "production",
    "SECRET_KEY": "k3Jv9-Qw7ZpLx2Rt6Yb1Nc8Md4Hf0Gs5Aa-Ue_Io.Pp,Ll;Kk:Jj",
    "ALLOWED_HOSTS": "shop.example",
    "SHOP_URL": "https://shop.example",
    "DATABASE_URL": "postgresql://shop:secret@db.internal:5432/shop",
    "REDIS_URL": "redis://cache.internal:6379/0",
    "EMAIL_URL": "smtp+tls://shop:secret@mail.internal:587",
    "DEFAULT_FROM_EMAIL": "Fern & Oak <hello@shop.example>",
    "STRIPE_SECRET_KEY": "sk_live_0123456789abcdef",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_0123456789abcdef",
    "STRIPE_WEBHOOK_SECRET": "whsec_0123456789abcdef",
}
VISIT = """
import json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django
from django.conf import settings
from django.test import Client
django.setup()
client = Client(SERVER_NAME="shop.example")
def visit(path, **headers):
    answer = client.get(path, headers=headers)
    return [answer.status_code, answer.get("Location"), answer.get("Strict-Transport-Security")]
cookies = [settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY]
proxied = visit("/problems/", **{"X-Forwarded-Proto": "https"})
print(json.dumps([visit("/problems/"), proxied, visit("/health/live/"), cookies]))
"""
DJANGO = {
    "check": ["manage.py", "check", "--deploy", "--fail-level", "WARNING"],
    "wsgi": ["-c", "import shop.wsgi"],
    "tls": ["-c", VISIT],
}


def start(what: str, tmp_path: Path, **environment: str | None) -> tuple[int, str]:
    """Start Django with exactly this environment; return the exit code and what it said."""
    given = {name: value for name, value in environment.items() if value is not None}
    done = subprocess.run(
        [sys.executable, *DJANGO[what]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SHOP_DATA": str(tmp_path), **given},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


class TestProduction:
    def test_is_clean_when_all_is_set(self, tmp_path):
        code, said = start("check", tmp_path, **PRODUCTION)

        assert (code, said.strip().splitlines()[-1]) == (0, "System check identified no issues (0 silenced).")

    def test_serves_when_all_is_set(self, tmp_path):
        # The folder of collected static files, without which WhiteNoise warns.
        (tmp_path / "static").mkdir()

        assert start("wsgi", tmp_path, **PRODUCTION) == (0, "")

    @pytest.mark.parametrize(
        "name",
        [
            "SECRET_KEY",
            "ALLOWED_HOSTS",
            "STRIPE_WEBHOOK_SECRET",
            "SHOP_URL",
            "EMAIL_URL",
            "STRIPE_SECRET_KEY",
            "STRIPE_PUBLISHABLE_KEY",
        ],
    )
    def test_refuses_to_start_without(self, name, tmp_path):
        code, said = start("wsgi", tmp_path, **{**PRODUCTION, name: None})

        assert code == 1
        assert (
            said.strip()
            .splitlines()[-1]
            .endswith(f"ImproperlyConfigured: {name} is required. See .env.example.")
        )

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("DEBUG", "true"),
            ("SECRET_KEY", "short"),
            ("SECRET_KEY", "a" * 60),
            ("JWT_SIGNING_KEY", "short"),
            ("ALLOWED_HOSTS", "*"),
            ("SHOP_FAILPOINTS", "relay.after_ack=kill9"),
            ("METRICS_TOKEN", "short"),
            ("SHOP_URL", "http://shop.example"),
            ("STOREFRONT_URL", "http://store.example"),
            ("EMAIL_URL", "consolemail://"),
            ("EMAIL_URL", "smtp://shop:secret@mail.internal:587"),
            ("STRIPE_PUBLISHABLE_KEY", "pk_test_0123456789abcdef"),
            ("STRIPE_WEBHOOK_SECRET", "secret"),
            ("STRIPE_API_BASE", "http://127.0.0.1:8001"),
        ],
    )
    def test_refuses_to_serve_with(self, name, value, tmp_path):
        code, said = start("wsgi", tmp_path, **{**PRODUCTION, name: value})

        assert code == 1
        assert f"- {name}" in said or (name.startswith("STRIPE") and f"{name} " in said)

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("DATABASE_URL", None, "DATABASE_URL is SQLite"),
            ("REDIS_URL", None, "REDIS_URL is not set"),
            ("STAFF_TWO_FACTOR", "false", "STAFF_TWO_FACTOR is off"),
        ],
    )
    def test_warns_of_what_is_only_small(self, name, value, words, tmp_path):
        changed = {**PRODUCTION, name: value}

        code, said = start("check", tmp_path, **changed)

        assert code == 1
        assert words in said
        assert start("wsgi", tmp_path, **changed)[0] == 0

    @pytest.mark.parametrize(
        ("url", "refused"),
        [
            ("smtp://shop:secret@mail.internal:587", True),
            ("smtp://10.0.0.7", True),
            ("smtp://127.0.0.1:1025", False),
            ("smtp://localhost", False),
            ("smtp://[::1]:25", False),
            ("smtp+tls://shop:secret@mail.internal:587", False),
            ("smtp+ssl://shop:secret@mail.internal:465", False),
            ("smtps://shop:secret@mail.internal", False),
            ("brevo:?api_key=key", False),
        ],
    )
    def test_mail_is_not_sent_in_clear(self, settings, monkeypatch, url, refused):
        monkeypatch.setenv("EMAIL_URL", url)
        for name, value in env.email("EMAIL_URL").items():
            setattr(settings, name, value)

        found = of_production(settings, "EMAIL_URL")

        assert [issue.id for issue in found] == ["ops.E016"] * refused
        for issue in found:
            assert "write smtp+tls://user:password@host:587" in issue.msg
            assert "secret" not in issue.msg

    @pytest.mark.parametrize(
        ("protocol", "given", "found"),
        [
            ("SSL", "", []),
            ("SASL_SSL", "SASL_MECHANISM USERNAME PASSWORD", []),
            ("SASL_SSL", "SASL_MECHANISM USERNAME", ["ops.E017"]),
            ("SASL_SSL", "", ["ops.E017"] * 3),
            ("SSL", "USERNAME PASSWORD", ["ops.E018"] * 2),
            ("PLAINTEXT", "", ["ops.W019"]),
            ("SASL_PLAINTEXT", "SASL_MECHANISM USERNAME PASSWORD", ["ops.W019"]),
        ],
    )
    def test_the_broker_is_signed_in_to_and_not_overheard(self, settings, protocol, given, found):
        settings.EVENTS_BACKEND, settings.KAFKA_SECURITY_PROTOCOL = "kafka", protocol
        settings.KAFKA_BOOTSTRAP_SERVERS = ["127.0.0.1:9092", "kafka.internal:9092"]
        for name in ("SASL_MECHANISM", "USERNAME", "PASSWORD"):
            setattr(settings, f"KAFKA_{name}", "secret" if name in given.split() else "")

        issues = of_production(settings, "KAFKA_")

        assert [issue.id for issue in issues] == found
        assert "secret" not in str(issues)

    def test_a_broker_of_this_machine_may_be_spoken_to_in_clear(self, settings):
        settings.EVENTS_BACKEND, settings.KAFKA_SECURITY_PROTOCOL = "kafka", "PLAINTEXT"
        settings.KAFKA_BOOTSTRAP_SERVERS = ["127.0.0.1:9092", "[::1]:9092", "localhost:9092", "localhost"]

        assert of_production(settings, "KAFKA_") == []


def of_production(settings: Any, name: str) -> list[CheckMessage]:
    """Return what production would be told about the variables that begin with a name."""
    settings.PRODUCTION = True
    return [found for found in production_is_safe() if found.msg.startswith(name)]


class TestTls:
    """What a browser meets in production, as the settings and middleware really are there."""

    @pytest.mark.parametrize(("proxies", "through_proxy"), [("1", 200), ("0", 301)])
    def test_is_all_that_is_spoken(self, tmp_path, proxies, through_proxy):
        (tmp_path / "static").mkdir()

        code, said = start("tls", tmp_path, **PRODUCTION, TRUSTED_PROXIES=proxies)

        assert code == 0, said
        plain, proxied, health, cookies = json.loads(said.strip().splitlines()[-1])
        assert plain == [301, "https://shop.example/problems/", None]
        # Behind a proxy its word counts, and nobody else's.
        hsts = "max-age=31536000; includeSubDomains; preload"
        assert proxied == ([200, None, hsts] if through_proxy == 200 else plain)
        assert health[0] == 200
        assert cookies == [True, True, True]


class TestDevelopment:
    def test_needs_no_environment(self, tmp_path):
        assert start("wsgi", tmp_path) == (0, "")
        assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize(
        ("environment", "words"),
        [
            ({"DEBUG": "yes"}, "DEBUG is 'yes'; write true or false."),
            ({"PORT": "eighty"}, "PORT is 'eighty'; write a whole number from 1 to 65000."),
            ({"SHOP_ENV": "prod"}, "SHOP_ENV is 'prod'; choose one of: development, production."),
            ({"DATABASE_URL": "mysql://db/shop"}, "DATABASE_URL"),
            ({"EMAIL_URL": "garbage"}, "EMAIL_URL can't be read as an e-mail URL; write smtp+tls://"),
            ({"EVENTS_BACKEND": "kafka"}, "KAFKA_BOOTSTRAP_SERVERS is required"),
            (
                {
                    "STRIPE_SECRET_KEY": "sk_live_1",
                    "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
                    "STRIPE_WEBHOOK_SECRET": "whsec_1",
                },
                "STRIPE_SECRET_KEY is a live key",
            ),
            (
                {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_test_1"},
                "STRIPE_WEBHOOK_SECRET is required",
            ),
        ],
    )
    def test_refuses_what_it_does_not_understand(self, environment, words, tmp_path):
        code, said = start("wsgi", tmp_path, **environment)

        assert code == 1
        assert words in said.strip().splitlines()[-1]

    def test_has_routes_that_production_has_not(self, tmp_path):
        routes = "import django; django.setup(); from django.urls import resolve; resolve('/dev/')"
        for environment, code in (({}, 0), (PRODUCTION, 1)):
            done = subprocess.run(
                [sys.executable, "-c", routes],
                cwd=ROOT,
                env={
                    "PATH": os.environ["PATH"],
                    "SHOP_DATA": str(tmp_path),
                    "DJANGO_SETTINGS_MODULE": "shop.settings",
                    **environment,
                },
                capture_output=True,
                timeout=110,
                check=False,
            )
            assert done.returncode == code


class TestExample:
    def test_names_what_the_settings_read(self):
        read = set(
            re.findall(
                r'env\.(?:text|flag|whole|choice|words|pairs|database|email|media_storage|languages|currencies_by_country|statement_descriptor)\(\s*"([A-Z_]+)"',
                (ROOT / "shop" / "settings.py").read_text(),
            )
        )
        named = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

        assert sorted(named) == sorted(read)

    def test_says_a_word_about_each(self):
        lines = (ROOT / ".env.example").read_text().splitlines()

        silent = [
            line
            for above, line in pairwise(lines)
            if "=" in line and line[0].isupper() and not above.startswith("# ")
        ]
        assert silent == []


class TestEnv:
    def test_mail_by_smtp_goes_through_the_shops_own_limits(self, monkeypatch):
        monkeypatch.setenv("EMAIL_URL", PRODUCTION["EMAIL_URL"])

        found = env.email("EMAIL_URL")

        assert (found["EMAIL_BACKEND"], found["EMAIL_USE_TLS"]) == ("notifications.smtp.EmailBackend", True)
        monkeypatch.setenv("EMAIL_URL", "filemail:///tmp/mail")
        assert env.email("EMAIL_URL")["EMAIL_BACKEND"] == "django.core.mail.backends.filebased.EmailBackend"

    @pytest.mark.parametrize(
        ("url", "tls", "ssl", "port"),
        [
            ("smtp+tls://user:secret@mail.internal:587", True, False, 587),
            ("smtp+ssl://user:secret@mail.internal:465", False, True, 465),
            ("smtps://user:secret@mail.internal:465", False, True, 465),
            ("smtps://user:secret@mail.internal", False, True, 465),
            ("smtps://user:secret@mail.internal:587", True, False, 587),
        ],
    )
    def test_the_scheme_of_mail_says_when_tls_begins(self, monkeypatch, url, tls, ssl, port):
        monkeypatch.setenv("EMAIL_URL", url)

        found = env.email("EMAIL_URL")

        said = (found.get("EMAIL_USE_TLS", False), found.get("EMAIL_USE_SSL", False), found["EMAIL_PORT"])
        assert said == (tls, ssl, port)

    @pytest.mark.parametrize(
        "url", ["garbage", "smtp://", "smtp://mail.internal:port", "http://mail.internal"]
    )
    def test_mail_that_can_not_be_read_is_named(self, monkeypatch, url):
        monkeypatch.setenv("EMAIL_URL", url)

        with pytest.raises(ImproperlyConfigured, match=r"EMAIL_URL .*write smtp\+tls://user"):
            env.email("EMAIL_URL")

    def test_mail_by_a_provider_takes_its_settings_from_the_url(self, monkeypatch):
        monkeypatch.setenv("EMAIL_URL", "mailgun:?api_key=a%26b&sender_domain=mail.shop.example")

        assert env.email("EMAIL_URL") == {
            "EMAIL_BACKEND": "anymail.backends.mailgun.EmailBackend",
            "ANYMAIL": {
                "MAILGUN_API_KEY": "a&b",
                "MAILGUN_SENDER_DOMAIN": "mail.shop.example",
                "REQUESTS_TIMEOUT": 30,
            },
        }
        monkeypatch.setenv("EMAIL_URL", "mailgun://key")
        with pytest.raises(ImproperlyConfigured, match=r"write mailgun:\?name=value"):
            env.email("EMAIL_URL")

    def test_every_provider_is_there(self):
        for provider in env._MAIL_PROVIDERS:
            assert find_spec(f"anymail.backends.{provider}")

    def test_a_pair_without_an_equals_sign_is_refused(self, monkeypatch):
        monkeypatch.setenv("SHOP_FAILPOINTS", "relay.after_ack")

        with pytest.raises(ImproperlyConfigured, match="has no '='"):
            env.pairs("SHOP_FAILPOINTS")

    def test_currencies_stand_by_country(self, monkeypatch):
        monkeypatch.setenv("COUNTRY_CURRENCIES", "US:USD, GB:GBP,")
        assert env.currencies_by_country("COUNTRY_CURRENCIES") == {"US": "USD", "GB": "GBP"}

        monkeypatch.delenv("COUNTRY_CURRENCIES")
        assert env.currencies_by_country("COUNTRY_CURRENCIES") == {}

    @pytest.mark.parametrize(
        "said", ["US", "US:", "us:usd", "US=USD", "USA:USD", "US:USD:GB", "US:USD,US:EUR"]
    )
    def test_currencies_by_country_that_can_not_be_read_are_refused(self, monkeypatch, said):
        monkeypatch.setenv("COUNTRY_CURRENCIES", said)

        with pytest.raises(ImproperlyConfigured, match=r"COUNTRY_CURRENCIES: .* write US:USD,GB:GBP"):
            env.currencies_by_country("COUNTRY_CURRENCIES")

    @pytest.mark.parametrize("said", ["12345", "FERN * OAK", "FERN & OAK AND MUCH MORE", "EICHE Ö"])
    def test_a_card_statement_says_only_what_card_networks_print(self, monkeypatch, said):
        monkeypatch.setenv("STATEMENT_DESCRIPTOR", "ORDERS 24/7")
        assert env.statement_descriptor("STATEMENT_DESCRIPTOR") == "ORDERS 24/7"
        monkeypatch.setenv("STATEMENT_DESCRIPTOR", said)

        with pytest.raises(ImproperlyConfigured, match="at most 22 plain characters"):
            env.statement_descriptor("STATEMENT_DESCRIPTOR")

    def test_set_to_nothing_is_not_set(self, monkeypatch):
        monkeypatch.setenv("SHOP_NAME", "  ")

        assert env.text("SHOP_NAME", "Fern & Oak") == "Fern & Oak"

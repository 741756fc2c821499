"""The search for secrets finds one of each kind wherever it is written, and takes nothing else for one."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection

from payments.models import Refund
from shop.api.logs import LineFormatter, redact
from shop.api.middleware import request_id
from shop.core.ids import new_id
from tests import leaks, leaks_plugin
from tests.leaks import KINDS, LogWatch, Watch, kinds_in
from tests.leftovers import secrets_left
from tests.running_shop import execute, own_database
from users.models import User

# One of each, made up.
SECRETS = {
    "API key": "rk_live_51Abcdefghij",
    "webhook secret": "whsec_Abcdefghij",
    "client secret": "pi_3Abc_secret_Defghij",
    "JWT": "eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2lnbmF0dXJl",
    "reset token": "cx8k2p-0123456789abcdef0123456789abcdef",
    "card number": "4242 4242 4242 4242",
}
HARMLESS = [
    "pk_test_51Abcdefghij",
    "pbkdf2_sha256$1000000$Zm9v$abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG=",
    "0123456789abcdef0123456789abcdef",
    "019ae1b2-3c4d-7e5f-8a6b-4242424242424242",
    "2026-11-29 21:40:12.123456+00:00 1764439904",
    "4242424242424241",
    "R2026-000001 of 24.80 EUR, +49 30 901820",
]


def said_by(watch: Watch) -> set[str]:
    return {kind for kind, _ in watch.take()}


@pytest.mark.once
class TestSearch:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("around", ["{}", '{{"a": ["x", "{}"]}}', "https://shop.example/{}/?a=1"])
    def test_finds_each_kind_and_no_other(self, kind, around):
        assert kinds_in(around.format(SECRETS[kind])) == [kind]

    @pytest.mark.parametrize("text", HARMLESS)
    def test_takes_nothing_else_for_one(self, text):
        assert kinds_in(text) == []

    @pytest.mark.parametrize("kind", KINDS)
    def test_finds_nothing_once_a_log_line_is_written(self, kind):
        assert kinds_in(redact(f"GET /a/{SECRETS[kind]}/?b=1")) == []

    def test_of_logs_reads_the_visitors_own_request_id(self):
        token = request_id.set("4242424242424242")
        record = logging.LogRecord("shop", logging.ERROR, "", 0, "It broke.", None, None)
        try:
            assert "4242" not in LineFormatter().format(record)
        finally:
            request_id.reset(token)


class TestWatch:
    @pytest.mark.django_db
    @pytest.mark.plants(*KINDS)
    def test_sees_what_is_written_to_the_database(self):
        for kind, secret in SECRETS.items():
            User.objects.filter(pk=new_id()).update(first_name=f"x {secret}")
            assert leaks_plugin.WATCH.found == [(kind, "users_user")]
            leaks_plugin.WATCH.take()
            Refund.objects.filter(pk=new_id()).update(lines=[{"line": ["nothing", secret]}])
            assert leaks_plugin.WATCH.take() == [(kind, "payments_refund")]
            with connection.cursor() as cursor:
                cursor.executemany("UPDATE users_user SET first_name = %s WHERE 1 = 0", [("x",), (secret,)])
            assert said_by(leaks_plugin.WATCH) == {kind}
        # All of them once more, for the search that goes on while this test runs.
        Refund.objects.filter(pk=new_id()).update(lines=list(SECRETS.values()))

    @pytest.mark.django_db
    def test_is_on_every_connection(self):
        another = connection.copy()
        another.connect()
        try:
            assert another.execute_wrappers.count(leaks_plugin.WATCH.statement) == 1
        finally:
            another.close()

    @pytest.mark.once
    @pytest.mark.plants("API key")
    def test_sees_what_is_logged(self):
        watch = Watch()
        handler = LogWatch(watch)
        # As it would be if the line's own formatter hid nothing.
        handler.setFormatter(logging.Formatter())
        for kind, secret in SECRETS.items():
            handler.handle(logging.LogRecord("shop", logging.INFO, "", 0, "Said %s", (secret,), None))
            assert watch.take() == [(kind, "log of shop")]
        kept = [one for one in logging.getLogger().handlers if isinstance(one, LogWatch)]
        assert [one.watch for one in kept] == [leaks_plugin.WATCH]
        assert isinstance(kept[0].formatter, LineFormatter)
        leaks_plugin.WATCH.look(SECRETS["API key"], "log of shop")

    @pytest.mark.once
    @pytest.mark.plants(*set(KINDS) - leaks.ALLOWED_IN_MAIL)
    def test_sees_what_is_mailed_but_for_the_token_of_a_link(self):
        for secret in SECRETS.values():
            sent = EmailMultiAlternatives("Hello", "a", to=["a@example.com"])
            sent.attach_alternative(f"<p>{secret}</p>", "text/html")
            sent.send()
        watch = Watch()

        watch.mails(mail.outbox)

        assert said_by(watch) == set(KINDS) - {"reset token"}

    @pytest.mark.once
    def test_fails_a_test_for_what_it_didnt_say(self):
        found = [("JWT", "users_user"), ("API key", "mail")]

        with pytest.raises(pytest.fail.Exception) as failure:
            leaks_plugin.complain(found, frozenset({"API key"}))

        assert failure.value.msg == "Written by this test: JWT in users_user"
        leaks_plugin.complain(found, frozenset(KINDS))
        unknown = SimpleNamespace(iter_markers=lambda _: [SimpleNamespace(args=("password",))])
        with pytest.raises(AssertionError, match="password"):
            leaks_plugin.planted(unknown)  # type: ignore[arg-type]


@pytest.mark.once
class TestLeftovers:
    @pytest.mark.parametrize("kind", KINDS)
    def test_are_searched_in_logs_mails_and_tables(self, kind, tmp_path):
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "web.log").write_text(f"GET /?a={SECRETS[kind]}\n")
        mail = EmailMessage()
        mail["Subject"] = "Hello"
        mail.set_content("plain")
        mail.add_alternative(f"<p>{SECRETS[kind]}</p>", subtype="html")
        with closing(sqlite3.connect(tmp_path / "shop.sqlite3")) as database, database:
            database.execute("CREATE TABLE notes (id INTEGER, said TEXT)")
            database.execute("INSERT INTO notes VALUES (1, ?)", [f'{{"a": "{SECRETS[kind]}"}}'])

        found = secrets_left(tmp_path, database="", mails=[mail])

        places = ["web.log", *([] if kind == "reset token" else ["a mail"]), "notes"]
        assert found == [f"{kind} in {place}" for place in places]

    @pytest.mark.parametrize("kind", KINDS)
    def test_are_searched_in_postgresql(self, kind, tmp_path, postgres):
        with own_database(postgres) as database:
            execute(database, "CREATE TABLE notes (id int, said jsonb, at timestamptz DEFAULT now())")
            execute(database, f"""INSERT INTO notes VALUES (1, '{{"a": ["{SECRETS[kind]}"]}}')""")

            assert secrets_left(tmp_path, database=database, mails=[]) == [f"{kind} in notes"]

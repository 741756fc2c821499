"""Mail as files: written whole, read back as it was, shown newest first."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.test import Client, override_settings

from shop.ops import mailbox

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def folder(tmp_path: Path):
    with override_settings(MAILBOX_DIR=tmp_path / "mails", EMAIL_BACKEND="shop.ops.mailbox.MailboxBackend"):
        yield tmp_path / "mails"


def send(subject: str = "Grüße", to: str = "ada@example.com", html: str = "<p>Für dich 🌿</p>") -> None:
    mail = EmailMultiAlternatives(subject, "Für dich 🌿\n", "Fern & Oak <shop@localhost>", [to])
    mail.attach_alternative(html, "text/html")
    mail.attach("receipt.pdf", b"%PDF-", "application/pdf")
    mail.send()


class TestBackend:
    def test_what_is_sent_can_be_read(self, folder):
        send()

        (found,) = mailbox.newest_first()
        assert (found.to, found.subject, found.text.strip(), found.html.strip()) == (
            "ada@example.com", "Grüße", "Für dich 🌿", "<p>Für dich 🌿</p>",
        )  # fmt: skip
        assert found.attachments == ["receipt.pdf"]
        assert found.at.tzinfo is not None

    def test_a_long_subject_begins_with_its_first_letter(self, folder):
        subject = "Bestätigen Sie Ihre neue E-Mail-Adresse, damit Ihre Bestellungen Sie erreichen"
        send(subject)

        (found,) = mailbox.newest_first()
        assert (found.subject, found.headers["Subject"]) == (subject, subject)

    def test_names_sort_by_time_and_the_newest_comes_first(self, folder):
        for number in range(5):
            send(f"Mail {number}")

        assert [found.subject for found in mailbox.newest_first()] == [
            f"Mail {number}" for number in (4, 3, 2, 1, 0)
        ]

    def test_a_half_written_mail_is_not_there(self, folder):
        send()
        (folder / "1700000000000000000-0123abcd.draft").write_bytes(b"Subject: half")

        assert len(list(mailbox.newest_first())) == 1
        assert len(list(folder.glob("*.eml"))) == 1

    def test_a_mail_to_nobody_is_none(self, folder):
        assert send_mail("x", "y", "shop@localhost", []) == 0

    @pytest.mark.parametrize("name", ["../secret_key", "x", "", "1700000000000000000-0123abcd"])
    def test_reads_nothing_but_mails(self, folder, name):
        folder.mkdir()
        (folder.parent / "secret_key.eml").write_text("secret")

        assert mailbox.read(name) is None


@pytest.mark.django_db
class TestPages:
    def test_the_list_as_data(self, client: Client):
        send("First")
        send("Second", to="Bob@Example.com")

        found = client.get("/dev/mailbox/?format=json").json()

        assert [set(mail) for mail in found] == [{"to", "subject", "text", "html", "at"}] * 2
        assert [mail["subject"] for mail in found] == ["Second", "First"]
        assert [mail["to"] for mail in client.get("/dev/mailbox/?format=json&to=bob@").json()] == [
            "Bob@Example.com"
        ]

    def test_an_empty_box_is_an_empty_list(self, client: Client):
        assert client.get("/dev/mailbox/?format=json").json() == []
        assert "Nothing here yet" in client.get("/dev/mailbox/").content.decode()

    def test_a_subject_is_text_and_no_markup(self, client: Client):
        send("<script>alert(1)</script>")
        (mail,) = mailbox.newest_first()

        for page in ("/dev/mailbox/", f"/dev/mailbox/{mail.name}/"):
            assert "<script>" not in client.get(page).content.decode()

    def test_what_a_mail_says_is_shown_in_a_sandbox(self, client: Client):
        send(html="<script>alert(1)</script>")
        (mail,) = mailbox.newest_first()

        page = client.get(f"/dev/mailbox/{mail.name}/")
        frame = client.get(f"/dev/mailbox/{mail.name}/html/")

        assert '<iframe sandbox="allow-popups"' in page.content.decode()
        assert frame.headers["Content-Security-Policy"].startswith(
            "sandbox allow-popups; default-src 'none';"
        )
        assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"

    def test_a_mail_that_is_not_there_is_not_found(self, client: Client):
        assert client.get("/dev/mailbox/1700000000000000000-0123abcd/").status_code == 404

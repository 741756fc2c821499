"""Words of mails that staff write: what they may say, what is refused, what is sent, and how it is previewed."""

from __future__ import annotations

import html
import logging
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from notifications import letters, rendering, samples, sender
from notifications.models import MailTemplate
from notifications.sandbox import Words
from notifications.services import overriding
from notifications.tests.conftest import Orders, Script
from notifications.tests.factories import a_message, an_order
from notifications.tests.test_admin import staff
from notifications.tests.test_rendering import seen
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, ValidationFailed

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at"), pytest.mark.once]

GOOD = Words(
    subject="Danke, {{ order.shipping_address.full_name }}: {{ order.number }}",
    text="{{ greeting }}\n\nDanke!\n\n{{ order_summary }}\n\n{{ order_url|button:'Zur Bestellung' }}",
    html="<h1>Danke!</h1>\n<p>{{ greeting }}</p>{{ order_summary }}{{ order_url|button:'Zur Bestellung' }}",
)
EVERY = ["add_mailtemplate", "change_mailtemplate", "delete_mailtemplate", "view_mailtemplate"]


def keep(template: str = "order_placed", language: str = "en", words: Words = GOOD) -> MailTemplate:
    return overriding.write_words(
        template=template, language=language, words=words, actor_id=None, now=timezone.now()
    )


def refused(words: Words, template: str = "order_placed", language: str = "en") -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as refusal:
        keep(template, language, words)
    assert not MailTemplate.objects.exists()
    assert not AuditEntry.objects.exists()
    return [(error.field, error.code) for error in refusal.value.errors]


def part_of(mail: Any, kind: str) -> str:
    return str(mail.get_body((kind,)).get_content()).replace("\r\n", "\n")


class TestWriting:
    def test_keeps_one_version_a_mail_and_language_and_says_who_wrote_it(self) -> None:
        first = keep()
        again = keep(words=Words(subject="Hi", text="Hi", html="Hi"))
        keep(language="de")

        assert (again.pk, MailTemplate.objects.count()) == (first.pk, 2)
        assert overriding.words_for(template="order_placed", language="en") == Words(
            subject="Hi", text="Hi", html="Hi"
        )
        assert overriding.words_for(template="order_paid", language="en") is None
        entries = AuditEntry.objects.order_by("pk").values_list("action", "facts")
        assert entries[0] == (
            "notifications.template_written",
            {"template": "order_placed", "language": "en"},
        )

    def test_taking_it_back_lets_the_shops_own_hold(self) -> None:
        kept = keep()

        overriding.take_back(template_id=kept.pk, actor_id=None, now=timezone.now())

        assert overriding.words_for(template="order_placed", language="en") is None
        assert AuditEntry.objects.filter(action="notifications.template_taken_back").count() == 1
        with pytest.raises(NotFound):
            overriding.take_back(template_id=kept.pk, actor_id=None, now=timezone.now())

    def test_the_database_refuses_a_second_and_half_a_mail(self) -> None:
        keep()
        values = {"template": "order_placed", "subject": "a", "text": "a", "updated_at": timezone.now()}
        for wrong in ({"language": "en", "html": "a"}, {"language": "de", "html": ""}):
            with pytest.raises(IntegrityError), transaction.atomic():
                MailTemplate.objects.create(**{**values, **wrong})

    @pytest.mark.parametrize(
        "html",
        [
            "{% load static %}",
            "{% include 'notifications/_order.html' %}",
            "{% extends 'notifications/base.html' %}",
            "{% debug %}",
            "{% now 'Y' %}",
            "{% url 'admin:index' %}",
            "{% autoescape off %}{{ order.number }}{% endautoescape %}",
            "{{ order.number|safe }}",
            "{% if order %}",
            "{{ order._meta }}",
        ],
    )
    def test_refuses_what_is_no_plain_template(self, html: str) -> None:
        assert refused(Words(subject="a", text="a", html=f"<p>{html}</p>")) == [("html", "invalid")]

    @pytest.mark.parametrize("html", ["{{ order.number", "order.number }}", "{% if order"])
    def test_refuses_what_is_not_closed(self, html: str) -> None:
        assert refused(Words(subject="a", text="a", html=html)) == [("html", "unclosed")]

    @pytest.mark.parametrize(
        "html",
        [
            "{{ nobody }}",
            "{{ reset_url }}",
            "{{ order.access_token }}",
            "{{ order.number.upper }}",
            "{{ order.items.0.secret }}",
            "{% if order.secret %}a{% endif %}",
            "{% if order.total and secret %}a{% endif %}",
            "{{ order.total|money:order.secret }}",
            "{% with a=order.secret %}a{% endwith %}",
            "{% for item in order.items %}{{ item.secret }}{% endfor %}",
            "{% for item in secrets %}a{% endfor %}",
            "{{ settings.SECRET_KEY }}",
            "{{ goods }}",
        ],
    )
    def test_refuses_values_that_the_mail_does_not_have(self, html: str) -> None:
        assert refused(Words(subject="a", text="a", html=html)) == [("html", "unknown_value")]

    @pytest.mark.parametrize(
        "html",
        [
            "<script>a</script>",
            '<p onclick="a">a</p>',
            "<iframe src=a>",
            '<a href="javascript:a">a</a>',
            "<form><input></form>",
            "<style>p {}</style>",
        ],
    )
    def test_refuses_html_that_does_something(self, html: str) -> None:
        assert refused(Words(subject="a", text="a", html=html)) == [("html", "active")]

    def test_refuses_a_mail_without_what_it_is_for(self) -> None:
        without = Words(subject="a", text="Use {{ reset_url }}", html="<p>Ask us.</p>")

        assert refused(without, "password_reset") == [("html", "needed")]

    def test_refuses_unknown_mails_and_languages_and_nothing_at_all(self) -> None:
        assert refused(GOOD, template="order_forgotten") == [("template", "does_not_exist")]
        assert refused(GOOD, language="xx") == [("language", "does_not_exist")]
        assert refused(Words(subject=" ", text="", html="a")) == [("subject", "blank"), ("text", "blank")]


class TestSending:
    def test_staffs_words_stand_in_the_shops_frame(self, server: Script, orders: Orders) -> None:
        keep()
        orders.changes = {"language": "en"}
        a_message()

        assert sender.send_due(now=timezone.now()) == 1

        (taken,) = server.taken
        text, html = (part_of(taken, kind) for kind in ("plain", "html"))
        assert taken["Subject"] == "Danke, Ana Müller: K7Q2MXR94T"
        assert text.startswith("Fern & Oak\n")
        assert "Danke!" in text
        assert "Subtotal: €235.00" in text
        assert ">Subtotal</th>" in html
        assert "You receive this because" in text
        assert "<h1 style=" in html
        assert "prefers-color-scheme: dark" in html
        assert "Your order" not in text

    def test_another_language_keeps_the_shops_own(self, server: Script, orders: Orders) -> None:
        keep(language="de")
        a_message()

        sender.send_due(now=timezone.now())

        assert server.taken[0]["Subject"] == "Your order K7Q2MXR94T"

    def test_what_shoppers_typed_stays_text(self) -> None:
        order = an_order(
            shipping_address={**an_order()["shipping_address"], "full_name": "<b>Eve</b>\n%(x)s {{ a }}"}
        )
        words = Words(
            subject="To {{ order.shipping_address.full_name }}",
            text="{{ order.shipping_address.full_name }}",
            html="{{ order.shipping_address.full_name }}",
        )

        mail = rendering.render(template="order_placed", language="en", context={"order": order}, words=words)

        assert mail.subject == "To <b>Eve</b> %(x)s {{ a }}"
        assert "<b>Eve</b>\n%(x)s {{ a }}" in mail.text
        assert "&lt;b&gt;Eve&lt;/b&gt;" in mail.html
        assert "<b>Eve" not in mail.html

    def test_words_that_fail_with_real_values_give_way_to_the_shops_own(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        words = Words(subject="a", text="a", html="{{ order.number|money:order.currency }}")

        with caplog.at_level(logging.ERROR):
            mail = rendering.render(
                template="order_placed", language="en", context={"order": an_order()}, words=words
            )

        assert mail.subject == "Your order K7Q2MXR94T"
        assert "can't be used" in caplog.text


class TestSamples:
    def test_every_mail_has_one_that_its_own_words_come_out_with(self) -> None:
        assert samples.mails() == sorted({*letters._LETTERS, "email_change_taken"})
        for mail in samples.mails():
            written = rendering.render(template=mail, language="de", context=samples.sample_of(mail))
            assert set(samples.needed_by(mail)) <= set(samples.sample_of(mail))
            assert written.subject

    def test_words_see_copies_of_what_is_in_it_and_nothing_else(self) -> None:
        order = an_order(access_token="secret", user_id=7)

        shown = samples.shown_to_words("order_placed", {"order": order, "reset_url": "https://x"})

        assert set(shown) == {"order"}
        assert "access_token" not in shown["order"]
        assert shown["order"]["items"][0]["options"] == {"Shade": "Linen", "Cable": "Black"}
        assert shown["order"]["items"] is not order["items"]


class TestAdmin:
    ADD, LIST = "admin:notifications_mailtemplate_add", "admin:notifications_mailtemplate_changelist"
    PREVIEW = "admin:notifications_mailtemplate_preview"

    def form(self, **changes: str) -> dict[str, str]:
        return {
            "template": "order_placed",
            "language": "de",
            "subject": GOOD.subject,
            "text": GOOD.text,
            "html": GOOD.html,
            **changes,
        }

    def test_writes_changes_and_takes_back(self) -> None:
        client = staff(*EVERY)
        assert client.post(reverse(self.ADD), self.form()).status_code == 302
        kept = MailTemplate.objects.get()
        change = reverse("admin:notifications_mailtemplate_change", args=[kept.pk])
        assert "order_summary" in client.get(change).content.decode()

        assert client.post(change, self.form(subject="Neu")).status_code == 302
        kept.refresh_from_db()
        assert (kept.subject, LogEntry.objects.count()) == ("Neu", 2)

        delete = reverse("admin:notifications_mailtemplate_delete", args=[kept.pk])
        assert client.post(delete, {"post": "yes"}).status_code == 302
        assert not MailTemplate.objects.exists()
        assert AuditEntry.objects.filter(actor_id__isnull=False).count() == 3

    def test_says_beside_the_field_what_is_refused(self) -> None:
        page = staff(*EVERY).post(reverse(self.ADD), self.form(html="{{ nobody }}"))

        assert page.status_code == 200
        assert "This mail has no nobody." in page.content.decode()
        assert not MailTemplate.objects.exists()

    def test_previews_both_versions_wide_and_narrow_in_html_and_text(self) -> None:
        keep(language="de")
        client = staff("view_mailtemplate")

        page = client.get(reverse(self.PREVIEW), {"mail": "order_placed", "language": "de"}).content.decode()

        assert page.count("<iframe") == 4
        assert (page.count('width="375"'), page.count('width="1024"')) == (2, 2)
        assert "Danke, Ana Müller: K7Q2MXR94T" in page
        assert "Ihre Bestellung K7Q2MXR94T" in page
        assert "Zwischensumme: 235,00" in page

    def test_the_frames_hold_the_mail_alone_and_it_can_do_nothing(self) -> None:
        keep(language="de")
        client = staff("view_mailtemplate")
        values = {"mail": "order_placed", "language": "de"}

        yours = client.get(reverse(self.PREVIEW), {**values, "part": "staff"})
        shops = client.get(reverse(self.PREVIEW), {**values, "part": "shop"})

        assert ("Danke!" in yours.content.decode(), "Danke!" in shops.content.decode()) == (True, False)
        assert "Walnut desk lamp" in " ".join(seen(shops.content.decode()).words)
        for frame in (yours, shops):
            assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
            assert frame.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")

    def test_is_for_those_who_may_see_it(self) -> None:
        for client in (staff(), staff("view_emailmessage")):
            assert client.get(reverse(self.LIST)).status_code == 403
            assert client.get(reverse(self.PREVIEW)).status_code in (302, 403)
        assert staff("view_mailtemplate").post(reverse(self.ADD), self.form()).status_code == 403
        assert not MailTemplate.objects.exists()

    def test_previews_in_dark_colours_and_lists_the_values_by_name(self) -> None:
        client = staff("view_mailtemplate", "add_mailtemplate")
        values = {"mail": "order_placed", "language": "de", "colours": "dark"}

        page = client.get(reverse(self.PREVIEW), values).content.decode()
        dark = client.get(reverse(self.PREVIEW), {**values, "part": "shop"}).content.decode()
        light = client.get(reverse(self.PREVIEW), {"mail": "order_placed", "part": "shop"}).content.decode()

        assert ("@media all" in dark, "@media not all" in light) == (True, True)
        assert "<code>order.shipping_address.city</code></th><td" in page
        assert "a list; each has name, sku, options, quantity, unit_price, line_total" in page
        (form,) = re.findall(r'href="([^"]+/add/\?[^"]+)"', page)
        assert '<option value="order_placed" selected>Order placed</option>' in " ".join(
            client.get(html.unescape(form)).content.decode().split()
        )

    @pytest.mark.parametrize("values", [{"mail": "nobody"}, {"language": "xx"}, {"colours": "pink"}])
    def test_there_is_no_preview_of_other_mails(self, values: Any) -> None:
        assert staff("view_mailtemplate").get(reverse(self.PREVIEW), values).status_code == 404

"""Mails about stock, from the event to the mailbox."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import override_settings
from django.utils import timezone

from notifications import sender
from notifications.models import EmailMessage
from orders.models import Order
from products import services
from products.tests.factories import NOW, variant
from shop.core.ids import new_id
from shop.events.local import LocalBackend
from shop.events.models import OutboxEvent
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def work() -> None:
    while rows := list(OutboxEvent.objects.filter(published_at__isnull=True).order_by("pk")):
        LocalBackend().send(rows)
        OutboxEvent.objects.filter(pk__in=[row.pk for row in rows]).update(published_at=timezone.now())
    sender.send_due(now=timezone.now())


@pytest.fixture(autouse=True)
def outbox(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.STAFF_EMAIL = "staff@shop.example"


@pytest.fixture
def awaited(db):
    made = variant(on_hand=0, options={"Shade": "Linen"})
    made.product.name = "Desk lamp"
    made.product.save()
    return made


def receive(made, units: int) -> None:
    services.adjust_stock(variant_id=made.pk, delta=units, reason="delivery", actor_id=None, now=NOW)


class TestBackInStock:
    def test_those_who_waited_hear_in_their_language(self, awaited):
        said = {"name": "Schreibtischlampe", "options": {"Linen": "Leinen"}}
        services.write_product_text(
            product_id=awaited.product_id, language="de", said=said, actor_id=None, now=NOW
        )
        ana, ben = UserFactory(language="de"), UserFactory(language="en")
        for user in (ana, ben):
            services.ask_for_alert(user_id=user.pk, variant_id=awaited.pk, now=NOW)

        receive(awaited, 5)
        work()

        assert [(one.to, one.subject) for one in mail.outbox] == [
            ([ana.email], "Schreibtischlampe ist wieder da"),
            ([ben.email], "Desk lamp is back"),
        ]
        assert "Schreibtischlampe (Leinen)" in mail.outbox[0].body
        assert "Desk lamp (Linen)" in mail.outbox[1].body
        assert "See it in the shop" not in mail.outbox[1].body

    @override_settings(STOREFRONT_URL="https://store.example")
    def test_the_storefront_has_the_page(self, awaited):
        services.ask_for_alert(user_id=UserFactory().pk, variant_id=awaited.pk, now=NOW)

        receive(awaited, 1)
        work()

        assert f"https://store.example/products/{awaited.product.slug}/" in mail.outbox[0].body

    def test_what_is_not_sold_any_more_is_not_announced(self, awaited):
        services.ask_for_alert(user_id=UserFactory().pk, variant_id=awaited.pk, now=NOW)
        receive(awaited, 1)
        while rows := list(OutboxEvent.objects.filter(published_at__isnull=True).order_by("pk")):
            LocalBackend().send(rows)
            OutboxEvent.objects.filter(pk__in=[row.pk for row in rows]).update(published_at=timezone.now())
        services.archive_product(product_id=awaited.product_id, actor_id=None, now=NOW)

        sender.send_due(now=timezone.now())

        assert mail.outbox == []
        message = EmailMessage.objects.get()
        assert (message.state, message.error) == ("dead", "It isn't sold any more.")

    def test_no_order_is_needed_for_it(self, awaited):
        services.ask_for_alert(user_id=UserFactory().pk, variant_id=awaited.pk, now=NOW)
        receive(awaited, 1)
        work()

        assert not Order.objects.exists()
        assert EmailMessage.objects.get().order_id is None


class TestStockLow:
    def test_staff_hear_of_it(self):
        made = variant(on_hand=5, low_stock_threshold=4, sku="LIT-02")

        services.reserve(order_ref=new_id(), quantities={made.pk: 3}, expires_at=None, now=NOW)
        work()

        (one,) = mail.outbox
        assert one.to == ["staff@shop.example"]
        assert one.subject == f"Running low: {made.product.name}"
        assert "\nLIT-02: 2 left\n" in one.body
        assert f"http://127.0.0.1:8000/admin/products/product/{made.product_id}/change/" in one.body

    def test_without_an_address_it_is_given_up_with_the_reason(self, settings):
        settings.STAFF_EMAIL = ""
        made = variant(on_hand=5, low_stock_threshold=4)

        services.reserve(order_ref=new_id(), quantities={made.pk: 3}, expires_at=None, now=NOW)
        work()

        assert mail.outbox == []
        assert EmailMessage.objects.get().error == "STAFF_EMAIL names nobody to tell."

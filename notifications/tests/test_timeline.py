"""The timeline over HTTP: what it tells, to whom, and what it sends again."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.utils import timezone

from notifications import sender
from notifications.models import EmailMessage
from notifications.tests.factories import a_message
from orders.models import Order
from orders.tests.backs import approve, ask
from orders.tests.factories import paid
from orders.tests.parcels import deliver, ship
from orders.tests.shopping import code, order_url, token_of
from products.tests.factories import NOW, variant
from shop.audit.models import AuditEntry
from shop.events.local import LocalBackend
from shop.events.models import OutboxEvent
from tests.statements import statements
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db


def timeline(order: Order) -> list[dict[str, Any]]:
    body = anonymous().get(order_url(order, "timeline"), headers=token_of(order)).json()
    assert (body["count"], body["next"], body["previous"]) == (len(body["results"]), None, None)
    results: list[dict[str, Any]] = body["results"]
    return results


def resend(order: Order, entry: Any, **headers: str) -> Any:
    return anonymous().post(
        f"{order_url(order, 'timeline')}{entry}/resend/", headers=headers or token_of(order)
    )


class TestTimeline:
    def test_tells_every_step_and_every_message(self):
        order = paid(variant(), variant())
        ship(order, [1, 0])
        ship(order, [0, 1], carrier="Our van")
        deliver(order)
        approve(ask(order, [1, 0]), approve=False)
        LocalBackend().send(list(OutboxEvent.objects.filter(type="orders.order_placed.v1")))
        sender.send_due(now=timezone.now())

        entries = timeline(order)

        told = [(entry["kind"], entry["stage"], entry["message"]) for entry in entries]
        assert sorted(told[:-1]) == [
            ("return", "delivered", "It can't be taken back."),
            ("return", "delivered", "You asked to send something back."),
            ("shipment", "delivered", "DHL has delivered a parcel."),
            ("shipment", "delivered", "Our van has delivered a parcel."),
            ("shipment", "shipped", "DHL has a parcel of yours."),
            ("shipment", "shipped", "Our van has a parcel of yours."),
            ("step", "placed", "We have your order."),
            ("step", "preparing", "We have received your payment."),
            ("step", "preparing", "Your order is confirmed and being prepared."),
        ]
        message = EmailMessage.objects.get()
        assert told[-1] == ("message", None, "Confirmation of your order")
        assert entries[-1]["id"] == str(message.pk)
        assert entries[-1]["delivery"] == {
            "template": "order_placed",
            "state": "sent",
            "to": message.sent_to,
            "sent_at": message.sent_at.isoformat().replace("+00:00", "Z") if message.sent_at else None,
            "attempts": 1,
            "can_resend": True,
        }
        assert "ada@example.com" not in str(entries)
        assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)

    def test_speaks_the_orders_language(self):
        order = paid()
        Order.objects.filter(pk=order.pk).update(language="de")
        ship(order)

        assert timeline(order)[-1]["message"] == "DHL hat ein Paket für Sie."

    def test_costs_the_same_however_much_has_happened(self):
        one, many = paid(), paid(variant(), quantity=5)
        for _ in range(4):
            ship(many, [1])
            ask(many, [1])
            a_message(order_id=many.pk)

        def cost(order: Order) -> int:
            with statements() as seen:
                timeline(order)
            return len(seen)

        assert (cost(one), cost(many)) == (6, 6)

    def test_is_the_owners(self):
        order = paid(user=UserFactory())

        assert code(anonymous().get(order_url(order, "timeline"))) == (404, "not_found")
        assert code(client_of(UserFactory()).get(order_url(order, "timeline"))) == (404, "not_found")


class TestResend:
    def test_sends_a_message_again(self, mailoutbox):
        order = paid()
        sent = a_message(order_id=order.pk, state="sent", sent_at=NOW, language="en")

        response = resend(order, sent.pk)
        sender.send_due(now=timezone.now())

        again = EmailMessage.objects.get(resend_of=sent)
        assert (response.status_code, response.json()["id"]) == (202, str(again.pk))
        assert response.json()["delivery"]["state"] == "pending"
        assert [mail.to for mail in mailoutbox] == [["ada@example.com"]]

    def test_knows_no_steps_and_no_messages_of_others(self):
        order, other = paid(), paid()
        foreign = a_message(order_id=other.pk, state="sent", sent_at=NOW, language="en")

        for entry in ("step-1", foreign.pk, uuid4()):
            assert code(resend(order, entry)) == (404, "not_found")

        assert code(resend(other, foreign.pk, **{"X-Order-Token": "x"})) == (404, "not_found")
        assert EmailMessage.objects.count() == 1

    def test_waits_for_what_is_under_way(self):
        order = paid()
        waiting = a_message(order_id=order.pk)

        assert code(resend(order, waiting.pk)) == (409, "message_under_way")

        assert EmailMessage.objects.count() == 1

    def test_is_for_staff_who_may_change_orders(self):
        order = paid()
        sent = a_message(order_id=order.pk, state="sent", sent_at=NOW, language="en")
        clerk, looker = StaffFactory(), StaffFactory()
        clerk.user_permissions.set(Permission.objects.filter(codename="change_order"))
        looker.user_permissions.set(Permission.objects.filter(codename="view_order"))
        url = f"{order_url(order, 'timeline')}{sent.pk}/resend/"

        assert code(client_of(looker).post(url)) == (403, "permission_denied")
        assert client_of(clerk).post(url).status_code == 202
        assert AuditEntry.objects.get(action="notifications.resent").actor_id == clerk.pk

    def test_goes_out_three_times_an_hour(self, settings):
        settings.LIMITS_FACTOR = 1
        cache.clear()
        order = paid()
        sent = a_message(order_id=order.pk, state="sent", sent_at=NOW, language="en")

        answers = [resend(order, sent.pk).status_code for _ in range(4)]

        assert answers == [202, 202, 202, 429]
        assert EmailMessage.objects.filter(resend_of=sent).count() == 3

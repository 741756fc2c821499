"""What is mailed about the goods of an order, from the step that staff take to the words in the mail."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from notifications import sender
from notifications.models import EmailMessage
from orders import services as orders
from orders.models import Order
from orders.tests.backs import approve, ask, receive, refund
from orders.tests.factories import paid
from orders.tests.parcels import cancel_lines, deliver, ship
from orders.tokens import access_token
from products.tests.factories import variant
from shop.events.local import LocalBackend
from shop.events.models import OutboxEvent
from users.tests.clients import anonymous
from users.tests.factories import StaffFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    made = paid(variant(price=1990), variant(price=500), quantity=2)
    made.lines.filter(position=0).update(name="Lamp")
    made.lines.filter(position=1).update(name="Shade")
    OutboxEvent.objects.all().delete()
    return made


def mailed(box: list[Any]) -> Any:
    """Hand out what was announced about goods, send what is owed, and return the last mail."""
    rows = list(OutboxEvent.objects.filter(type__startswith="orders.").order_by("pk"))
    LocalBackend().send(rows)
    OutboxEvent.objects.all().delete()
    before = len(box)
    sender.send_due(now=timezone.now())
    assert len(box) > before, list(EmailMessage.objects.values_list("template", "state", "error"))
    assert box[-1].to == ["ada@example.com"]
    return box[-1]


class TestParcels:
    def test_of_a_part_say_that_the_rest_follows(self, order, mailoutbox):
        ship(order, [1, 0])

        mail = mailed(mailoutbox)

        assert mail.subject == f"Part of your order {order.number} is on its way"
        assert "We have handed this to DHL:\n\n* Lamp × 1\n" in mail.body
        assert "Shade" not in mail.body
        assert "Tracking number: 00 34/1\n\nThe rest of your order follows in another parcel." in mail.body
        assert "verfolgen.html?piececode=00%2034%2F1" in mail.body

    def test_of_everything_say_so(self, order, mailoutbox):
        ship(order, carrier="Our own van", tracking_number="")

        mail = mailed(mailoutbox)

        assert mail.subject == f"Your order {order.number} is on its way"
        assert "* Lamp × 2\n* Shade × 2\n" in mail.body
        assert "Tracking number" not in mail.body
        assert "follows" not in mail.body
        assert f"/orders/{order.pk}/?token=" in mail.body

    def test_that_arrived_are_told(self, order, mailoutbox):
        ship(order)
        mailed(mailoutbox)
        deliver(order)

        mail = mailed(mailoutbox)

        assert mail.subject == f"Your order {order.number} has been delivered"
        assert "DHL has delivered this:\n\n* Lamp × 2\n* Shade × 2\n" in mail.body


def test_notes_for_the_shopper_are_mailed_and_others_are_not(order, mailoutbox):
    author = StaffFactory().pk
    for text, visible in (("For staff.", False), ("<b>Line one</b>\nline two", True)):
        with transaction.atomic():
            orders.add_note(
                order_id=order.pk, text=text, visible=visible, author_id=author, now=timezone.now()
            )
    Order.objects.filter(pk=order.pk).update(language="de")

    mail = mailed(mailoutbox)

    assert (len(mailoutbox), mail.subject) == (1, f"Bestellung {order.number}: Eine Nachricht für Sie")
    assert f"Es geht um Ihre Bestellung {order.number}:\n\n<b>Line one</b>\nline two\n" in mail.body
    assert "&lt;b&gt;Line one&lt;/b&gt;<br>line two" in mail.alternatives[0][0]
    assert "For staff." not in mail.body


def test_cancelled_lines_say_what_goes_back(order, mailoutbox):
    cancel_lines(order, [1, 0])

    mail = mailed(mailoutbox)

    assert mail.subject == f"Part of your order {order.number} is cancelled"
    assert "* Lamp × 1\n" in mail.body
    assert "We are returning €19.90 the way you paid it." in mail.body


def test_cancelled_lines_of_money_that_is_only_held_say_that_it_is_not_taken(order, mailoutbox):
    cancel_lines(order, [1, 0])
    Order.objects.filter(pk=order.pk).update(payment_status="authorized", language="de")

    mail = mailed(mailoutbox)

    assert "Die 19,90\xa0€ dafür werden nicht abgebucht." in mail.body
    assert "Wir erstatten" not in mail.body


def test_each_step_of_a_return_is_told(order, mailoutbox):
    ship(order)
    mailed(mailoutbox)
    deliver(order)
    mailed(mailoutbox)
    told = []

    pk = ask(order, [1, 0])
    told.append(mailed(mailoutbox))
    approve(pk, message="Put the label on.")
    told.append(mailed(mailoutbox))
    receive(pk)
    told.append(mailed(mailoutbox))
    refund(pk)
    told.append(mailed(mailoutbox))

    assert [mail.subject for mail in told] == [
        f"Order {order.number}: We have your request to send something back",
        f"Order {order.number}: You can send it back",
        f"Order {order.number}: What you sent back has arrived",
        f"Order {order.number}: We are returning your money",
    ]
    assert "Please send this back to us:\n\n* Lamp × 1\n\nPut the label on.\n" in told[1].body
    assert "We are returning €19.90 for what you sent back." in told[3].body


def test_a_refused_return_is_told_in_the_orders_language(order, mailoutbox):
    Order.objects.filter(pk=order.pk).update(language="de")
    ship(order)
    mailed(mailoutbox)
    pk = ask(order, [1, 0])
    mailed(mailoutbox)

    approve(pk, approve=False, message="Getragen.")

    mail = mailed(mailoutbox)
    assert mail.subject == f"Bestellung {order.number}: Wir können es nicht zurücknehmen"
    assert "Das können wir nicht zurücknehmen:\n\n* Lamp × 1\n\nGetragen.\n" in mail.body


def test_the_link_goes_to_the_address_on_the_order(order, mailoutbox):
    anonymous().post("/api/v1/orders/lookup/", {"number": order.number, "email": "ADA@example.com"})

    mail = mailed(mailoutbox)

    assert mail.subject == f"The link to your order {order.number}"
    assert f"/orders/{order.pk}/?token={access_token(order.pk, 1)}" in mail.body
    assert "If that was not you, you need do nothing" in mail.body


def test_nobody_is_told_of_an_order_without_an_address(order, mailoutbox):
    ship(order)
    Order.objects.filter(pk=order.pk).update(email="")
    LocalBackend().send(list(OutboxEvent.objects.filter(type="orders.shipment_sent.v1")))

    sender.send_due(now=timezone.now())

    assert mailoutbox == []
    assert list(EmailMessage.objects.values_list("template", "state")) == [("order_shipped", "dead")]

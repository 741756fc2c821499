"""A purchase with every part real and apart; `test_embedded` makes the same on the embedded default."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaConsumer

from tests.running_shop import RunningShop, own_database, own_server, real_shop, rows, wait_for
from tests.shopper import ADDRESS, Shopper
from tools.services import Kafka

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

pytestmark = [pytest.mark.once, pytest.mark.timeout(400)]

PRODUCT = "ramen-bowl"


def mail_about(shop: RunningShop, address: str, subject: str) -> EmailMessage:
    """Return the one mail to an address whose subject begins so, once it is there."""

    def found() -> list[EmailMessage]:
        return [mail for mail in shop.mails_to(address) if str(mail["Subject"]).startswith(subject)]

    wait_for(found, seconds=40, what=lambda: f"no mail {subject!r}, only {subjects(shop, address)}")
    (mail,) = found()
    return mail


def subjects(shop: RunningShop, address: str) -> list[str]:
    return [str(mail["Subject"]) for mail in shop.mails_to(address)]


def pdf_in(mail: EmailMessage) -> bytes:
    (attachment,) = mail.iter_attachments()
    assert attachment.get_content_type() == "application/pdf"
    content = attachment.get_content()
    assert isinstance(content, bytes)
    return content


def available(shopper: Shopper) -> int:
    (variant,) = shopper.product(PRODUCT)["variants"]
    return int(variant["available"])


class Purchase:
    """What a shopper goes through, whatever the shop stands on."""

    def test_a_customer_buys(self, shop: RunningShop) -> None:
        ada = Shopper(shop.base)
        ada.register()
        ada.sign_in()
        (listed,) = ada.get("products/?category=kitchen&q=ramen&in_stock=true")["results"]
        assert (listed["slug"], listed["price"], listed["currency"]) == (PRODUCT, "22.00", "EUR")
        (variant,) = ada.product(PRODUCT)["variants"]
        before = available(ada)

        cart = ada.fill_cart(variant["id"], 2)
        assert (cart["subtotal"], cart["shipping_total"], cart["total"]) == ("44.00", "4.90", "48.90")
        address = ada.post("users/me/shipping_addresses/", ADDRESS)
        order = ada.place(cart, address["id"])
        assert (order["status"], order["payment_status"], order["total"]) == ("pending", "unpaid", "48.90")
        payment = ada.pay(order)
        paid = ada.wait_until_paid(order)

        assert (paid["status"], paid["stage"]) == ("confirmed", "preparing")
        assert paid["shipping_address"]["line1"] == ADDRESS["line1"]
        assert before - available(ada) == 2
        assert ada.get("cart/")["item_count"] == 0
        track = ada.get(f"orders/{order['id']}/track/")
        assert [step["stage"] for step in track["events"]][:1] == ["placed"]
        assert ada.email not in json.dumps(track)
        assert Shopper(shop.base).ask("GET", f"orders/{order['id']}/").status == 404

        receipt = ada.get(f"payments/{payment['id']}/receipt/")
        assert (receipt["total"], receipt["currency"]) == ("48.90", "EUR")
        pdf = ada.ask("GET", f"payments/{payment['id']}/receipt/", Accept="application/pdf")
        assert pdf.body.startswith(b"%PDF-")

        mail = mail_about(shop, ada.email, f"Your receipt for order {order['number']}")
        assert receipt["number"] in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert pdf_in(mail) == pdf.body
        mail_about(shop, ada.email, "Welcome to")
        assert sorted(subjects(shop, ada.email))[1:] == [
            f"Your order {order['number']}",
            f"Your receipt for order {order['number']}",
        ]

    def test_a_guest_buys(self, shop: RunningShop) -> None:
        guest = Shopper(shop.base)
        (variant,) = guest.product(PRODUCT)["variants"]
        before = available(guest)

        cart = guest.fill_cart(variant["id"], 1)
        order = guest.place(cart)
        payment = guest.pay(order)
        paid = guest.wait_until_paid(order)

        assert (paid["status"], paid["total"]) == ("confirmed", "26.90")
        assert before - available(guest) == 1
        assert Shopper(shop.base).ask("GET", f"orders/{order['id']}/").status == 404
        pdf = guest.ask("GET", f"payments/{payment['id']}/receipt/?format=pdf")
        mail = mail_about(shop, guest.email, f"Your receipt for order {order['number']}")
        assert pdf_in(mail) == pdf.body

    def test_a_webhook_sent_five_times_at_once_pays_once_and_mails_once(self, shop: RunningShop) -> None:
        guest = Shopper(shop.base)
        stripe = guest.get(f"{shop.base}/dev/")["stripe_api"]
        (variant,) = guest.product(PRODUCT)["variants"]
        before = available(guest)
        order = guest.place(guest.fill_cart(variant["id"], 1))

        guest.post(f"{stripe}/_fake/webhooks", {"paused": True}, 200)
        try:
            guest.pay(order)
            sent = guest.post(
                f"{stripe}/_fake/events/{succeeded(guest, stripe, order)}/send", FIVE_AT_ONCE, 200
            )
        finally:
            guest.post(f"{stripe}/_fake/webhooks", {"paused": False}, 200)
        forged = guest.ask(
            "POST", "payments/webhooks/stripe/", {"id": "evt_forged"}, Stripe_Signature="t=1,v1=00"
        )

        assert sent["statuses"] == [200] * 5
        assert (forged.status, forged.json["code"]) == (400, "signature_invalid")
        guest.wait_until_paid(order)
        mail_about(shop, guest.email, f"Your receipt for order {order['number']}")
        assert before - available(guest) == 1
        # A mail of somebody who buys after this one is sent after every mail that the five could have caused.
        later = Shopper(shop.base)
        last = later.place(later.fill_cart(variant["id"], 1))
        later.pay(last)
        mail_about(shop, later.email, f"Your receipt for order {last['number']}")
        assert len(shop.mails_to(guest.email)) == 2


FIVE_AT_ONCE = {"times": 5, "concurrent": True}


def succeeded(shopper: Shopper, stripe: str, order: dict[str, Any]) -> str:
    """Return the id of the event by which the fake tells that an order's intent has succeeded."""
    (found,) = [
        event["id"]
        for event in shopper.get(f"{stripe}/_fake/ledger?object=event")["data"]
        if event["type"] == "payment_intent.succeeded"
        and event["data"]["object"]["metadata"]["order"] == order["id"]
    ]
    return str(found)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> Iterator[RunningShop]:
    folder = tmp_path_factory.mktemp("real")
    with (
        own_database(postgres) as database,
        own_server(Kafka) as broker,
        real_shop(folder, database=database, brokers=broker.url) as shop,
    ):
        yield shop


@pytest.mark.needs_kafka
class TestReal(Purchase):
    """PostgreSQL, Apache Kafka, a mail server, and each part in a process of its own."""

    def test_an_event_goes_through_the_broker(self, shop: RunningShop) -> None:
        guest = Shopper(shop.base)
        (variant,) = guest.product(PRODUCT)["variants"]
        order = guest.place(guest.fill_cart(variant["id"], 1))
        guest.pay(order)
        mail_about(shop, guest.email, "Your receipt")
        database = shop.environment["DATABASE_URL"]

        travelled = [event for event in events_in(shop, "shop.orders") if event["subject"] == order["id"]]

        assert [event["type"] for event in travelled] == ["orders.order_placed.v1", "orders.order_paid.v1"]
        assert guest.email not in json.dumps(travelled)
        handled = f"""
            SELECT count(*) FROM events_inboxevent i JOIN events_outboxevent o USING (event_id)
            WHERE i."group" = 'notifications' AND o.key = '{order["id"]}' AND o.type = 'orders.order_placed.v1'
        """
        assert rows(database, handled) == [(1,)]
        assert rows(database, "SELECT count(*) FROM events_deadletter") == [(0,)]


def events_in(shop: RunningShop, topic: str) -> list[dict[str, Any]]:
    """Return everything that a topic holds, in order."""
    consumer = KafkaConsumer(
        topic, bootstrap_servers=shop.environment["KAFKA_BOOTSTRAP_SERVERS"], auto_offset_reset="earliest",
        group_id=None, consumer_timeout_ms=3000,
    )  # fmt: skip
    try:
        return [json.loads(record.value) for record in consumer]
    finally:
        consumer.close()

"""Broker and mail server die while people buy, and nothing is lost: all arrives later, in order, once in effect."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from tests.running_shop import RunningShop, execute, own_database, own_server, real_shop, rows, wait_for
from tests.shopper import Shopper
from tools.services import Kafka

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.services import Service

pytestmark = [pytest.mark.once, pytest.mark.needs_kafka, pytest.mark.timeout(500)]

BUYERS = 3
# Purchases, of all buyers together: before broker and mail server die, while they are away, after they are back.
BEFORE, AWAY, AFTER = 6, 9, 6
DUE = "UPDATE notifications_emailmessage SET next_attempt_at = now() WHERE state = 'retry'"
TOPICS = ("shop.users", "shop.products", "shop.orders", "shop.payments")


@pytest.fixture(scope="module")
def broker() -> Iterator[Service]:
    with own_server(Kafka) as broker:
        yield broker


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, postgres: str, broker: Service) -> Iterator[RunningShop]:
    with (
        own_database(postgres) as database,
        real_shop(tmp_path_factory.mktemp("outage"), database=database, brokers=broker.url) as shop,
    ):
        yield shop


class Buyer(threading.Thread):
    """Buys one thing after the other, each time as another guest, until told to stop."""

    def __init__(self, shop: RunningShop, variants: Sequence[int], stop: threading.Event) -> None:
        super().__init__()
        self.shop = shop
        self.variants = itertools.cycle(variants)
        self.stop = stop
        # The paid order's number by the guest's address.
        self.bought: dict[str, str] = {}
        self.errors: list[str] = []

    def run(self) -> None:
        while not self.stop.is_set():
            guest = Shopper(self.shop.base)
            try:
                order = guest.place(guest.fill_cart(next(self.variants), 1))
                guest.pay(order)
                guest.wait_until_paid(order)
            except Exception as error:  # noqa: BLE001  (whatever it is, a shopper has seen it)
                self.errors.append(f"{type(error).__name__}: {error}")
                return
            self.bought[guest.email] = order["number"]
            self.stop.wait(0.2)


def variants_on_sale(shop: RunningShop) -> list[int]:
    """Return a variant of each product there is plenty of."""
    visitor = Shopper(shop.base)
    found = []
    for product in visitor.get("products/?in_stock=true&page_size=100")["results"]:
        variant = visitor.product(product["slug"])["variants"][0]
        if variant["requires_shipping"] and (variant["available"] or 0) >= 15:
            found.append(variant["id"])
    return found


def records(brokers: str) -> dict[str, list[dict[str, Any]]]:
    """Return what the topics hold, by key, in the order of the partition that the key lies in."""
    consumer = KafkaConsumer(
        bootstrap_servers=brokers, auto_offset_reset="earliest", group_id=None, consumer_timeout_ms=5000
    )
    try:
        parts = [
            TopicPartition(topic, part) for topic in TOPICS for part in consumer.partitions_for_topic(topic)
        ]
        consumer.assign(parts)
        consumer.seek_to_beginning()
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for record in consumer:
            event = json.loads(record.value)
            found[event["subject"]].append({**event, "partition": record.partition})
        return found
    finally:
        consumer.close()


def test_losing_broker_and_mail_server_during_checkouts_loses_nothing(
    shop: RunningShop, broker: Service
) -> None:
    stop = threading.Event()
    variants = variants_on_sale(shop)
    mails = shop.mail_server
    assert mails is not None
    buyers = [Buyer(shop, variants[number::BUYERS], stop) for number in range(BUYERS)]
    mails.stop()
    try:
        for buyer in buyers:
            buyer.start()
        _wait_for_purchases(buyers, BEFORE)
        broker.kill()
        _wait_for_purchases(buyers, AWAY)
        # A shorter outage would end while the relay still waits for its first answer, and prove nothing.
        wait_for(lambda: "Nothing takes events" in shop.log("relay").read_text(), seconds=60)
        waiting = _unpublished(shop)
        failed = ask(shop, "SELECT count(*) FROM notifications_emailmessage WHERE state = 'retry'")
        mails.start()
        broker.start()
        # Mails that were put off are due now, not in half a minute.
        execute(shop.environment["DATABASE_URL"], DUE)
        _wait_for_purchases(buyers, AFTER)
    finally:
        stop.set()
        for buyer in buyers:
            buyer.join(60)

    assert [buyer.errors for buyer in buyers] == [[], [], []]
    # They really were away: placed, paid and the payment's own success, of each purchase since; mails of those before.
    assert waiting >= 3 * (AWAY - BUYERS)
    assert failed > [(0,)]
    bought = {address: number for buyer in buyers for address, number in buyer.bought.items()}
    _wait_until_quiet(shop, mails=2 * len(bought))
    _assert_each_event_arrived_in_order(shop, records(broker.url))
    _assert_each_had_one_effect(shop, bought)


def _wait_for_purchases(buyers: Sequence[Buyer], more: int) -> None:
    def count() -> int:
        return sum(len(buyer.bought) for buyer in buyers)

    wanted = count() + more
    wait_for(
        lambda: count() >= wanted or any(buyer.errors for buyer in buyers),
        seconds=90,
        what=lambda: f"{count()} of {wanted} purchases",
    )


def _unpublished(shop: RunningShop) -> int:
    ((count,),) = ask(shop, "SELECT count(*) FROM events_outboxevent WHERE published_at IS NULL")
    return int(count)


def ask(shop: RunningShop, statement: str) -> list[tuple[Any, ...]]:
    return rows(shop.environment["DATABASE_URL"], statement)


def _wait_until_quiet(shop: RunningShop, *, mails: int) -> None:
    unsent = "SELECT count(*) FROM notifications_emailmessage WHERE state <> 'sent'"
    wait_for(lambda: not _unpublished(shop), seconds=90, what=lambda: f"{_unpublished(shop)} unpublished")
    wait_for(
        lambda: len(shop.mailbox()) >= mails and ask(shop, unsent) == [(0,)],
        seconds=90,
        what=lambda: f"{len(shop.mailbox())} of {mails} mails",
    )


def _assert_each_event_arrived_in_order(shop: RunningShop, arrived: dict[str, list[dict[str, Any]]]) -> None:
    announced: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for event_id, key, version in ask(
        shop, "SELECT event_id, key, version FROM events_outboxevent ORDER BY id"
    ):
        announced[key].append((str(event_id), version))
    assert set(arrived) == set(announced)
    for key, events in announced.items():
        # A batch whose acknowledgement was lost with the broker may come twice; the first time is what counts.
        first = list(dict.fromkeys((event["id"], event["aggregateversion"]) for event in arrived[key]))
        assert first == events, key
        assert [version for _, version in first] == sorted(version for _, version in first)
        assert len({event["partition"] for event in arrived[key]}) == 1


def _assert_each_had_one_effect(shop: RunningShop, bought: dict[str, str]) -> None:
    for address, number in bought.items():
        # Stopping the mail server may have cut off its answer: then the mail comes once more, under the same id.
        mails = {mail["Message-ID"]: str(mail["Subject"]) for mail in shop.mails_to(address)}
        subjects = Counter(mails.values())
        assert subjects == {f"Your order {number}": 1, f"Your receipt for order {number}": 1}
    placed = "SELECT count(*) FROM events_outboxevent WHERE type = 'orders.order_placed.v1'"
    handled = """
        SELECT count(*) FROM events_inboxevent i JOIN events_outboxevent o USING (event_id)
        WHERE i."group" = 'notifications' AND o.type = 'orders.order_placed.v1'
    """
    assert ask(shop, handled) == ask(shop, placed) == [(len(bought),)]
    assert ask(shop, "SELECT count(*) FROM payments_receipt") == [(len(bought),)]
    assert ask(shop, "SELECT count(*) FROM events_parkedevent") == [(0,)]
    assert ask(shop, "SELECT count(*) FROM events_deadletter") == [(0,)]

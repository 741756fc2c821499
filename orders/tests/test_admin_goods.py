"""What staff do with the goods of an order in the admin; the services themselves are tested elsewhere."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from pypdf import PdfReader

from orders.models import Carrier, Order, Return, Shipment
from orders.tests.backs import ask, come_back, delivered
from orders.tests.factories import paid, place
from orders.tests.parcels import cancel_lines, counters, deliver, ship, states
from products.tests.factories import variant
from shop.events.models import OutboxEvent
from tests.statements import statements
from users.tests.factories import StaffFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]

STEPS = ("send_parcel", "mark_delivered", "take_back", "cancel_some", "cancel_whole")


@pytest.fixture
def clerk():
    return StaffFactory(permissions=["orders.view_order", "orders.change_order"])


@pytest.fixture
def admin(client, clerk):
    client.force_login(clerk)
    return client


def page(order, step=""):
    name = f"admin:orders_order_{step}" if step else "admin:orders_order_change"
    return reverse(name, args=[order.pk])


def return_page(pk, step="change"):
    return reverse(f"admin:orders_return_{step}", args=[pk])


def units(order, *counts):
    keys = order.lines.order_by("position").values_list("pk", flat=True)
    return {f"units__{pk}": n for pk, n in zip(keys, counts, strict=True)}


def said(answer):
    return [str(message) for message in answer.context["messages"]]


def wrong(answer):
    assert answer.status_code == 200
    return {name: list(errors) for name, errors in answer.context["form"].errors.items()}


class TestPage:
    def test_shows_parcels_returns_and_what_was_cancelled(self, admin):
        order = paid(variant(sku="LAMP"), variant(sku="MUG"), quantity=3)
        cancel_lines(order, [0, 1], reason="broken")
        parcel = ship(order, [2, 0])
        deliver(order)
        back = ask(order, [1, 0])

        shown = admin.get(page(order)).content.decode()

        for part in (
            "1 × MUG", "broken", "2 × LAMP", "DHL", "piececode=00%2034%2F1", return_page(back), "1 × LAMP",
            reverse("admin:orders_order_packing_slip", args=[order.pk, parcel]),
        ):  # fmt: skip
            assert part in shown, part

    def test_offers_the_steps_that_can_be_taken(self, admin):
        sent = paid(quantity=2)
        ship(sent, [1])
        orders = {"pending": place(), "paid": paid(), "partly sent": sent, "delivered": delivered()}

        offered = {
            name: [step for step in STEPS if page(order, step) in admin.get(page(order)).content.decode()]
            for name, order in orders.items()
        }

        assert offered == {
            "pending": ["cancel_whole"],
            "paid": ["send_parcel", "cancel_some", "cancel_whole"],
            "partly sent": ["send_parcel", "mark_delivered", "take_back", "cancel_some"],
            "delivered": ["take_back"],
        }

    def test_sends_as_many_statements_for_one_line_as_for_twenty(self, admin):
        # Looked up once a process.
        ContentType.objects.get_for_model(Order)
        sent = []
        for lines in (1, 20):
            order = paid(*(variant() for _ in range(lines)), quantity=3)
            for _ in range(2 if lines > 1 else 1):
                ship(order, [1] * lines)
            deliver(order)
            ask(order, [1] * lines)
            with statements() as seen:
                assert admin.get(page(order)).status_code == 200
            sent.append(len(seen))

        assert sent == [20, 20]


class TestSending:
    def test_sends_what_was_chosen(self, admin, clerk):
        order = paid(variant(), variant(), quantity=3)
        form = admin.get(page(order, "send_parcel")).context["form"]
        assert [form[name].initial for name in units(order, 0, 0)] == [3, 3]

        answer = admin.post(
            page(order, "send_parcel"),
            {**units(order, 2, 0), "carrier": "dhl", "other_carrier": "", "tracking_number": "007"},
        )

        assert answer.status_code == 302 and answer.url == page(order)  # noqa: PT018
        assert counters(order) == [(2, 0, 0), (0, 0, 0)]
        parcel = order.shipments.get()
        assert (parcel.carrier_name, parcel.tracking_number, parcel.actor_id) == ("DHL", "007", clerk.pk)
        move = order.moves.get(to_state="partial")
        assert (move.actor, move.actor_id, move.cause) == ("staff", clerk.pk, "sent")

    def test_takes_any_carrier_and_offers_only_active_ones(self, admin):
        Carrier.objects.filter(code="ups").update(is_active=False)
        order = paid()
        shown = [
            value
            for value, _ in admin.get(page(order, "send_parcel")).context["form"]["carrier"].field.choices
        ]
        assert ("dhl" in shown, "ups" in shown, shown[-1]) == (True, False, "")

        refused = admin.post(page(order, "send_parcel"), units(order, 1))
        admin.post(page(order, "send_parcel"), {**units(order, 1), "other_carrier": "Bo's bike"})

        assert wrong(refused) == {"other_carrier": ["Choose a carrier, or write which one it is."]}
        assert order.shipments.get().carrier_name == "Bo's bike"

    @pytest.mark.parametrize(
        ("counts", "field"), [((0, 0), "__all__"), ((4, 0), "units"), ((-1, 1), "units"), (("x", 1), "units")]
    )
    def test_says_what_is_wrong_and_keeps_what_was_typed(self, admin, counts, field):
        order = paid(variant(), variant(), quantity=3)
        sent = {**units(order, *counts), "carrier": "dhl", "tracking_number": "typed-before"}

        answer = admin.post(page(order, "send_parcel"), sent)

        assert [name.partition("__")[0] or "__all__" for name in wrong(answer)] == [
            "__all__" if field == "__all__" else field
        ]
        assert "typed-before" in answer.content.decode()
        assert not Shipment.objects.exists()

    def test_says_why_the_service_refuses(self, admin):
        unpaid = place()
        order = paid(quantity=3)
        sent = {**units(order, 3), "carrier": "dhl"}
        # Somebody else sends two of them between the page and its form.
        ship(order, [2])

        late = admin.post(page(order, "send_parcel"), sent)
        without_money = admin.post(page(unpaid, "send_parcel"), {**units(unpaid, 1), "carrier": "dhl"})

        (reason,) = wrong(late).values()
        assert "1" in reason[0]
        assert wrong(without_money) == {"__all__": ["This is neither paid nor authorized."]}
        assert (counters(order), counters(unpaid)) == ([(2, 0, 0)], [(0, 0, 0)])


class TestOtherSteps:
    def test_marks_one_parcel_or_all_delivered(self, admin):
        order = paid(quantity=3)
        first = ship(order, [1])
        ship(order, [2])

        admin.post(page(order, "mark_delivered"), {"parcel": str(first)})
        assert states(order)[2] == "shipped"
        admin.post(page(order, "mark_delivered"), {"parcel": ""})

        assert states(order)[::2] == ("completed", "delivered")
        again = admin.post(page(order, "mark_delivered"))
        assert "can't become delivered" in wrong(again)["__all__"][0]

    def test_cancels_lines_and_the_order(self, admin, clerk):
        order = paid(variant(), variant(), quantity=2)

        admin.post(page(order, "cancel_some"), {**units(order, 1, 0), "reason": "cracked"})
        assert counters(order) == [(0, 1, 0), (0, 0, 0)]
        assert order.lines.order_by("position")[0].cancellations.get().reason == "cracked"
        answer = admin.post(page(order, "cancel_whole"), {"reason": "changed their mind"}, follow=True)

        assert said(answer)[-1] == f"{order.number} is cancelled."
        move = order.moves.get(to_state="cancelled")
        assert (move.actor_id, move.cause) == (clerk.pk, "changed their mind")
        assert "can't become" in wrong(admin.post(page(order, "cancel_whole")))["__all__"][0]

    def test_opens_a_return(self, admin):
        order = delivered(1990, 500)

        admin.post(page(order, "take_back"), {**units(order, 0, 1), "reason": "scratched"})

        row = Return.objects.get().lines.get()
        assert (row.quantity, row.reason, row.line.unit_price) == (1, "scratched", 500)

    def test_prints_a_slip(self, admin):
        order, other = paid(), paid()
        parcel = ship(order)

        answer = admin.get(reverse("admin:orders_order_packing_slip", args=[order.pk, parcel]))

        assert order.number in PdfReader(BytesIO(answer.content)).pages[0].extract_text()
        foreign = reverse("admin:orders_order_packing_slip", args=[other.pk, parcel])
        assert admin.get(foreign).status_code == 404


class TestReturns:
    def test_lists_open_ones_first(self, admin):
        order = delivered(1990, 500)
        asked = ask(order, [1, 0])
        done = ask(order, [0, 1])
        admin.post(return_page(done, "reject"), {"message": "too late"})
        listed = reverse("admin:orders_return_changelist")

        shown = {
            query: [pk for pk in (asked, done) if return_page(pk) in admin.get(listed + query).content.decode()]
            for query in ("", "?status=all", "?status=rejected", "?status=requested", f"?q={order.number[:5]}", "?q=0")
        }  # fmt: skip

        assert list(shown.values()) == [[asked], [asked, done], [done], [asked], [asked], []]

    def test_is_approved_received_and_refunded(self, admin, clerk):
        order = paid(variant(price=1990), variant(price=500), quantity=2)
        ship(order)
        deliver(order)
        pk = ask(order, [2, 1])
        back = Return.objects.get(pk=pk)
        lamp, mug = order.lines.order_by("position")

        admin.post(return_page(pk, "approve"), {"message": "Send it."})
        admin.post(
            return_page(pk, "receive"),
            {f"units__{lamp.pk}": 1, f"restock__{lamp.pk}": "on", f"units__{mug.pk}": 1, "message": ""},
        )
        assert list(back.lines.order_by("line__position").values_list("received", "restocked")) == [
            (1, True), (1, False),
        ]  # fmt: skip
        form = admin.get(return_page(pk, "refund")).context["form"]
        assert form["amount"].value() == "24.90"
        refused = [admin.post(return_page(pk, "refund"), {"amount": text}) for text in ("9999", "1.999", "")]
        admin.post(return_page(pk, "refund"), {"amount": "20.00", "message": "Thanks."})

        assert "At most" in wrong(refused[0])["__all__"][0]
        assert ["amount" in wrong(answer) for answer in refused[1:]] == [True, True]
        back.refresh_from_db()
        assert (back.status, back.amount, back.message) == ("refunded", 2000, "Thanks.")
        events = OutboxEvent.objects.filter(type="orders.return_moved.v1").order_by("pk")
        assert [event.payload["status"] for event in events][-3:] == ["approved", "received", "refunded"]
        assert "can't become" in wrong(admin.post(return_page(pk, "reject")))["__all__"][0]

    def test_offers_the_steps_that_can_be_taken(self, admin):
        pk = come_back(delivered(), [1])
        shown = admin.get(return_page(pk)).content.decode()

        steps = ("approve", "reject", "receive", "refund")
        assert [step for step in steps if return_page(pk, step) in shown] == ["refund"]


@pytest.mark.parametrize(
    "permissions", [[], ["orders.view_order"], ["orders.view_order", "orders.view_return"]]
)
def test_steps_are_for_staff_who_may_change_orders(client, permissions):
    client.force_login(StaffFactory(permissions=permissions))
    order = delivered()
    pk = ask(order, [1])
    addresses = [page(order, step) for step in STEPS]
    addresses += [return_page(pk, step) for step in ("approve", "reject", "receive", "refund")]

    assert {client.post(address).status_code for address in addresses} == {403}
    assert {client.get(address).status_code for address in addresses} == {403}
    assert Order.objects.get(pk=order.pk).version == order.moves.count()
    seen = client.get(page(order))
    assert seen.status_code == (200 if permissions else 403)
    assert not any(address in seen.content.decode() for address in addresses)


def test_carriers_are_settings_whose_pattern_is_looked_at(client):
    client.force_login(StaffFactory(permissions=["orders.view_carrier", "orders.add_carrier"]))
    add = reverse("admin:orders_carrier_add")
    said = {"name": "Bike", "code": "bike", "position": 1, "is_active": "on"}

    refused = client.post(add, {**said, "tracking_pattern": "http://x.example/{number}"})
    client.post(add, {**said, "tracking_pattern": "https://x.example/{number}"})

    assert "https://" in refused.context["adminform"].form.errors["tracking_pattern"][0]
    assert Carrier.objects.get(code="bike").tracking_pattern == "https://x.example/{number}"

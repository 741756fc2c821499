"""Orders of guests, and the account that shows the address to be its owner's."""

from __future__ import annotations

import time

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from orders import selectors, services
from orders.models import Order
from orders.services.claiming import guest_orders_of
from orders.tests.factories import paid, place
from orders.tests.invariants import check_invariants
from orders.tests.shopping import URL, code, order_url, token_of
from products.tests.factories import NOW, variant
from shop.audit import services as audit
from shop.audit.models import AuditEntry
from shop.core.errors import DomainError
from shop.core.transactions import use_case
from shop.events.backends import message_of
from shop.events.consumer import Outcome, receive
from shop.events.models import OutboxEvent
from tests.statements import statements
from users import selectors as users
from users import services as accounts
from users.models import User
from users.tests import moving
from users.tests.clients import anonymous, client_of
from users.tests.factories import PASSWORD, StaffFactory, UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db

CLIENT = accounts.Client(address="203.0.113.9", user_agent="pytest")
VERIFIED = "users.email_verified.v1"


def verified(email: str = "ada@example.com", **fields) -> User:
    return UserFactory(email=email, email_verified_at=timezone.now(), **fields)


def verify(user: User) -> None:
    """Follow the link that was mailed."""
    link = users.verification_link_parts(user, now=timezone.now())
    accounts.verify_email(uid=link.uid, token=link.token, client=CLIENT, now=timezone.now())


def deliver() -> list[Outcome]:
    """Hand every announcement to the orders, as the relay does."""
    return [
        receive(group="orders", message=message_of(row), position=None, now=timezone.now())
        for row in OutboxEvent.objects.order_by("pk")
    ]


def claim(user: User) -> int:
    return use_case(services.claim_guest_orders, user_id=user.pk, now=timezone.now())


def listed(user: User) -> list[str]:
    return [order["number"] for order in client_of(user).get(URL).json()["results"]]


def facts(order: Order) -> tuple:
    order.refresh_from_db()
    return order.user_id, order.token_version, order.version, order.status, order.digest


def claimed() -> list[tuple]:
    entries = AuditEntry.objects.filter(action="orders.claimed").order_by("pk")
    return list(entries.values_list("actor_id", "object_type", "object_id", "facts"))


class TestVerification:
    def test_gives_the_account_its_owners_orders(self):
        first, second = place(email="ada@example.com"), paid(email="ADA@Example.com")
        user = UserFactory(email="Ada@example.com")
        others = [place(email="eve@example.com"), place(user=UserFactory(), email="ada@example.com")]
        before = [facts(order) for order in (first, second, *others)]
        assert listed(user) == []

        verify(user)
        assert listed(user) == []
        outcomes = deliver()

        assert outcomes.count(Outcome.HANDLED) == 1
        assert sorted(listed(user)) == sorted([first.number, second.number])
        for order, (_, token, *rest) in zip((first, second), before, strict=False):
            assert facts(order) == (user.pk, token + 1, *rest)
        assert [facts(order) for order in others] == before[2:]
        assert claimed() == [
            (user.pk, "orders.Order", str(order.pk), {})
            for order in sorted((first, second), key=lambda order: order.pk)
        ]
        check_invariants()

    def test_delivered_again_does_nothing(self):
        order, user = place(), UserFactory(email="ada@example.com")
        verify(user)
        deliver()
        after = facts(order)

        assert Outcome.HANDLED not in deliver()
        assert claim(user) == 0

        assert facts(order) == after
        assert len(claimed()) == 1

    def test_by_a_reset_of_the_password_counts_as_well(self):
        order, user = place(), UserFactory(email="ada@example.com")
        link = users.reset_link_parts(user, now=timezone.now())

        accounts.reset_password(
            uid=link.uid, token=link.token, new_password="violet kettle", client=CLIENT, now=timezone.now()
        )
        deliver()

        assert facts(order)[0] == user.pk

    def test_of_another_address_brings_the_orders_of_that_one(self):
        """A change of address ends in the same announcement as the first verification."""
        old, new = place(email="old@example.com"), place(email="NEW@example.com")
        user = verified("old@example.com")
        claim(user)
        link = moving.asked(user, "new@example.com", now=timezone.now())
        deliver()
        assert facts(new)[0] is None

        moving.confirm(link, now=timezone.now())
        deliver()

        assert [facts(order)[0] for order in (old, new)] == [user.pk, user.pk]
        assert sorted(listed(user)) == sorted([old.number, new.number])


class TestWithoutVerification:
    def test_a_stranger_who_registers_the_address_gets_nothing(self):
        order = place()
        before = facts(order)

        answer = anonymous().post(
            "/api/v1/auth/register/", {"email": "ada@example.com", "password": PASSWORD}
        )
        deliver()

        stranger = User.objects.get()
        assert answer.status_code == 201
        assert claim(stranger) == 0
        assert (listed(stranger), facts(order), claimed()) == ([], before, [])
        assert code(client_of(stranger).get(order_url(order))) == (404, "not_found")

    def test_a_link_for_the_address_before_a_change_is_no_proof_of_the_new_one(self):
        order, user = place(), UserFactory(email="mallory@example.com")
        link = users.verification_link_parts(user, now=timezone.now())
        User.objects.filter(pk=user.pk).update(email="ada@example.com")

        with pytest.raises(DomainError):
            accounts.verify_email(uid=link.uid, token=link.token, client=CLIENT, now=timezone.now())
        deliver()

        assert facts(order)[0] is None

    @pytest.mark.parametrize(
        "now",
        [
            {"email_verified_at": None},
            {"is_active": False},
            {"is_active": False, "erased_at": timezone.now()},
            {"email": "ada@elsewhere.example"},
        ],
        ids=["not verified any more", "shut", "erased", "moved on"],
    )
    def test_what_counts_is_how_it_is_when_the_announcement_is_heard(self, now):
        order, user = place(), UserFactory(email="ada@example.com")
        before = facts(order)
        verify(user)
        User.objects.filter(pk=user.pk).update(**now)

        deliver()

        assert (facts(order), claimed()) == (before, [])

    def test_an_order_placed_afterwards_stays_a_guests(self):
        user = UserFactory(email="ada@example.com")
        verify(user)
        deliver()

        order = place(email="ada@example.com")
        deliver()

        assert facts(order)[:2] == (None, 1)
        assert anonymous().get(order_url(order), headers=token_of(order)).status_code == 200
        assert listed(user) == []

    def test_an_order_whose_owner_was_erased_belongs_to_nobody(self):
        order, user = place(), verified()
        Order.objects.update(email="")

        assert claim(user) == 0
        assert facts(order)[0] is None


class TestAfterwards:
    @pytest.fixture
    def order(self):
        return place()

    @pytest.fixture
    def owner(self, order):
        user = verified()
        self.token = token_of(order)
        claim(user)
        return user

    @pytest.mark.parametrize(("method", "action"), [("get", ""), ("get", "track"), ("post", "cancel")])
    def test_the_mailed_token_opens_nothing(self, order, owner, method, action):
        order.refresh_from_db()
        for token in (self.token, token_of(order)):
            answer = getattr(anonymous(), method)(order_url(order, action), headers=token)
            assert code(answer) == (404, "not_found")

        assert getattr(client_of(owner), method)(order_url(order, action)).status_code == 200

    def test_the_mailed_page_says_that_it_isnt_there(self, order, owner):
        missing = anonymous().get("/account/orders/01a00000-0000-7000-8000-000000000000/")
        page = anonymous().get(f"/account/orders/{order.pk}/", {"token": self.token["X-Order-Token"]})

        assert (page.status_code, page.content) == (404, missing.content)
        assert order.number not in page.content.decode()

    def test_a_mail_about_it_carries_no_token(self, order, owner):
        shown = selectors.order_for_mail(order.pk)

        assert (shown["user_id"], shown["access_token"]) == (owner.pk, None)

    def test_staff_see_it_as_before(self, order, owner):
        staff = StaffFactory(permissions=["orders.view_order"])

        assert client_of(staff).get(order_url(order)).status_code == 200


class TestBudgets:
    @pytest.mark.parametrize("orders", [1, 5])
    def test_a_claim_costs_a_record_an_order_and_five_statements(self, orders):
        user, lamp = verified(), variant(on_hand=50)
        for _ in range(orders):
            place(lamp)

        with statements() as sent:
            assert claim(user) == orders

        # The account twice, the orders twice, what is announced, a record each.
        assert len(sent) == 5 + orders

    def test_the_index_finds_them(self):
        place()
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # Of one row it would read the table, whatever the index.
                cursor.execute("SET LOCAL enable_seqscan = off")

        plan = guest_orders_of("Ada@example.com").explain()

        if connection.vendor == "postgresql":
            # One of two indexes has the address; which is cheaper of one row, the statistics say.
            assert "Index Cond: (lower((email)::text) = 'ada@example.com'::text)" in plan
        else:
            assert "orders_guest_email" in plan


def outcome(call, **values) -> str:
    try:
        use_case(call, **values, now=timezone.now())
    except DomainError as error:
        return error.code
    return "ok"


@pytest.mark.needs_postgres
class TestRaces:
    pytestmark = pytest.mark.django_db(transaction=True)

    def two_claims(self) -> tuple[list[int], list[int]]:
        lamp = variant(on_hand=50)
        user = verified()
        orders = [place(lamp) for _ in range(4)]

        counts = together(2, lambda _: claim(user))

        for order in orders:
            order.refresh_from_db()
        return sorted(counts), [order.token_version for order in orders]

    def test_two_deliveries_at_once_claim_once(self):
        assert self.two_claims() == ([0, 4], [2] * 4)
        assert len(claimed()) == 4
        check_invariants()

    def test_negative_control_without_the_locks_only_the_outbox_keeps_the_second_out(self, monkeypatch):
        monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda rows, **_: rows.all())
        record = audit.record

        def late(**facts):
            time.sleep(0.05)
            record(**facts)

        monkeypatch.setattr(audit, "record", late)

        with pytest.raises(IntegrityError, match="events_outbox_once_a_version"):
            self.two_claims()

    def test_a_guest_who_cancels_meanwhile_loses_nothing(self):
        for number in range(10):
            lamp = variant(on_hand=5)
            order, user = place(lamp, email=f"ada{number}@example.com"), verified(f"ada{number}@example.com")

            def either(who, order=order, user=user):
                if who:
                    return claim(user)
                return outcome(services.cancel_order, order_id=order.pk, actor=services.Actor())

            assert together(2, either) == ["ok", 1]

            assert facts(order)[:4] == (user.pk, 2, 2, "cancelled")
            lamp.stock.refresh_from_db()
            assert lamp.stock.reserved == 0
            check_invariants()

    def test_negative_control_a_whole_row_written_back_undoes_the_cancelling(self, monkeypatch):
        """The race is real: who reads an order, waits and writes all of it takes back what happened meanwhile."""
        order, user = place(), verified()

        def read_then_write(who):
            if who:
                seen = Order.objects.get(pk=order.pk)
                time.sleep(0.3)
                seen.user, seen.token_version = user, 2
                seen.save()
                return 1
            time.sleep(0.1)
            return outcome(services.cancel_order, order_id=order.pk, actor=services.Actor())

        assert together(2, read_then_write) == ["ok", 1]

        assert facts(order)[:4] == (user.pk, 2, 1, "pending")

    def test_an_account_that_is_shut_meanwhile_gets_nothing_or_all(self):
        for number in range(5):
            email = f"ada{number}@example.com"
            order, user, staff = place(email=email), verified(email), StaffFactory()

            def either(who, user=user, staff=staff):
                if who:
                    return claim(user)
                return outcome(accounts.deactivate_account, actor_id=staff.pk, user_id=user.pk)

            shut, count = together(2, either)

            assert (shut, facts(order)[0]) == ("ok", user.pk if count else None)


def test_orders_are_as_they_were_placed():
    """What was agreed isn't touched: the e-mail stays as the guest wrote it."""
    order, user = place(email="ADA@example.com", now=NOW), verified()

    claim(user)

    order.refresh_from_db()
    assert (order.email, order.placed_at, order.cart.user_id) == ("ADA@example.com", NOW, None)
    check_invariants()

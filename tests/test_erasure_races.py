"""What happens when a person is erased while something of theirs is under way, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cart.models import Cart
from cart.personal_data import CartPersonalData
from orders.models import Order, OrderAddress
from orders.tests.invariants import check_invariants
from orders.tests.shopping import buyer
from orders.tests.test_races import until, until_somebody_holds
from orders.tests.test_staff_orders import body_of, send
from products.tests.factories import variant
from shop.core.errors import DomainError
from shop.core.transactions import use_case
from shop.events.models import OutboxEvent
from users import personal, services
from users.models import Address, Session, User
from users.services import erasing, privacy
from users.tests.factories import PASSWORD, StaffFactory, UserFactory
from users.tests.races import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_postgres]

CLIENT = services.Client(address="203.0.113.9", user_agent="Mozilla/5.0")
HOME = {"full_name": "Ada", "line1": "Lindenweg 4", "city": "Berlin", "postal_code": "10115", "country": "DE"}


def erase(user: User) -> str:
    """Erase somebody and return how that ended."""
    try:
        use_case(services.erase_account, user_id=user.pk, actor_id=user.pk, now=timezone.now())
    except DomainError as error:
        return error.code
    return "ok"


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


def personal_rows() -> int:
    """Return how many addresses of orders have something in them."""
    return OrderAddress.objects.exclude(line1="").count()


def by_themselves(user: User) -> Callable[[], Any]:
    """Return what places the order of their own cart."""
    return buyer(variant(), user=user).place


def by_staff(user: User) -> Callable[[], Any]:
    """Return what places an order that they give by telephone."""
    body = body_of(customer=str(user.pk))
    return partial(send, StaffFactory(permissions=["orders.add_order"]), body)


@pytest.fixture
def unguarded(monkeypatch):
    """Erase as one would naively: look at what there is, then change it, without a lock."""
    monkeypatch.setattr(privacy, "_locked", lambda user_id: User.objects.get(pk=user_id))
    monkeypatch.setattr(CartPersonalData, "lock", lambda self, **values: None)
    monkeypatch.setattr(CartPersonalData, "erase", lambda self, **values: None)


class TestPlacingIsFirst:
    def race(self, monkeypatch) -> tuple[int, str]:
        """Erase once an order is written and not yet committed."""
        user = UserFactory()
        who = buyer(variant(), user=user)
        erased = User.objects.filter(erased_at__isnull=False)
        monkeypatch.setattr(
            "orders.services.placing.failpoint",
            lambda name: until(lambda: somebody_waits() or erased.exists()),
        )

        def either(number):
            if number:
                until_somebody_holds(Cart)
                return erase(user)
            return who.place().status_code

        placed, ended = together(2, either)
        return placed, ended

    def test_the_erasure_sees_the_order(self, monkeypatch):
        assert self.race(monkeypatch) == (201, "erasure_blocked")

        assert User.objects.get().erased_at is None
        assert personal_rows() == 2
        check_invariants()

    def test_negative_control_without_locks_the_address_outlives_the_person(self, monkeypatch, unguarded):
        assert self.race(monkeypatch) == (201, "ok")

        assert User.objects.get().erased_at is not None
        assert personal_rows() == 2


class TestErasureIsFirst:
    def race(self, monkeypatch, ordering: Callable[[User], Callable[[], Any]]) -> tuple[int, str]:
        """Place an order while an erasure has seen the carts and the orders and isn't committed."""
        user = UserFactory()
        place = ordering(user)
        go_on = erasing.erase_account_rows

        def pause(**values):
            erasing_now.append(True)
            until(lambda: somebody_waits() or Order.objects.exists())
            go_on(**values)

        erasing_now: list[bool] = []
        monkeypatch.setattr(privacy, "erase_account_rows", pause)

        def either(number):
            if number:
                until(lambda: erasing_now)
                return place().status_code
            return erase(user)

        erased, placed = together(2, either)
        return placed, erased

    @pytest.mark.parametrize(("ordering", "refusal"), [(by_themselves, 404), (by_staff, 400)])
    def test_there_is_nobody_to_order_for(self, monkeypatch, ordering, refusal):
        assert self.race(monkeypatch, ordering) == (refusal, "ok")

        assert not Order.objects.exists()
        assert list(OutboxEvent.objects.values_list("type", flat=True)) == ["users.user_erased.v1"]
        check_invariants()

    @pytest.mark.parametrize("ordering", [by_themselves, by_staff])
    def test_negative_control_without_locks_an_erased_account_orders(self, monkeypatch, unguarded, ordering):
        assert self.race(monkeypatch, ordering) == (201, "ok")

        assert User.objects.get(is_staff=False).erased_at is not None
        assert personal_rows() == 2


class TestSignIn:
    def race(self, monkeypatch, call) -> tuple[str, str]:
        """Do something as the account's owner while an erasure has been through their rows and isn't committed."""
        user = UserFactory(email="ada@example.com")
        go_on = personal.log_about
        erasing_now: list[bool] = []
        done: list[bool] = []

        def pause(user_id):
            erasing_now.append(True)
            until(lambda: somebody_waits() or done)
            return go_on(user_id)

        monkeypatch.setattr(erasing, "log_about", pause)

        def either(number):
            if not number:
                return erase(user)
            until(lambda: erasing_now)
            try:
                call(user)
            except DomainError as error:
                return error.code
            finally:
                done.append(True)
            return "ok"

        erased, owner = together(2, either)
        return erased, owner

    def sign_in(self, user):
        services.sign_in(
            email=user.email, password=PASSWORD, client=CLIENT, cart_token=None, now=timezone.now()
        )

    def save_address(self, user):
        use_case(services.save_address, user_id=user.pk, kind="shipping", values=HOME)

    def test_opens_no_session(self, monkeypatch):
        assert self.race(monkeypatch, self.sign_in) == ("ok", "invalid_credentials")

        assert not Session.objects.exists()

    def test_negative_control_without_locks_a_session_outlives_the_account(self, monkeypatch, unguarded):
        assert self.race(monkeypatch, self.sign_in) == ("ok", "ok")

        assert Session.objects.get().device == "Mozilla/5.0"

    def test_saves_no_address(self, monkeypatch):
        assert self.race(monkeypatch, self.save_address) == ("ok", "not_found")

        assert not Address.objects.exists()

    def test_negative_control_without_locks_an_address_outlives_the_account(self, monkeypatch, unguarded):
        assert self.race(monkeypatch, self.save_address) == ("ok", "ok")

        assert Address.objects.get().line1 == "Lindenweg 4"


class TestTwice:
    def test_is_done_once(self):
        user = UserFactory()

        assert sorted(together(4, lambda _: erase(user))) == ["not_found"] * 3 + ["ok"]

        assert OutboxEvent.objects.filter(type="users.user_erased.v1").count() == 1

"""What happens when the same is asked for many times at once."""

from __future__ import annotations

import time

import pytest
from django.utils import timezone

from shop.core.errors import DomainError
from shop.events.models import OutboxEvent
from users import selectors, services, tokens
from users.models import Address, Session, User
from users.services import sessions
from users.tests.clients import sign_in_as
from users.tests.factories import PASSWORD, AddressFactory, UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)

TIMES = 20
CLIENT = services.Client(address="203.0.113.9")


def outcome(call, **arguments) -> str:
    try:
        call(**arguments)
    except DomainError as error:
        return error.code
    return "ok"


def refresh_all_at_once() -> list[str]:
    refresh = sign_in_as(UserFactory()).tokens.refresh
    return together(TIMES, lambda _: outcome(services.rotate, refresh=refresh, now=timezone.now()))


class TestRefresh:
    def test_one_token_has_one_successor_at_most_and_its_family_ends(self):
        outcomes = refresh_all_at_once()

        assert sorted(outcomes) == ["ok"] + ["token_invalid"] * (TIMES - 1)
        assert Session.objects.get().end_reason == "token_reused"
        assert OutboxEvent.objects.filter(type="users.refresh_token_reused.v1").count() == 1

    def test_negative_control_without_the_guard_one_token_has_many(self, monkeypatch):
        """The race is real: a rotation that reads, then writes, lets several through."""

        def read_then_write(call, *, claims, now):
            session = Session.objects.get(pk=claims.session_id)
            if session.refresh_jti != claims.jti:
                return None
            time.sleep(0.05)
            pair = tokens.issue(session_id=session.pk, user_id=session.user_id, now=now)
            Session.objects.filter(pk=session.pk).update(refresh_jti=pair.refresh_jti)
            return pair

        monkeypatch.setattr(sessions, "use_case", read_then_write)

        assert max(refresh_all_at_once().count("ok") for _ in range(3)) > 1


class TestRegister:
    def test_one_address_gets_one_account_and_everybody_the_same_answer(self):
        spellings = ["ada@example.com", "ADA@example.com", "Ada@Example.com"]

        def register(number):
            profile = services.Profile(email=spellings[number % len(spellings)])
            return outcome(
                services.register, profile=profile, password=PASSWORD, client=CLIENT, now=timezone.now()
            )

        assert together(TIMES, register) == ["ok"] * TIMES
        user = User.objects.get()
        types = list(OutboxEvent.objects.order_by("version").values_list("type", "version"))
        assert types[0] == ("users.user_registered.v1", 1)
        assert types[1:] == [("users.registration_repeated.v1", n) for n in range(2, TIMES + 1)]
        assert user.version == TIMES


class TestResetPassword:
    def test_of_two_resets_at_once_one_wins(self):
        user = UserFactory()
        links = [selectors.reset_link_parts(user, now=timezone.now()) for _ in range(2)]

        def reset(number):
            link = links[number]
            return outcome(
                services.reset_password,
                uid=link.uid,
                token=link.token,
                new_password=f"violet kettle {number}",
                client=CLIENT,
                now=timezone.now(),
            )

        outcomes = together(2, reset)

        assert sorted(outcomes) == ["ok", "token_expired"]
        user.refresh_from_db()
        assert user.check_password(f"violet kettle {outcomes.index('ok')}")


class TestSignIn:
    def test_sixteen_at_once_open_sixteen_sessions(self):
        user = UserFactory()

        def sign_in(_):
            return outcome(
                services.sign_in,
                email=user.email,
                password=PASSWORD,
                client=CLIENT,
                cart_token=None,
                now=timezone.now(),
            )

        assert together(16, sign_in) == ["ok"] * 16
        assert Session.objects.count() == 16


class TestAddressBook:
    def values(self, number):
        return {
            "full_name": f"Ada {number}", "line1": "Lindenweg 4", "city": "Berlin", "postal_code": "10115",
            "country": "DE", "is_default": True,
        }  # fmt: skip

    def test_many_new_defaults_leave_one(self):
        user = UserFactory()

        def save(number):
            return outcome(
                services.save_address, user_id=user.pk, kind="shipping", values=self.values(number)
            )

        assert together(8, save) == ["ok"] * 8
        assert Address.objects.count() == 8
        assert Address.objects.filter(is_default=True).count() == 1

    def test_the_last_place_is_taken_once(self):
        user = UserFactory()
        AddressFactory.create_batch(49, user=user)

        def save(number):
            return outcome(
                services.save_address, user_id=user.pk, kind="shipping", values=self.values(number)
            )

        assert sorted(together(8, save)) == ["address_book_full"] * 7 + ["ok"]
        assert Address.objects.count() == 50

"""Filling somebody else's mailbox with the shop's mail: every form that writes to an address a stranger names."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from shop.events.models import OutboxEvent
from users.models import User
from users.tests.clients import anonymous, client_of
from users.tests.factories import PASSWORD, UserFactory
from users.tests.races import together

AUTH = "/api/v1/auth/"
VICTIM = "victim@example.com"
# The announcements that become a mail to the address that was named.
MAILED = {
    "users.user_registered.v1",
    "users.registration_repeated.v1",
    "users.password_reset_requested.v1",
    "users.email_verification_requested.v1",
    "users.email_change_requested.v1",
}


def register(number: int, email: str = VICTIM) -> Any:
    return anonymous().post(
        f"{AUTH}register/", {"email": email, "password": PASSWORD}, REMOTE_ADDR=machine(number)
    )


def reset(number: int, email: str = VICTIM) -> Any:
    return anonymous().post(f"{AUTH}password/reset/", {"email": email}, REMOTE_ADDR=machine(number))


def resend(number: int, email: str = VICTIM) -> Any:
    """As whoever opened an account with the address, which takes no proof."""
    owner = User.objects.with_email(email).get()
    return client_of(owner).post(f"{AUTH}email/verify/resend/")


def move(number: int, email: str = VICTIM) -> Any:
    """From another account each time."""
    return client_of(UserFactory()).post("/api/v1/users/me/email/", {"email": email, "password": PASSWORD})


FORMS = (register, reset, resend, move)


def machine(number: int) -> str:
    """Return the address of one of many machines, so that only the mailbox's own share counts."""
    return f"198.51.{number // 250}.{number % 250}"


def mails() -> int:
    return OutboxEvent.objects.filter(type__in=MAILED).count()


@pytest.fixture(autouse=True)
def counted(settings):
    cache.clear()
    settings.LIMITS_FACTOR = 1


@pytest.mark.django_db
class TestAddress:
    @pytest.mark.parametrize("form", FORMS)
    def test_one_form_writes_one_a_minute_and_five_a_day(self, form):
        UserFactory(email=VICTIM)
        with time_machine.travel("2026-11-23 00:00:30Z", tick=False) as clock:
            written = []
            for number in range(12):
                before = mails()
                form(number)
                form(number + 100)
                written.append(mails() - before)
                clock.shift(60)
            clock.move_to("2026-11-24 00:00:30Z")
            form(300)

        assert written == [1] * 5 + [0] * 7
        assert mails() == 6

    def test_all_forms_together_write_five_a_day(self):
        """From the first registration on: the account isn't its owner's, and nobody has to show that it is."""
        with time_machine.travel("2026-11-23 00:00:30Z", tick=False) as clock:
            for number in range(40):
                (register, *FORMS)[number % 5](number)
                clock.shift(30)

        assert User.objects.filter(email=VICTIM).count() == 1
        assert mails() == 5

    def test_the_spelling_of_the_address_makes_no_difference(self):
        UserFactory(email=VICTIM)
        spellings = (VICTIM.upper(), "Victim@Example.com", f" {VICTIM}", "victim@\uff45xample.com")
        with time_machine.travel("2026-11-23 00:00:30Z", tick=False) as clock:
            for number in range(20):
                reset(number, spellings[number % 4])
                clock.shift(60)

        assert mails() == 5

    def test_somebody_elses_share_is_untouched(self):
        UserFactory(email="neighbour@example.com")
        UserFactory(email=VICTIM)
        for number in range(10):
            reset(number)

        reset(200, "neighbour@example.com")

        assert mails() == 2

    def test_what_is_not_written_is_answered_like_what_is(self):
        UserFactory(email=VICTIM)
        answers = [reset(number) for number in range(3)]

        assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 3
        assert mails() == 1

    def test_who_is_signed_in_learns_when_to_ask_again(self):
        UserFactory(email=VICTIM)
        resend(1)

        refused = resend(2)

        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60

    def test_control_without_limits_each_form_writes_each_time(self, settings):
        settings.LIMITS_FACTOR = 1000
        UserFactory(email=VICTIM)

        for number in range(10):
            reset(number)

        assert mails() == 10


@pytest.mark.django_db
class TestMachine:
    """One machine against many mailboxes."""

    @pytest.mark.parametrize("form", [register, reset])
    def test_twenty_an_hour(self, form):
        statuses = [form(1, f"somebody{number}@example.com").status_code for number in range(25)]

        assert statuses == [201 if form is register else 202] * 20 + [429] * 5


@pytest.mark.django_db(transaction=True)
def test_of_fifty_at_once_one_is_written():
    UserFactory(email=VICTIM)

    answers = together(50, reset)

    assert {answer.status_code for answer in answers} == {202}
    assert mails() == 1

"""Guessing: how many tries get through, from one machine and from many, at once and over time."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import RequestFactory

from shop.api import limits as counting
from shop.core.errors import DomainError
from shop.core.ids import new_id
from users import limits, services
from users.models import Session
from users.tests.access import rows
from users.tests.clients import anonymous, client_of
from users.tests.factories import PASSWORD, UserFactory
from users.tests.races import together

# What counts is the cache.
pytestmark = pytest.mark.once

LOGIN = "/api/v1/auth/login/"
ADA = "ada@example.com"
# RedisCache as the settings would have it.
REDIS = "django.core.cache.backends.redis.RedisCache"


@pytest.fixture(params=["local", pytest.param("redis", marks=pytest.mark.needs_redis)])
def real_counter(request, settings):
    """Count in the cache of this process, and in Redis, which all processes share."""
    if request.param == "redis":
        settings.CACHES = {"default": {"BACKEND": REDIS, "LOCATION": request.getfixturevalue("redis_server")}}
    request.getfixturevalue("real_limits")
    yield
    cache.close()


def client(number: int) -> services.Client:
    return services.Client(address=f"198.51.{number // 250}.{number % 250}")


def outcome(call: Any, *args: Any, **more: Any) -> str:
    try:
        call(*args, **more)
    except DomainError as error:
        return error.code
    finally:
        cache.close()
    return "tried"


def sign_in_many(times: int, *, email: Any, address: Any) -> int:
    """Count as many tries as asked for from as many threads, and return how many were let through."""
    outcomes = together(
        times,
        lambda number: outcome(limits.spend_sign_in, email=email(number), client=client(address(number))),
    )
    assert set(outcomes) <= {"tried", "rate_limited"}
    return outcomes.count("tried")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("real_counter")
class TestAtOnce:
    def test_one_machine_at_one_account(self):
        assert sign_in_many(100, email=lambda n: ADA, address=lambda n: 1) == 10

    def test_many_machines_at_one_account(self):
        assert sign_in_many(100, email=lambda n: ADA, address=lambda n: n) == 50

    def test_one_machine_at_many_accounts(self):
        assert sign_in_many(130, email=lambda n: f"shopper{n}@example.com", address=lambda n: 1) == 100

    def test_many_machines_at_many_accounts(self, monkeypatch):
        monkeypatch.setattr(limits, "_SIGN_IN_ALL", replace(limits._SIGN_IN_ALL, times=30))

        assert sign_in_many(100, email=lambda n: f"shopper{n}@example.com", address=lambda n: n) == 30

    def test_the_spelling_of_an_address_gives_no_more_tries(self):
        spellings = (ADA, ADA.upper(), "Ada@Example.com", "ada@EXAMPLE.com")

        assert sign_in_many(100, email=lambda n: spellings[n % 4], address=lambda n: 1) == 10

    @pytest.mark.parametrize(
        ("spend", "times"),
        [
            (limits.spend_registration, 20),
            (limits.spend_reset_request, 20),
            (limits.spend_mailed_link, 60),
            (limits.spend_password_change, 10),
            (limits.spend_second_factor, 5),
            (limits.spend_export, 10),
        ],
    )
    def test_every_other_limit(self, spend, times):
        subject = new_id() if spend.__name__ in BY_ACCOUNT else client(1)

        outcomes = together(100, lambda _: outcome(spend, subject))

        assert (outcomes.count("tried"), outcomes.count("rate_limited")) == (times, 100 - times)


BY_ACCOUNT = {"spend_password_change", "spend_second_factor", "spend_export"}


@pytest.mark.django_db(transaction=True)
class TestOverHttp:
    @pytest.mark.usefixtures("real_limits")
    def test_ten_of_a_hundred_requests_at_once_are_answered(self):
        UserFactory(email=ADA)
        body = {"email": ADA, "password": "not it"}

        answers = together(100, lambda _: anonymous().post(LOGIN, body))

        assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 90
        assert {answer.json()["code"] for answer in answers} == {"invalid_credentials", "rate_limited"}
        assert all(int(a.headers["Retry-After"]) <= 900 for a in answers if a.status_code == 429)
        assert not Session.objects.exists()


def test_control_counting_in_two_steps_lets_more_through(real_limits, monkeypatch, transactional_db):
    """The race is real: who reads, then writes, can be passed by."""

    def read_then_write(key):
        count = cache.get(key) + 1
        time.sleep(0.005)
        cache.set(key, count)
        return count

    monkeypatch.setattr(counting, "cache", SimpleNamespace(add=cache.add, incr=read_then_write))

    assert max(sign_in_many(50, email=lambda n: ADA, address=lambda n: 1) for _ in range(3)) > 10


@pytest.mark.django_db
class TestOverTime:
    def log_in(self, password: str, address: str = "198.51.100.1") -> Any:
        return anonymous().post(LOGIN, {"email": ADA, "password": password}, REMOTE_ADDR=address)

    @pytest.fixture(autouse=True)
    def counted(self, settings):
        cache.clear()
        settings.LIMITS_FACTOR = 1

    @pytest.mark.parametrize("machines", [1, 60])
    def test_the_owner_gets_in_when_the_window_ends(self, machines):
        """Whether one machine or many locked the door: it opens by itself, though they go on."""
        UserFactory(email=ADA)
        with time_machine.travel("2026-11-23 12:01:00Z", tick=False) as clock:
            for number in range(60):
                refused = self.log_in("not it", f"198.51.100.{number % machines}")
            wait = int(refused.headers["Retry-After"])
            assert self.log_in(PASSWORD, "198.51.100.0").status_code == 429

            clock.shift(wait - 1)
            assert self.log_in(PASSWORD, "198.51.100.0").status_code == 429
            clock.shift(1)
            assert self.log_in(PASSWORD, "198.51.100.0").status_code == 200

        assert wait == 14 * 60

    def test_a_second_machine_of_the_owner_gets_in_meanwhile(self):
        UserFactory(email=ADA)
        for _ in range(30):
            self.log_in("not it")

        assert self.log_in(PASSWORD, "203.0.113.9").status_code == 200

    def test_refused_tries_do_not_count_against_the_account(self):
        """Hammering from one machine must not shut the door for all others."""
        UserFactory(email=ADA)
        for _ in range(200):
            self.log_in("not it")

        assert self.log_in(PASSWORD, "203.0.113.9").status_code == 200

    def test_flooding_the_counter_does_not_make_it_forget(self):
        """A cache that is full drops what is old; tries at made-up addresses must not push out the real one."""
        for number in range(50):
            outcome(limits.spend_sign_in, email=ADA, client=client(number))
        for number in range(2000):
            outcome(limits.spend_sign_in, email=f"x{number}@example.com", client=client(200))

        assert outcome(limits.spend_sign_in, email=ADA, client=client(300)) == "rate_limited"


class TestForwardedFor:
    """Which address counts as the client's: what proxies wrote that may be believed, and never what a client says."""

    @pytest.mark.parametrize(
        ("proxies", "header", "address"),
        [
            (0, "203.0.113.1", "192.0.2.1"),
            (0, "203.0.113.1, 203.0.113.2", "192.0.2.1"),
            (1, "203.0.113.2", "203.0.113.2"),
            (1, "6.6.6.6, 203.0.113.2", "203.0.113.2"),
            (1, "6.6.6.6,7.7.7.7 ,  203.0.113.2 ", "203.0.113.2"),
            (1, "", "192.0.2.1"),
            (1, "6.6.6.6, 203.0.113.2:4711", "203.0.113.2"),
            (1, "2001:db8::1", "2001:db8::1"),
            (1, "[2001:db8::1]:443", "2001:db8::1"),
            (1, "nonsense", "nonsense"),
            (1, " , ,", "192.0.2.1"),
            (2, "203.0.113.2, 10.0.0.1", "203.0.113.2"),
            (2, "6.6.6.6, 203.0.113.2, 10.0.0.1", "203.0.113.2"),
            # A request that came past the first proxy: the header is the client's own.
            (2, "6.6.6.6", "192.0.2.1"),
        ],
    )
    def test_counts_from_the_right(self, settings, proxies, header, address):
        settings.TRUSTED_PROXIES = proxies
        request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=header, REMOTE_ADDR="192.0.2.1")

        assert counting.client_address(request) == address

    @pytest.mark.parametrize(
        "header",
        ["X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Cluster-Client-IP",
         "X-Forwarded", "X-Originating-IP", "X-Remote-Addr", "Client-IP"],
    )  # fmt: skip
    @pytest.mark.parametrize("proxies", [0, 1])
    def test_believes_no_other_header(self, settings, header, proxies):
        settings.TRUSTED_PROXIES = proxies
        request = RequestFactory().get("/", headers={header: "for=6.6.6.6"}, REMOTE_ADDR="192.0.2.1")

        assert counting.client_address(request) == "192.0.2.1"

    @pytest.mark.django_db
    @pytest.mark.usefixtures("real_limits")
    @pytest.mark.parametrize(
        ("proxies", "behind"), [(0, ""), (1, ", 203.0.113.9"), (2, ", 203.0.113.9, 10.0.0.1")]
    )
    def test_a_made_up_address_a_try_gives_no_more_tries(self, settings, proxies, behind):
        settings.TRUSTED_PROXIES = proxies

        answers = [
            anonymous().post(
                LOGIN,
                {"email": ADA, "password": "not it"},
                headers={"X-Forwarded-For": f"198.51.100.{number}{behind}"},
            )
            for number in range(12)
        ]

        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2

    @pytest.mark.django_db
    @pytest.mark.usefixtures("real_limits")
    def test_control_trusting_a_proxy_that_is_not_there_gives_them(self, settings):
        """Why TRUSTED_PROXIES must be the number there is: one too many believes the client."""
        settings.TRUSTED_PROXIES = 1

        answers = [
            anonymous().post(
                LOGIN,
                {"email": ADA, "password": "not it"},
                headers={"X-Forwarded-For": f"198.51.100.{number}"},
            )
            for number in range(12)
        ]

        assert [answer.status_code for answer in answers] == [401] * 12


# What guards a password, a mailbox or a link is refused when nobody can count.
GUARDED = {
    "auth/login/": {"email": ADA, "password": PASSWORD},
    "auth/register/": {"email": "new@example.com", "password": PASSWORD},
    "auth/password/reset/": {"email": ADA},
    "auth/password/reset/confirm/": {"uid": "x", "token": "y", "new_password": PASSWORD},
    "auth/email/verify/": {"uid": "x", "token": "y"},
    "auth/email/verify/resend/": {},
    "auth/email/change/confirm/": {"uid": "x", "token": "y"},
    "auth/password/change/": {"old_password": PASSWORD, "new_password": "violet kettle"},
    "users/me/email/": {"email": "new@example.com", "password": PASSWORD},
    "users/me/two_factor/": {"password": PASSWORD},
    "users/me/two_factor/confirm/": {"otp": "123456"},
    "users/me/two_factor/recovery_codes/": {"password": PASSWORD, "otp": "123456"},
}


@pytest.mark.django_db
class TestWithoutACache:
    @pytest.fixture(autouse=True)
    def no_redis(self, settings):
        settings.CACHES = {"default": {"BACKEND": REDIS, "LOCATION": "redis://127.0.0.1:9/0"}}

    @pytest.mark.parametrize("path", GUARDED)
    def test_nothing_can_be_guessed(self, path):
        caller = client_of(UserFactory(email=ADA))
        before = rows()

        answer = caller.post(f"/api/v1/{path}", GUARDED[path])

        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) == 5
        assert rows() == before

    def test_what_needs_no_counting_goes_on(self):
        caller = client_of(UserFactory(email=ADA))

        assert caller.get("/api/v1/users/me/").status_code == 200
        assert caller.patch("/api/v1/users/me/", {"first_name": "Augusta"}).status_code == 200

"""Opening an account and verifying its address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shop.core.errors import RateLimited, ValidationFailed
from shop.events.models import OutboxEvent
from users import selectors, services
from users.errors import TokenExpired
from users.models import User
from users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLIENT = services.Client(address="203.0.113.9", user_agent="Firefox")


def register(email: str = "ada@example.com", password: str = PASSWORD, **names: str) -> None:
    services.register(
        profile=services.Profile(email=email, **names), password=password, client=CLIENT, now=NOW
    )


def events() -> list[tuple[str, int, dict[str, object]]]:
    return [(e.type, e.version, e.payload) for e in OutboxEvent.objects.order_by("pk")]


class TestRegister:
    def test_opens_an_account_and_announces_it(self):
        register("Ada.Byron@EXAMPLE.com", first_name="Ada", last_name="Byron", language="de")

        user = User.objects.get()
        assert (user.email, user.first_name, user.last_name, user.language) == (
            "Ada.Byron@example.com", "Ada", "Byron", "de",
        )  # fmt: skip
        assert user.check_password(PASSWORD)
        assert (user.is_staff, user.is_superuser, user.is_active, user.email_verified) == (
            False,
            False,
            True,
            False,
        )
        assert user.date_joined == NOW
        assert events() == [("users.user_registered.v1", 1, {"version": 1, "user_id": str(user.pk)})]

    @pytest.mark.parametrize("email", ["ada@example.com", "ADA@example.com", "Ada@EXAMPLE.COM"])
    def test_tells_only_the_owner_of_a_known_address(self, email):
        owner = UserFactory(email="ada@example.com")

        register(email, "another fine password", first_name="Eve")

        owner.refresh_from_db()
        assert owner.first_name == "Ada"
        assert owner.check_password(PASSWORD)
        assert User.objects.count() == 1
        assert events() == [("users.registration_repeated.v1", 2, {"version": 2, "user_id": str(owner.pk)})]

    def test_writes_no_second_mail_to_a_known_address_within_a_minute(self, real_limits):
        UserFactory(email="ada@example.com")

        register()
        register()

        assert [kind for kind, _, _ in events()] == ["users.registration_repeated.v1"]

    def test_tells_a_shut_account_nothing(self):
        UserFactory(email="ada@example.com", is_active=False)

        register()

        assert events() == []

    @pytest.mark.parametrize(
        ("password", "code"),
        [
            ("short", "password_too_short"),
            ("password1", "password_too_common"),
            ("1029384756102", "password_entirely_numeric"),
            ("ada@example.com", "password_too_similar"),
            ("x" * 129, "max_length"),
        ],
    )
    def test_refuses_a_bad_password_and_writes_nothing(self, password, code):
        with pytest.raises(ValidationFailed) as refusal:
            register(password=password)

        assert code in {error.code for error in refusal.value.errors}
        assert {error.field for error in refusal.value.errors} == {"password"}
        assert not User.objects.exists()
        assert events() == []

    @pytest.mark.parametrize("password", ["x7 " * 21 + "z", "héllo wörld ünd 雪", "x" * 60 + "y" * 68])
    def test_takes_long_and_foreign_passwords_whole(self, password):
        register(password=password)

        assert User.objects.get().check_password(password)
        assert not User.objects.get().check_password(password[:-1])

    def test_refuses_the_twenty_first_from_one_client(self, real_limits):
        for number in range(20):
            register(f"shopper{number}@example.com")

        with pytest.raises(RateLimited):
            register("ada@example.com")

        assert not User.objects.filter(email="ada@example.com").exists()


class TestVerifyEmail:
    def verify(self, user: User, token: str, now: datetime = NOW) -> None:
        uid = selectors.verification_link_parts(user, now=NOW).uid
        services.verify_email(uid=uid, token=token, client=CLIENT, now=now)

    def token(self, user: User) -> str:
        return selectors.verification_link_parts(user, now=NOW).token

    def test_marks_the_address_and_announces_it(self):
        user = UserFactory()

        self.verify(user, self.token(user), NOW + timedelta(days=3))

        user.refresh_from_db()
        assert user.email_verified_at == NOW + timedelta(days=3)
        assert events() == [("users.email_verified.v1", 2, {"version": 2, "user_id": str(user.pk)})]

    def test_takes_a_link_once(self):
        user = UserFactory()
        token, sibling = (
            self.token(user),
            selectors.verification_link_parts(user, now=NOW + timedelta(hours=1)).token,
        )
        self.verify(user, token)

        for used in (token, sibling):
            with pytest.raises(TokenExpired):
                self.verify(user, used, NOW + timedelta(hours=1))

        assert OutboxEvent.objects.count() == 1

    @pytest.mark.parametrize("case", ["late", "changed address", "stranger", "reset link", "garbage", "shut"])
    def test_refuses_any_other_link(self, case):
        user, now = UserFactory(), NOW
        token = self.token(user)
        if case == "late":
            now = NOW + timedelta(days=3, seconds=1)
        elif case == "changed address":
            User.objects.filter(pk=user.pk).update(email="new@example.com")
        elif case == "stranger":
            token = self.token(UserFactory())
        elif case == "reset link":
            token = selectors.reset_link_parts(user, now=NOW).token
        elif case == "garbage":
            token = "é-zzz"
        elif case == "shut":
            User.objects.filter(pk=user.pk).update(is_active=False)

        with pytest.raises(TokenExpired):
            self.verify(user, token, now)

        user.refresh_from_db()
        assert user.email_verified_at is None
        assert events() == []

    @pytest.mark.parametrize("uid", ["", "%%%", "é", "AAAA", "x" * 100])
    def test_refuses_an_id_that_is_none(self, uid):
        with pytest.raises(TokenExpired):
            services.verify_email(uid=uid, token="x-y", client=CLIENT, now=NOW)


class TestRequestEmailVerification:
    def test_announces_the_wish(self):
        user = UserFactory()

        services.request_email_verification(user_id=user.pk, now=NOW)

        expected = {"version": 2, "user_id": str(user.pk)}
        assert events() == [("users.email_verification_requested.v1", 2, expected)]

    def test_does_nothing_for_a_verified_address(self):
        user = UserFactory(email_verified_at=NOW)

        services.request_email_verification(user_id=user.pk, now=NOW)

        assert events() == []

    def test_writes_one_mail_a_minute(self, real_limits):
        user = UserFactory()
        services.request_email_verification(user_id=user.pk, now=NOW)

        with pytest.raises(RateLimited):
            services.request_email_verification(user_id=user.pk, now=NOW)

        assert OutboxEvent.objects.count() == 1

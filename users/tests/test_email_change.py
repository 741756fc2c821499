"""Asking to move an account to another address."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.core.errors import RateLimited, ValidationFailed
from shop.events.models import OutboxEvent
from tests.statements import statements
from users import jobs
from users.errors import OtpRequired, TokenExpired
from users.models import EmailChange, TwoFactor, User
from users.second_factor import app_code, new_secret
from users.services import email_change, recognition
from users.tests.factories import UserFactory
from users.tests.moving import NEW, NOW, ask, asked, confirm, everything

pytestmark = pytest.mark.django_db


class TestAsking:
    def test_writes_the_change_and_announces_it(self):
        user = UserFactory(email="old@example.com")

        ask(user, "Ada.New@EXAMPLE.com")

        change = EmailChange.objects.get()
        assert (change.user_id, change.old_email, change.new_email) == (
            user.pk,
            "old@example.com",
            "Ada.New@example.com",
        )
        assert (change.requested_at, change.confirmed_at, change.withdrawn_at) == (NOW, None, None)
        event = OutboxEvent.objects.get()
        assert (event.type, event.version) == ("users.email_change_requested.v1", 2)
        assert event.payload == {"version": 2, "user_id": str(user.pk), "change_id": str(change.pk)}
        user.refresh_from_db()
        assert (user.email, user.version) == ("old@example.com", 2)

    def test_withdraws_what_was_asked_before(self):
        user = UserFactory()
        first = asked(user, "first@example.com")

        second = asked(user, "second@example.com", now=NOW + timedelta(hours=1))

        older, newer = EmailChange.objects.order_by("requested_at")
        assert (older.withdrawn_at, newer.withdrawn_at) == (NOW + timedelta(hours=1), None)
        with pytest.raises(TokenExpired):
            confirm(first, now=NOW + timedelta(hours=1))
        confirm(second, now=NOW + timedelta(hours=1))
        user.refresh_from_db()
        assert user.email == "second@example.com"

    @pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.com"])
    def test_of_the_present_address_does_nothing(self, email):
        user = UserFactory(email="ada@example.com")
        ask(user)
        before = everything()

        ask(user, email)

        assert everything() == before

    def test_refuses_a_wrong_password(self):
        user = UserFactory()
        before = everything()

        with pytest.raises(ValidationFailed) as refusal:
            ask(user, password="not it")

        assert [(error.field, error.code) for error in refusal.value.errors] == [("password", "incorrect")]
        assert everything() == before

    @pytest.mark.parametrize(
        "change", [{"password": "!"}, {"email": "moved@example.com"}, {"is_active": False}]
    )
    def test_refuses_what_was_changed_while_the_password_was_checked(self, monkeypatch, change):
        user = UserFactory()
        real = recognition.require_password

        def slow(**arguments):
            found = real(**arguments)
            User.objects.filter(pk=user.pk).update(**change)
            return found

        monkeypatch.setattr(email_change, "require_password", slow)

        with pytest.raises(ValidationFailed):
            ask(user)

        assert not EmailChange.objects.exists()
        assert not OutboxEvent.objects.exists()

    def test_runs_the_same_statements_for_a_free_and_a_taken_address(self):
        taken, gone = UserFactory(email="taken@example.com"), UserFactory(email="shut@example.com")
        User.objects.filter(pk=gone.pk).update(is_active=False)
        ran = []
        for email in ("free@example.com", taken.email, "TAKEN@example.com", gone.email):
            user = UserFactory()
            with statements() as seen:
                ask(user, email)
            ran.append([sql.replace(user.pk.hex, "").replace(email, "") for sql in seen])

        assert all(len(one) == len(ran[0]) for one in ran)
        assert [[sql.split()[:3] for sql in one] for one in ran] == [[sql.split()[:3] for sql in ran[0]]] * 4
        assert EmailChange.objects.count() == 4

    def test_needs_the_second_factor_where_there_is_one(self):
        user, secret = UserFactory(), new_secret()
        TwoFactor.objects.create(user=user, secret=secret, created_at=NOW, confirmed_at=NOW)
        before = everything()

        for otp, reason in (("", "missing"), ("000000", "wrong")):
            with pytest.raises(OtpRequired) as refusal:
                ask(user, otp=otp)
            assert refusal.value.facts["reason"] == reason
        assert everything() == before

        ask(user, otp=app_code(secret, now=NOW))

        assert EmailChange.objects.get().new_email == NEW


class TestLimits:
    def test_a_code_mistyped_at_first_costs_no_mail(self, real_limits):
        user, secret = UserFactory(), new_secret()
        TwoFactor.objects.create(user=user, secret=secret, created_at=NOW, confirmed_at=NOW)
        with pytest.raises(OtpRequired):
            ask(user)

        ask(user, otp=app_code(secret, now=NOW))

        assert EmailChange.objects.count() == 1

    def test_asking_twice_in_a_minute_mails_once_and_keeps_the_link(self, real_limits):
        user = UserFactory()
        link = asked(user)

        ask(user)

        assert EmailChange.objects.count() == 1
        assert OutboxEvent.objects.count() == 1
        confirm(link)

    def test_an_address_that_had_its_share_is_written_to_no_more_and_nobody_sees_it(self, real_limits):
        somebody, user = UserFactory(), UserFactory()
        ask(somebody)
        typo = asked(user, "typo@example.com")

        ask(user)

        assert EmailChange.objects.get(user=user).withdrawn_at == NOW
        assert OutboxEvent.objects.filter(key=str(user.pk)).count() == 1
        with pytest.raises(TokenExpired):
            confirm(typo)

    def test_an_account_asks_five_times_a_day_also_when_it_is_opened_anew(self, real_limits):
        user = UserFactory(email="ada@example.com")
        for number in range(5):
            ask(user, f"new{number}@example.com")
        before = everything()

        with pytest.raises(RateLimited):
            ask(user, "another@example.com")

        assert everything() == before
        User.objects.filter(pk=user.pk).update(email="elsewhere@example.com")
        with pytest.raises(RateLimited):
            ask(UserFactory(email="ADA@example.com"), "another@example.com")

    def test_the_password_cannot_be_guessed(self, real_limits):
        user = UserFactory()
        for _ in range(10):
            with pytest.raises(ValidationFailed):
                ask(user, password="not it")

        with pytest.raises(RateLimited):
            ask(user)


class TestForgetting:
    @pytest.mark.parametrize(
        ("ended", "after", "kept"),
        [
            ({"confirmed_at": NOW}, timedelta(days=2), True),
            ({"confirmed_at": NOW}, timedelta(days=2, seconds=1), False),
            ({"withdrawn_at": NOW}, timedelta(days=2), True),
            ({"withdrawn_at": NOW}, timedelta(days=2, seconds=1), False),
            ({}, timedelta(days=3), True),
            ({}, timedelta(days=3, seconds=1), False),
        ],
    )
    def test_waits_two_days_after_the_end(self, ended, after, kept):
        EmailChange.objects.create(
            user=UserFactory(), old_email="old@example.com", new_email=NEW, requested_at=NOW, **ended
        )

        jobs.forget_sign_ins(NOW + after)

        assert EmailChange.objects.exists() is kept

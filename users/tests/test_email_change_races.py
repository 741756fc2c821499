"""Changes of address that meet each other."""

from __future__ import annotations

import time

import pytest
from django.db import IntegrityError
from django.utils import timezone

from shop.audit.models import AuditEntry
from shop.core.errors import DomainError
from shop.events.models import OutboxEvent
from users import selectors, services
from users.errors import TokenExpired
from users.models import EmailChange, User
from users.services import email_change
from users.tests.factories import UserFactory
from users.tests.moving import CLIENT, NEW, ask, asked
from users.tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


def outcome(link: selectors.LinkParts) -> str:
    try:
        services.confirm_email_change(uid=link.uid, token=link.token, client=CLIENT, now=timezone.now())
    except DomainError as error:
        return error.code
    return "ok"


def race(link: selectors.LinkParts) -> list[str]:
    return together(10, lambda _: outcome(link))


class TestRaces:
    def test_of_many_uses_of_a_link_one_wins(self):
        user = UserFactory()
        link = asked(user, now=timezone.now())

        outcomes = race(link)

        assert sorted(outcomes) == ["ok"] + ["token_expired"] * 9
        assert OutboxEvent.objects.filter(type="users.email_changed.v1").count() == 1
        assert AuditEntry.objects.filter(action="users.email_changed").count() == 1

    def test_negative_control_without_the_guard_many_win(self, monkeypatch):
        """The race is real: what looks first and writes then lets several through."""

        def read_then_write(call, *, change, now):
            found = EmailChange.objects.get(pk=change.pk)
            if found.confirmed_at is not None:
                raise TokenExpired
            time.sleep(0.05)
            User.objects.filter(pk=change.user_id).update(email=change.new_email)
            EmailChange.objects.filter(pk=change.pk).update(confirmed_at=now)

        links = [asked(UserFactory(), f"new{number}@example.com", now=timezone.now()) for number in range(3)]
        monkeypatch.setattr(email_change, "use_case", read_then_write)

        assert max(race(link).count("ok") for link in links) > 1

    def test_of_two_accounts_that_want_one_address_one_gets_it(self):
        users = UserFactory.create_batch(2)
        links = [
            asked(user, email, now=timezone.now())
            for user, email in zip(users, (NEW, NEW.upper()), strict=True)
        ]

        outcomes = together(2, lambda number: outcome(links[number]))

        assert sorted(outcomes) == ["ok", "token_expired"]
        winner = users[outcomes.index("ok")]
        assert User.objects.with_email(NEW).get() == winner
        assert EmailChange.objects.filter(confirmed_at=None).count() == 1
        assert OutboxEvent.objects.filter(type="users.email_changed.v1").count() == 1

    def test_negative_control_both_find_the_address_free(self, monkeypatch):
        """The race is real: both pass a look at the address, and only the constraint stops the second."""
        stopped = []

        def look_then_write(call, *, change, now):
            if selectors.account_at(change.new_email, besides=change.user_id):
                raise TokenExpired
            time.sleep(0.1)
            try:
                User.objects.filter(pk=change.user_id).update(email=change.new_email)
            except IntegrityError as error:
                stopped.append(error)

        users = UserFactory.create_batch(2)
        links = [asked(user, now=timezone.now()) for user in users]
        monkeypatch.setattr(email_change, "use_case", look_then_write)

        together(2, lambda number: outcome(links[number]))

        assert len(stopped) == 1

    def test_of_two_askings_at_once_one_stays_open(self):
        user = UserFactory()

        together(6, lambda number: ask(user, f"new{number}@example.com", now=timezone.now()))

        assert EmailChange.objects.count() == 6
        assert EmailChange.objects.filter(withdrawn_at=None).count() == 1
        assert sorted(OutboxEvent.objects.values_list("version", flat=True)) == list(range(2, 8))

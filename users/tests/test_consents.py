"""Consents: what was agreed to, when, and where; added to and never changed."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from shop.core.errors import NotFound, RateLimited
from shop.core.ids import new_id
from shop.core.transactions import use_case
from shop.events.models import OutboxEvent
from tests.statements import statements
from users import limits, selectors, services
from users.models import Consent, User
from users.services import consents
from users.tests.factories import PASSWORD, StaffFactory, UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me/consents/"
CLIENT = services.Client(address="203.0.113.77", user_agent="pytest")
SAID: dict[str, Any] = {
    "purpose": "marketing",
    "granted": True,
    "source": "newsletter form",
    "version": "2026-11",
}


def say(user: User, purpose: str = "marketing", *, granted: bool = True, version: str = "2026-11"):
    said = services.Said(purpose=purpose, granted=granted, version=version, source="account page")
    return services.record_consent(user_id=user.pk, said=said, client=CLIENT, now=timezone.now())


def rows() -> list[tuple]:
    return list(Consent.objects.order_by("pk").values_list("purpose", "granted", "version", "source"))


class TestRecordConsent:
    def test_keeps_what_was_said_and_where_from(self):
        user, now = UserFactory(), timezone.now()

        consent, is_new = services.record_consent(
            user_id=user.pk, said=services.Said(**SAID), client=CLIENT, now=now
        )

        stored = Consent.objects.get()
        assert (stored, is_new) == (consent, True)
        # The address is shortened, as a session's is.
        assert (stored.user, stored.at, stored.address) == (user, now, "203.0.113.0")
        assert rows() == [("marketing", True, "2026-11", "newsletter form")]
        assert not OutboxEvent.objects.exists()

    def test_adds_a_row_only_for_what_is_new(self):
        user = UserFactory()

        first, _ = say(user)
        again = say(user)
        say(user, version="2027-01")
        say(user, granted=False, version="2027-01")
        say(user, granted=True, version="2027-01")
        say(user, "terms", version="2027-01")

        assert again == (first, False)
        assert [row[:3] for row in rows()] == [
            ("marketing", True, "2026-11"),
            ("marketing", True, "2027-01"),
            ("marketing", False, "2027-01"),
            ("marketing", True, "2027-01"),
            ("terms", True, "2027-01"),
        ]

    def test_is_nobody_elses(self):
        user, stranger = UserFactory(), UserFactory()
        say(stranger)

        assert say(user)[1] is True

    @pytest.mark.parametrize("case", ["missing", "shut", "erased"])
    def test_needs_an_account_that_may_act(self, case):
        user = UserFactory(
            is_active=case == "missing", erased_at=timezone.now() if case == "erased" else None
        )
        if case == "missing":
            user.pk = new_id()

        with pytest.raises(NotFound):
            say(user)

        assert rows() == []

    def test_is_for_a_hundred_times_a_day(self, real_limits):
        user, other = UserFactory(), UserFactory()
        for _ in range(100):
            limits.spend_consent(user.pk)

        with pytest.raises(RateLimited):
            say(user)
        say(other)

        assert Consent.objects.get().user == other


class TestWithdrawConsent:
    def withdraw(self, user_id: UUID, purpose: str = "marketing") -> bool:
        return services.withdraw_consent(
            user_id=user_id, purpose=purpose, source="unsubscribe link", client=CLIENT, now=timezone.now()
        )

    def test_adds_a_row_that_says_so_once(self):
        user = UserFactory()
        say(user)

        assert [self.withdraw(user.pk), self.withdraw(user.pk)] == [True, False]

        assert rows() == [
            ("marketing", True, "2026-11", "account page"),
            ("marketing", False, "", "unsubscribe link"),
        ]
        assert Consent.objects.order_by("pk").values_list("address", flat=True)[1] == "203.0.113.0"
        assert not selectors.has_consent(user.pk, "marketing")

    def test_writes_nothing_where_nobody_agrees(self):
        never, another, erased = UserFactory(), UserFactory(), UserFactory()
        say(another, "terms")
        say(erased)
        User.objects.filter(pk=erased.pk).update(is_active=False, erased_at=timezone.now())
        before = rows()

        assert not any(self.withdraw(pk) for pk in (never.pk, another.pk, erased.pk, new_id()))

        assert rows() == before

    def test_counts_against_no_limit(self, real_limits):
        user = UserFactory()
        say(user)
        for number in range(99):
            say(user, version=str(number))
        with pytest.raises(RateLimited):
            say(user, granted=False)

        assert self.withdraw(user.pk)

        assert not selectors.has_consent(user.pk, "marketing")

    @pytest.mark.django_db(transaction=True)
    def test_by_many_at_once_is_written_once(self):
        user = UserFactory()
        say(user)

        assert sum(together(8, lambda _: use_case(self.withdraw, user.pk))) == 1

        assert len(rows()) == 2


class TestHasConsent:
    def test_is_what_was_said_last(self):
        user = UserFactory()
        assert not selectors.has_consent(user.pk, "marketing")

        say(user)
        assert selectors.has_consent(user.pk, "marketing")
        assert not selectors.has_consent(user.pk, "terms")
        assert not selectors.has_consent(UserFactory().pk, "marketing")

        say(user, granted=False)
        with statements() as sent:
            assert not selectors.has_consent(user.pk, "marketing")
        assert len(sent) == 1


class TestApi:
    def test_says_reads_and_takes_back(self, client_of):
        user = UserFactory()
        client = client_of(user)

        created = client.post(ME, {**SAID, "id": 7, "at": "2020-01-01T00:00:00Z"})

        stored = Consent.objects.get()
        shown = {**SAID, "id": stored.pk, "at": created.json()["at"]}
        assert (created.status_code, created.json()) == (201, shown)
        assert abs((timezone.now() - stored.at).total_seconds()) < 60
        again = client.post(ME, SAID)
        assert (again.status_code, again.json()) == (200, shown)
        assert client.post(ME, {"purpose": "marketing", "granted": False, "source": "x"}).status_code == 201
        for path in (ME, f"/api/v1/users/{user.pk}/consents/"):
            results = client.get(path).json()["results"]
            assert [(row["granted"], row["version"]) for row in results] == [(False, ""), (True, "2026-11")]

    def test_current_leaves_the_newest_of_each_purpose(self, client_of):
        user = UserFactory()
        say(UserFactory(), "privacy")
        for purpose in ("terms", "marketing", "terms"):
            say(user, purpose)
            say(user, purpose, granted=False)
        say(user, "marketing", version="2027-01")

        page = client_of(user).get(f"{ME}?current=1").json()

        assert page["count"] == 2
        assert [(row["purpose"], row["granted"]) for row in page["results"]] == [
            ("marketing", True),
            ("terms", False),
        ]

    @pytest.mark.parametrize("count", [1, 20])
    def test_is_read_page_by_page_at_the_same_cost(self, client_of, count):
        user = UserFactory()
        for number in range(count):
            say(user, version=str(number))
        client = client_of(user)

        with statements() as sent:
            assert len(client.get(ME).json()["results"]) == count
        assert len(sent) == 3
        with statements() as sent:
            assert len(client.get(f"{ME}?current=1").json()["results"]) == 1
        assert len(sent) == 3
        seen, link = [], f"{ME}?page_size=7"
        while link:
            page = client.get(link).json()
            seen += [row["version"] for row in page["results"]]
            link = page["next"]
        assert seen == [str(number) for number in reversed(range(count))]

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"purpose": "world domination"}, "purpose", "invalid_choice"),
            ({"purpose": None}, "purpose", "null"),
            ({"granted": "perhaps"}, "granted", "invalid"),
            ({"granted": None}, "granted", "null"),
            ({"source": ""}, "source", "blank"),
            ({"source": "x" * 101}, "source", "max_length"),
            ({"source": "a\nb"}, "source", "invalid"),
            ({"version": "x" * 51}, "version", "max_length"),
        ],
    )
    def test_names_what_it_cannot_take(self, client_of, change, field, code):
        answer = client_of(UserFactory()).post(ME, {**SAID, **change})

        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
        assert rows() == []

    @pytest.mark.parametrize("field", ["user", "user_id", "address"])
    def test_takes_no_other_field(self, client_of, field):
        answer = client_of(UserFactory()).post(ME, {**SAID, field: str(UserFactory().pk)})

        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_field")
        assert rows() == []

    def test_is_staffs_to_read_and_nobody_elses_to_say(self, client_of):
        user, staff = UserFactory(), StaffFactory(permissions=["users.view_consent"])
        say(user)
        path = f"/api/v1/users/{user.pk}/consents/"

        assert client_of(staff).get(path).json()["count"] == 1
        assert client_of(staff).post(path, SAID).status_code == 404
        assert client_of(UserFactory()).get(path).status_code == 404
        assert client_of(staff).get(f"/api/v1/users/{new_id()}/consents/").status_code == 404
        assert Consent.objects.count() == 1


class TestRegistration:
    URL = "/api/v1/auth/register/"
    BODY = {
        "email": "ada@example.com",
        "password": PASSWORD,
        "consents": [
            {"purpose": "terms", "granted": True, "version": "2026-11"},
            {"purpose": "marketing", "granted": False},
        ],
    }

    def test_records_them_with_the_account(self, anonymous):
        answer = anonymous.post(self.URL, self.BODY)

        assert answer.status_code == 201
        assert answer.json() == {"email": "ada@example.com", "first_name": "", "last_name": ""}
        assert rows() == [
            ("terms", True, "2026-11", "registration"),
            ("marketing", False, "", "registration"),
        ]
        assert {consent.user for consent in Consent.objects.all()} == {User.objects.get()}

    def test_says_nothing_for_the_owner_of_a_known_address(self, anonymous):
        UserFactory(email="ada@example.com")

        with statements() as of_known:
            known = anonymous.post(self.URL, self.BODY)
        assert rows() == []
        with statements() as of_new:
            new = anonymous.post(self.URL, {**self.BODY, "email": "eve@example.com"})

        assert (known.status_code, new.status_code) == (201, 201)
        assert Consent.objects.count() == 2
        # The same statement runs either way, so that its time tells nothing.
        wrote = [[sql for sql in sent if "users_consent" in sql] for sent in (of_known, of_new)]
        assert wrote[0] == wrote[1]
        assert len(wrote[0]) == 1
        assert list(OutboxEvent.objects.order_by("pk").values_list("type", flat=True)) == [
            "users.registration_repeated.v1",
            "users.user_registered.v1",
        ]

    @pytest.mark.parametrize("nothing", [{}, {"consents": []}])
    def test_may_be_left_out(self, anonymous, nothing):
        body = {name: self.BODY[name] for name in ("email", "password")}

        with statements() as sent:
            assert anonymous.post(self.URL, {**body, **nothing}).status_code == 201

        assert not [sql for sql in sent if "users_consent" in sql]

    @pytest.mark.parametrize(
        ("consents", "field", "code"),
        [
            ([{"purpose": "terms", "granted": True}] * 2, "consents", "unique"),
            ({"purpose": "terms"}, "consents", "not_a_list"),
            ([{"purpose": "terms"}], "consents.0.granted", "required"),
            ([{"purpose": "cookies", "granted": True}], "consents.0.purpose", "invalid_choice"),
        ],
    )
    def test_refuses_odd_ones(self, anonymous, consents, field, code):
        answer = anonymous.post(self.URL, {**self.BODY, "consents": consents})

        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
        assert not User.objects.exists()

    def test_decides_where_it_was_said_itself(self, anonymous):
        body = [{"purpose": "terms", "granted": True, "source": "elsewhere"}]

        answer = anonymous.post(self.URL, {**self.BODY, "consents": body})

        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_field")
        assert not User.objects.exists()


@pytest.mark.needs_postgres
class TestRaces:
    pytestmark = pytest.mark.django_db(transaction=True)

    def twenty_at_once(self) -> int:
        user = UserFactory()
        together(20, lambda _: say(user))
        return Consent.objects.filter(user=user).count()

    def test_the_same_said_twenty_times_at_once_is_written_once(self):
        assert self.twenty_at_once() == 1

    def test_negative_control_without_the_lock_it_is_written_many_times(self, monkeypatch):
        monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda rows, **_: rows.all())
        write = consents.write_consents

        def late(**values):
            time.sleep(0.1)
            return write(**values)

        monkeypatch.setattr(consents, "write_consents", late)

        assert self.twenty_at_once() > 1

"""Groups of customers: what staff do with them, and what nobody does for themselves."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from shop.audit.models import AuditEntry
from shop.core.errors import DomainError, NotFound, PermissionDenied, ValidationFailed
from shop.core.ids import new_id
from shop.core.transactions import use_case
from shop.events.models import OutboxEvent
from tests.statements import statements
from users import selectors, services
from users.errors import CustomerGroupInUse
from users.models import CustomerGroup, GroupMembership
from users.tests.factories import CustomerGroupFactory, StaffFactory, SuperuserFactory, UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db

URL = "/api/v1/customer_groups/"
USERS = "/api/v1/users/"
ALL = [f"users.{verb}_customergroup" for verb in ("view", "add", "change", "delete")]


def audited() -> list[tuple]:
    return list(AuditEntry.objects.order_by("pk").values_list("actor_id", "action", "facts"))


def put_into(user, *codes: str, actor=None) -> None:
    services.set_customer_groups(
        actor_id=(actor or StaffFactory()).pk, user_id=user.pk, codes=codes, now=timezone.now()
    )


@pytest.fixture
def staff():
    return StaffFactory(permissions=[*ALL, "users.view_user", "users.change_user"])


class TestGroups:
    def test_whole_life(self, client_of, staff):
        client = client_of(staff)

        created = client.post(URL, {"code": "b2b", "name": "Business", "member_count": 7})

        assert (created.status_code, created.headers["Location"]) == (201, f"{URL}b2b/")
        assert created.json() == {"code": "b2b", "name": "Business", "member_count": 0}
        put_into(UserFactory(), "b2b")
        put_into(UserFactory(), "b2b")
        entry = {"code": "b2b", "name": "Business", "member_count": 2}
        assert client.get(f"{URL}b2b/").json() == entry
        assert client.get(URL).json() == {"count": 1, "next": None, "previous": None, "results": [entry]}
        # What was read may be sent back; the code stays.
        put = client.put(f"{URL}b2b/", {**entry, "code": "other", "name": "Trade"})
        assert put.json() == {**entry, "name": "Trade"}
        assert client.patch(f"{URL}b2b/", {"name": "Business"}).json() == entry
        assert client.patch(f"{URL}b2b/", {}).json() == entry
        CustomerGroup.objects.get().memberships.all().delete()
        assert client.delete(f"{URL}b2b/").status_code == 204
        assert client.get(f"{URL}b2b/").status_code == 404
        assert [action for _, action, _ in audited() if "groups" not in action] == [
            "users.customer_group_created", "users.customer_group_renamed", "users.customer_group_renamed",
            "users.customer_group_deleted",
        ]  # fmt: skip
        assert not OutboxEvent.objects.exists()

    def test_are_in_the_order_of_their_codes_page_by_page(self, client_of, staff):
        for code in ("c", "a", "b"):
            CustomerGroupFactory(code=code)
        client = client_of(staff)

        first = client.get(f"{URL}?page_size=2").json()
        second = client.get(first["next"]).json()

        assert [row["code"] for row in first["results"] + second["results"]] == ["a", "b", "c"]
        assert (first["count"], second["next"]) == (3, None)

    @pytest.mark.parametrize("groups", [1, 20])
    def test_cost_the_same_for_few_and_many(self, client_of, staff, groups):
        members = UserFactory.create_batch(2)
        CustomerGroupFactory.create_batch(groups, members=members)
        client = client_of(staff)

        with statements() as sent:
            results = client.get(URL).json()["results"]

        assert {row["member_count"] for row in results} == {2}
        # Session, two for the permissions, count, page.
        assert (len(results), len(sent)) == (groups, 5)

    @pytest.mark.parametrize(
        ("body", "field", "code"),
        [
            ({"code": "b2b", "name": "Again"}, "code", "unique"),
            ({"code": "with space", "name": "x"}, "code", "invalid"),
            ({"code": "", "name": "x"}, "code", "blank"),
            ({"code": "x" * 51, "name": "x"}, "code", "max_length"),
            ({"name": "x"}, "code", "required"),
            ({"code": "x", "name": " "}, "name", "blank"),
            ({"code": "x", "name": "a\nb"}, "name", "invalid"),
        ],
    )
    def test_are_refused_field_by_field(self, client_of, staff, body, field, code):
        CustomerGroupFactory(code="b2b")

        answer = client_of(staff).post(URL, body)

        assert answer.status_code == 400
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
        assert CustomerGroup.objects.values_list("code", "name").get() == ("b2b", "Wholesale")
        assert audited() == []

    def test_with_members_stay(self, client_of, staff):
        CustomerGroupFactory(code="b2b", members=UserFactory.create_batch(3))

        answer = client_of(staff).delete(f"{URL}b2b/")

        assert (answer.status_code, answer.json()["code"]) == (409, "customer_group_in_use")
        assert answer.json()["member_count"] == 3
        assert (CustomerGroup.objects.count(), GroupMembership.objects.count()) == (1, 3)
        assert audited() == []

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    def test_that_are_missing_are_not_found(self, client_of, staff, method):
        answer = getattr(client_of(staff), method)(f"{URL}none/", {"name": "x"})

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_renamed_to_the_same_name_leave_no_record(self):
        group = CustomerGroupFactory(name="Trade")
        now, actor = timezone.now(), StaffFactory()

        services.rename_customer_group(actor_id=actor.pk, code=group.code, name="Trade", now=now)
        assert audited() == []
        services.rename_customer_group(actor_id=actor.pk, code=group.code, name="Business", now=now)

        assert audited() == [
            (actor.pk, "users.customer_group_renamed", {"before": "Trade", "after": "Business"})
        ]


class TestMembership:
    def test_is_set_on_the_account(self, client_of, staff):
        for code in ("b2b", "press", "vip"):
            CustomerGroupFactory(code=code)
        user = UserFactory()
        put_into(user, "b2b")
        since = GroupMembership.objects.get().added_at
        client = client_of(staff)

        answer = client.patch(f"{USERS}{user.pk}/", {"customer_groups": ["vip", "b2b", "vip"]})

        assert (answer.status_code, answer.json()["customer_groups"]) == (200, ["b2b", "vip"])
        assert client.get(f"{USERS}{user.pk}/").json()["customer_groups"] == ["b2b", "vip"]
        assert selectors.group_codes_of(user.pk) == {"b2b", "vip"}
        assert GroupMembership.objects.get(group__code="b2b").added_at == since
        assert audited()[-1] == (
            staff.pk, "users.customer_groups_changed", {"before": ["b2b"], "after": ["b2b", "vip"]},
        )  # fmt: skip
        count = AuditEntry.objects.count()
        client.patch(f"{USERS}{user.pk}/", {"customer_groups": ["vip", "b2b"]})
        assert AuditEntry.objects.count() == count
        assert client.patch(f"{USERS}{user.pk}/", {"customer_groups": []}).json()["customer_groups"] == []
        assert selectors.group_codes_of(user.pk) == frozenset()

    def test_is_refused_whole_when_a_group_doesnt_exist(self, client_of, staff):
        CustomerGroupFactory(code="b2b")
        user = UserFactory()

        answer = client_of(staff).patch(
            f"{USERS}{user.pk}/", {"first_name": "Eve", "customer_groups": ["b2b", "none"]}
        )

        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
            ("customer_groups", "does_not_exist")
        ]
        user.refresh_from_db()
        assert (user.first_name, GroupMembership.objects.count(), audited()) == ("Ada", 0, [])

    @pytest.mark.parametrize("who", [UserFactory, lambda: StaffFactory(permissions=["users.change_user"])])
    def test_is_nothing_one_gives_oneself(self, client_of, who):
        CustomerGroupFactory(code="b2b")
        user = who()
        client = client_of(user)

        for path in (f"{USERS}{user.pk}/", f"{USERS}me/"):
            # What was read may be sent back, so it is passed over, not refused.
            assert client.patch(path, {"customer_groups": ["b2b"]}).status_code == 200

        assert selectors.group_codes_of(user.pk) == frozenset()
        with pytest.raises(PermissionDenied):
            put_into(user, "b2b", actor=user)
        assert audited() == []

    def test_of_staff_is_a_superusers_to_give(self):
        CustomerGroupFactory(code="b2b")
        colleague, root = StaffFactory(), SuperuserFactory()

        for target in (colleague, root):
            with pytest.raises(PermissionDenied):
                put_into(target, "b2b", actor=StaffFactory())
            put_into(target, "b2b", actor=root)
            assert selectors.group_codes_of(target.pk) == {"b2b"}

    def test_needs_an_account_that_is_there(self):
        CustomerGroupFactory(code="b2b")
        erased = UserFactory(is_active=False, erased_at=timezone.now())

        for user_id in (erased.pk, new_id()):
            with pytest.raises(NotFound):
                services.set_customer_groups(
                    actor_id=StaffFactory().pk, user_id=user_id, codes=["b2b"], now=timezone.now()
                )
        assert not GroupMembership.objects.exists()

    def test_can_be_changed_without_naming_the_rest(self):
        for code in ("b2b", "press", "vip"):
            CustomerGroupFactory(code=code)
        user = UserFactory()
        doer: dict[str, Any] = {"actor_id": StaffFactory().pk, "now": timezone.now()}
        put_into(user, "b2b", "press")

        services.change_customer_groups(user_id=user.pk, add=["vip"], remove=["press", "none"], **doer)

        assert selectors.group_codes_of(user.pk) == {"b2b", "vip"}
        with pytest.raises(ValidationFailed):
            services.change_customer_groups(user_id=user.pk, add=["none"], **doer)

    def test_is_kept_from_who_may_not_change_accounts(self, client_of):
        CustomerGroupFactory(code="b2b")
        user = UserFactory()

        answer = client_of(StaffFactory(permissions=["users.view_user", *ALL])).patch(
            f"{USERS}{user.pk}/", {"customer_groups": ["b2b"]}
        )

        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert not GroupMembership.objects.exists()


class TestListOfAccounts:
    @pytest.mark.parametrize("accounts", [1, 20])
    def test_shows_the_groups_at_the_same_cost(self, client_of, staff, accounts):
        members = UserFactory.create_batch(accounts)
        for code in ("vip", "b2b"):
            CustomerGroupFactory(code=code, members=members)
        client = client_of(staff)

        with statements() as sent:
            results = client.get(f"{USERS}?is_staff=false").json()["results"]

        assert [row["customer_groups"] for row in results] == [["b2b", "vip"]] * accounts
        # Session, two for the permissions, count, page, groups.
        assert len(sent) == 6

    def test_is_filtered_by_group(self, client_of, staff):
        ada, eve = UserFactory(), UserFactory(first_name="Eve")
        CustomerGroupFactory(code="b2b", members=[ada, eve])
        CustomerGroupFactory(code="vip", members=[ada])
        UserFactory()
        client = client_of(staff)

        def found(query: str) -> set[str]:
            return {row["id"] for row in client.get(f"{USERS}?{query}").json()["results"]}

        assert found("customer_group=b2b") == {str(ada.pk), str(eve.pk)}
        assert found("customer_group=b2b&q=eve") == {str(eve.pk)}
        assert found("customer_group=none") == set()
        assert found("customer_group=vip&is_active=false") == set()

    def test_finds_every_word_of_eight_in_names_and_address(self, client_of, staff):
        people = [
            UserFactory(
                email=f"countess{n}@lovelace.example", first_name="Augusta Ada", last_name="King Noel"
            )
            for n in range(5)
        ]
        UserFactory(email="other@lovelace.example", first_name="Augusta", last_name="King")
        client = client_of(staff)
        eight = "ada king AUGUSTA noel countess lovelace .example @"

        page = client.get(USERS, {"q": eight, "page_size": 2}).json()
        rows = page["results"]
        while page["next"]:
            page = client.get(page["next"]).json()
            rows += page["results"]

        # The newest first; nobody twice and nobody left out.
        assert [row["id"] for row in rows] == [str(user.pk) for user in reversed(people)]
        assert page["count"] == 5
        # A ninth word doesn't count, an eighth does.
        assert client.get(USERS, {"q": f"{eight} nobody"}).json()["count"] == 5
        assert client.get(USERS, {"q": eight.replace("@", "nobody")}).json()["count"] == 0

    def test_reads_the_groups_of_one_person_in_one_statement(self):
        user = UserFactory()
        CustomerGroupFactory.create_batch(3, members=[user])
        CustomerGroupFactory()

        with statements() as sent:
            assert selectors.group_codes_of(user.pk) == {
                group.code for group in CustomerGroup.objects.filter(members=user)
            }
        # One of them is this test's own.
        assert len(sent) == 2


@pytest.mark.needs_postgres
class TestRaces:
    pytestmark = pytest.mark.django_db(transaction=True)

    def race(self) -> tuple[list[str], int]:
        """Delete a group while somebody is put into it; return how both ended and how many are members."""
        group, user, actor = CustomerGroupFactory(), UserFactory(), StaffFactory()
        doer: dict[str, Any] = {"actor_id": actor.pk, "now": timezone.now()}

        def either(number: int) -> str:
            try:
                if number:
                    use_case(services.delete_customer_group, code=group.code, **doer)
                else:
                    use_case(services.set_customer_groups, user_id=user.pk, codes=[group.code], **doer)
            except DomainError as error:
                return error.code
            except IntegrityError:
                return "broken"
            return "ok"

        return together(2, either), GroupMembership.objects.filter(user=user).count()

    def test_a_group_is_deleted_or_joined_never_both(self):
        for _ in range(10):
            assert self.race() in [
                (["ok", "customer_group_in_use"], 1),
                (["validation_failed", "ok"], 0),
            ]

    def test_negative_control_without_the_locks_one_of_them_breaks(self, monkeypatch):
        monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda rows, **_: rows.all())
        monkeypatch.setattr("users.services.customers.audit.record", lambda **facts: time.sleep(0.1))

        assert any("broken" in self.race()[0] for _ in range(5))


def test_the_refusal_says_how_many():
    group = CustomerGroupFactory(members=UserFactory.create_batch(2))

    with pytest.raises(CustomerGroupInUse, match="has 2 members"):
        services.delete_customer_group(actor_id=StaffFactory().pk, code=group.code, now=timezone.now())

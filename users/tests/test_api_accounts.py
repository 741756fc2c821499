"""One's own account, everybody's for staff, and who may see which."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from shop.audit.models import AuditEntry
from shop.core.ids import new_id
from users.models import Address, Session, User
from users.tests.clients import client_with, sign_in_as
from users.tests.factories import AddressFactory, StaffFactory, SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db

USERS = "/api/v1/users/"
HOME = {
    "full_name": "Ada Byron", "company": "", "line1": "Lindenweg 4", "line2": "", "city": "Berlin", "region": "",
    "postal_code": "10115", "country": "DE", "phone": "", "is_default": False,
}  # fmt: skip
ALL = [
    f"users.{verb}_{model}" for verb in ("view", "add", "change", "delete") for model in ("user", "address")
]


class TestMe:
    def test_can_be_read_and_changed(self, client_of):
        user = UserFactory()
        client = client_of(user)

        response = client.patch(f"{USERS}me/", {"first_name": "Augusta", "language": "de"})

        assert response.status_code == 200
        assert response.json() == client.get(f"{USERS}me/").json()
        assert (response.data["first_name"], response.data["last_name"], response.data["language"]) == (
            "Augusta", "Byron", "de",
        )  # fmt: skip

    def test_can_be_sent_back_as_it_came(self, client_of):
        client = client_of(UserFactory())
        body = {
            **client.get(f"{USERS}me/").json(),
            "is_staff": True,
            "email": "eve@example.com",
            "id": str(new_id()),
        }

        response = client.patch(f"{USERS}me/", body)

        assert (response.status_code, response.data["is_staff"]) == (200, False)
        assert not User.objects.filter(email="eve@example.com").exists()

    @pytest.mark.parametrize("path", ["me/", "{id}/"])
    @pytest.mark.parametrize("field", sorted(f.name for f in User._meta.get_fields()))
    def test_gives_nobody_rights(self, client_of, path, field):
        user = UserFactory()
        before = User.objects.values().get()

        response = client_of(user).patch(f"{USERS}{path.format(id=user.pk)}", {field: True})

        assert response.status_code in (200, 400)
        changed = {k for k, v in User.objects.values().get().items() if v != before[k]}
        assert changed <= {"first_name", "last_name", "language"}
        assert (user.groups.count(), user.user_permissions.count()) == (0, 0)


class TestSessions:
    def test_lists_living_ones_newest_first(self, django_assert_num_queries):
        user = UserFactory()
        older, here, ended = (sign_in_as(user) for _ in range(3))
        sign_in_as(UserFactory())
        Session.objects.filter(pk=ended.session_id).update(ended_at=timezone.now(), end_reason="revoked")

        with django_assert_num_queries(3):
            response = client_with(here.tokens.access).get(f"{USERS}me/sessions/")

        assert [(row["id"], row["current"]) for row in response.data["results"]] == [
            (str(here.session_id), True), (str(older.session_id), False),
        ]  # fmt: skip
        assert set(response.data["results"][0]) == {
            "id", "device", "address", "created_at", "last_seen_at", "current",
        }  # fmt: skip
        assert response.data["results"][0]["address"] == "203.0.113.0"

    def test_one_can_be_ended(self):
        user = UserFactory()
        here, elsewhere = sign_in_as(user), sign_in_as(user)
        path = f"{USERS}me/sessions/{elsewhere.session_id}/"
        client = client_with(here.tokens.access)

        assert client.get(path).data["id"] == str(elsewhere.session_id)
        assert client.delete(path).status_code == 204
        assert client.get(path).status_code == 404
        assert client_with(elsewhere.tokens.access).get(f"{USERS}me/").status_code == 401

    @pytest.mark.parametrize("method", ["get", "delete"])
    def test_a_strangers_doesnt_exist(self, client_of, method):
        theirs = sign_in_as(UserFactory())

        response = getattr(client_of(UserFactory()), method)(f"{USERS}me/sessions/{theirs.session_id}/")

        assert (response.status_code, response.data["code"]) == (404, "not_found")
        assert Session.objects.get(pk=theirs.session_id).ended_at is None


class TestNobody:
    @pytest.mark.parametrize("name", ["nobody", "1", "00000000-0000-0000-0000-000000000000", "me;", "%00"])
    @pytest.mark.parametrize("rest", ["", "shipping_addresses/"])
    def test_no_such_account(self, name, rest, client_of):
        for user in (UserFactory(), SuperuserFactory()):
            assert client_of(user).get(f"{USERS}{name}/{rest}").status_code == 404


class TestStaff:
    def test_search(self, client_of, django_assert_num_queries):
        staff = StaffFactory(permissions=["users.view_user"], first_name="Grace", last_name="Hopper")
        UserFactory.create_batch(20)
        UserFactory(email="lovelace@example.com", first_name="Augusta")
        client = client_of(staff)

        found = client.get(f"{USERS}?q=AUG+lovelace")

        assert [row["email"] for row in found.data["results"]] == ["lovelace@example.com"]
        assert client.get(f"{USERS}?is_staff=true").data["count"] == 1
        assert client.get(f"{USERS}?is_active=false").data["count"] == 0
        # Session, two for the permissions, count, page, groups.
        with django_assert_num_queries(6):
            assert len(client.get(USERS).data["results"]) == 20

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("password__startswith=a", "unknown_filter"),
            ("ordering=password", "unknown_filter"),
            (f"q={'x' * 101}", "validation_failed"),
            ("is_staff=perhaps", "validation_failed"),
            ("cursor=x", "validation_failed"),
        ],
    )
    def test_refuses_odd_queries(self, client_of, query, code):
        response = client_of(SuperuserFactory()).get(f"{USERS}?{query}")

        assert (response.status_code, response.data["code"]) == (400, code)

    def test_create(self, client_of):
        response = client_of(StaffFactory(permissions=ALL)).post(USERS, {"email": "new@example.com"})

        user = User.objects.get(email="new@example.com")
        assert response.headers["Location"] == f"{USERS}{user.pk}/"
        assert response.data["is_active"] is True
        assert not user.has_usable_password()

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"is_staff": True}, 200),
            ({"is_superuser": True}, 400),
            ({"groups": []}, 400),
            ({"password": "x"}, 400),
        ],
    )
    def test_cannot_give_rights(self, client_of, body, status):
        staff, user = StaffFactory(permissions=ALL), UserFactory()

        for target in (staff, user):
            response = client_of(staff).patch(f"{USERS}{target.pk}/", body)
            assert response.status_code == status

        user.refresh_from_db()
        staff.refresh_from_db()
        assert (user.is_staff, user.is_superuser, staff.is_superuser) == (False, False, False)
        assert not AuditEntry.objects.exists()

    def test_superusers_can(self, client_of):
        Group.objects.create(name="buyers")
        user = UserFactory()

        response = client_of(SuperuserFactory()).patch(
            f"{USERS}{user.pk}/", {"is_staff": True, "groups": ["buyers"]}
        )

        assert (response.status_code, response.data["is_staff"]) == (200, True)
        assert AuditEntry.objects.get().action == "users.rights_changed"

    def test_shut_accounts_are_out_at_once(self, client_of):
        user = UserFactory()
        theirs = client_of(user)

        response = client_of(StaffFactory(permissions=ALL)).delete(f"{USERS}{user.pk}/")

        assert response.status_code == 204
        assert theirs.get(f"{USERS}me/").status_code == 401


class TestAddresses:
    @pytest.mark.parametrize("kind", ["shipping", "billing"])
    def test_whole_life(self, client_of, kind):
        user = UserFactory()
        client, book = client_of(user), f"{USERS}me/{kind}_addresses/"

        created = client.post(book, {**HOME, "country": "de", "id": "ignored"})

        assert created.status_code == 201
        entry = created.headers["Location"]
        assert created.json() == {"id": entry.rstrip("/").rpartition("/")[2], **HOME}
        assert client.get(book).data["results"] == [created.json()]
        assert client.get(f"{USERS}{user.pk}/{kind}_addresses/").data["count"] == 1
        patched = client.patch(entry, {"city": "Hamburg", "is_default": True})
        assert patched.json() == {**created.json(), "city": "Hamburg", "is_default": True}
        needed = ("full_name", "line1", "city", "postal_code", "country")
        replaced = client.put(entry, {k: HOME[k] for k in needed})
        assert replaced.json() == {**created.json(), "phone": "", "is_default": False}
        assert client.get(entry).json() == replaced.json()
        assert client.delete(entry).status_code == 204
        assert client.get(entry).status_code == 404

    def test_a_new_default_takes_the_place_of_the_old(self, client_of):
        client = client_of(UserFactory())
        first = client.post(f"{USERS}me/shipping_addresses/", {**HOME, "is_default": True})
        second = client.post(f"{USERS}me/shipping_addresses/", {**HOME, "is_default": True})

        assert (first.data["is_default"], second.data["is_default"]) == (True, True)
        assert client.get(first.headers["Location"]).data["is_default"] is False

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    @pytest.mark.parametrize("kind", ["shipping", "billing"])
    def test_a_strangers_doesnt_exist_in_ones_own_book(self, client_of, method, kind):
        home = AddressFactory(kind=kind)

        response = getattr(client_of(UserFactory()), method)(
            f"{USERS}me/{kind}_addresses/{home.pk}/",
            **({} if method in ("get", "delete") else {"data": HOME}),
        )

        assert (response.status_code, response.data["code"]) == (404, "not_found")
        assert Address.objects.get().line1 == home.line1

    def test_one_of_the_other_kind_doesnt_exist(self, client_of):
        home = AddressFactory()

        assert client_of(home.user).get(f"{USERS}me/billing_addresses/{home.pk}/").status_code == 404

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"country": "XX"}, ("country", "invalid_choice")),
            ({"country": "Germany"}, ("country", "invalid_choice")),
            ({"country": None}, ("country", "null")),
            ({"full_name": ""}, ("full_name", "blank")),
            ({"line1": "x\ny"}, ("line1", "invalid")),
            ({"city": "x" * 101}, ("city", "max_length")),
            ({"phone": {"number": 7}}, ("phone", "invalid")),
            ({"is_default": "perhaps"}, ("is_default", "invalid")),
        ],
    )
    def test_names_what_it_cannot_take(self, client_of, change, expected):
        response = client_of(UserFactory()).post(f"{USERS}me/shipping_addresses/", {**HOME, **change})

        assert response.status_code == 400
        assert [(e["field"], e["code"]) for e in response.data["errors"]] == [expected]
        assert not Address.objects.exists()

    @pytest.mark.parametrize("field", ["user", "user_id", "kind", "created_at"])
    def test_takes_no_other_field(self, client_of, field):
        other = UserFactory()

        response = client_of(UserFactory()).post(
            f"{USERS}me/shipping_addresses/", {**HOME, field: str(other.pk)}
        )

        assert (response.status_code, response.data["code"]) == (400, "unknown_field")

    def test_refuses_the_fifty_first(self, client_of):
        user = UserFactory()
        AddressFactory.create_batch(50, user=user)

        response = client_of(user).post(f"{USERS}me/shipping_addresses/", HOME)

        assert (response.status_code, response.data["code"]) == (422, "address_book_full")

    @pytest.mark.parametrize("rows", [1, 20])
    def test_a_list_costs_three_statements(self, client_of, rows, django_assert_num_queries):
        user = UserFactory()
        AddressFactory.create_batch(rows, user=user)
        client = client_of(user)

        with django_assert_num_queries(3):
            assert len(client.get(f"{USERS}me/shipping_addresses/").data["results"]) == rows

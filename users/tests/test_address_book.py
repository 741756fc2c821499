"""The address book by its services."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, ValidationFailed
from shop.core.ids import new_id
from users import selectors, services
from users.errors import AddressBookFull
from users.models import Address
from users.tests.factories import AddressFactory, StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

HOME = {
    "full_name": "Ada Byron",
    "line1": "Lindenweg 4",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}


class TestSaveAddress:
    def test_adds_one(self):
        user = UserFactory()

        address = services.save_address(user_id=user.pk, kind="billing", values=HOME)

        stored = Address.objects.get()
        assert stored == address
        assert (stored.user_id, stored.kind, stored.is_default) == (user.pk, "billing", False)
        assert selectors.address_of(user.pk, stored.pk) == selectors.PostalAddress(**HOME)

    def test_moves_the_default_of_its_kind_only(self):
        user = UserFactory()
        old = AddressFactory(user=user, is_default=True)
        billing = AddressFactory(user=user, kind="billing", is_default=True)
        others = AddressFactory(is_default=True)
        new = AddressFactory(user=user)

        services.save_address(
            user_id=user.pk, kind="shipping", values={"is_default": True}, address_id=new.pk
        )

        assert set(Address.objects.filter(is_default=True)) == {new, billing, others}
        services.save_address(user_id=user.pk, kind="shipping", values={**HOME, "is_default": True})
        old.refresh_from_db()
        assert not old.is_default
        assert Address.objects.filter(user=user, kind="shipping", is_default=True).count() == 1

    def test_can_leave_no_default(self):
        home = AddressFactory(is_default=True)

        services.save_address(
            user_id=home.user_id, kind="shipping", values={"is_default": False}, address_id=home.pk
        )

        assert not Address.objects.filter(is_default=True).exists()

    def test_refuses_the_fifty_first_of_a_kind(self):
        user = UserFactory()
        AddressFactory.create_batch(50, user=user)

        with pytest.raises(AddressBookFull, match="holds 50 addresses of a kind"):
            services.save_address(user_id=user.pk, kind="shipping", values=HOME)

        assert Address.objects.count() == 50
        services.save_address(user_id=user.pk, kind="billing", values=HOME)
        assert Address.objects.count() == 51

    @pytest.mark.parametrize("case", ["other kind", "stranger's", "missing"])
    def test_changes_only_what_is_in_the_book(self, case):
        home = AddressFactory()
        owner = UserFactory().pk if case == "stranger's" else home.user_id
        kind = "billing" if case == "other kind" else "shipping"
        address_id = new_id() if case == "missing" else home.pk

        with pytest.raises(NotFound):
            services.save_address(user_id=owner, kind=kind, values={"city": "Paris"}, address_id=address_id)
        if case != "missing":
            with pytest.raises(NotFound):
                services.delete_address(user_id=owner, kind=kind, address_id=address_id)

        home.refresh_from_db()
        assert home.city == "Berlin"

    def test_needs_an_account(self):
        with pytest.raises(NotFound):
            services.save_address(user_id=new_id(), kind="shipping", values=HOME)


class TestForms:
    """Postal codes and telephone numbers, whoever writes them."""

    def save(self, home: Address | None = None, **values) -> Address:
        user = home.user if home else UserFactory()
        return services.save_address(
            user_id=user.pk,
            kind="shipping",
            values=values if home else {**HOME, **values},
            address_id=home.pk if home else None,
        )

    def refused(self, home: Address | None = None, **values) -> list[tuple[str, str]]:
        before = list(Address.objects.values())
        with pytest.raises(ValidationFailed) as refusal:
            self.save(home, **values)
        assert list(Address.objects.values()) == before
        return [(error.field, error.code) for error in refusal.value.errors]

    def test_are_those_of_the_country(self):
        address = self.save(postal_code="10 115", phone="030 12345678")

        address.refresh_from_db()
        assert (address.postal_code, address.phone) == ("10115", "+493012345678")
        assert self.refused(postal_code="", phone="1") == [("postal_code", "required"), ("phone", "invalid")]
        assert self.refused(country="GB") == [("postal_code", "invalid")]

    def test_are_judged_with_what_is_there_already(self):
        home = AddressFactory(postal_code="1010", country="AT", phone="+43123456789")

        assert self.refused(home, country="DE") == [("postal_code", "invalid")]
        assert self.refused(home, postal_code="") == [("postal_code", "required")]
        assert self.refused(home, postal_code="10115") == [("postal_code", "invalid")]
        assert self.refused(home, phone="1") == [("phone", "invalid")]

        home = self.save(home, country="DE", postal_code="10115")
        # The number carries its country with it.
        assert (home.country, home.postal_code, home.phone) == ("DE", "10115", "+43123456789")
        assert self.save(home, phone="030 12345678").phone == "+493012345678"
        assert self.save(home, country="HK", postal_code="").postal_code == ""

    def test_of_an_old_address_stand_in_nobodys_way(self):
        """An entry from before a country changed its codes can still be renamed and chosen."""
        home = AddressFactory(postal_code="W-1000", phone="030/1")

        changed = self.save(home, is_default=True, full_name="Augusta King", postal_code="W-1000")

        assert (changed.is_default, changed.postal_code, changed.phone) == (True, "W-1000", "030/1")


class TestEditor:
    def editor(self, user_id) -> services.Editor:
        return services.Editor(id=user_id, now=timezone.now())

    def audited(self) -> list[tuple]:
        entries = AuditEntry.objects.order_by("pk")
        return list(entries.values_list("actor_id", "action", "object_id", "facts"))

    def test_of_somebody_elses_book_leaves_a_record(self):
        home, staff = AddressFactory(), StaffFactory()
        who: dict[str, Any] = {"user_id": home.user_id, "kind": "shipping", "editor": self.editor(staff.pk)}
        owner = {"user_id": str(home.user_id)}

        services.save_address(**who, values={"city": "Hamburg", "line1": home.line1}, address_id=home.pk)
        added = services.save_address(**who, values=HOME)
        services.delete_address(**who, address_id=home.pk)

        fields = ["city", "country", "full_name", "line1", "postal_code"]
        assert self.audited() == [
            (staff.pk, "users.address_changed", str(home.pk), {**owner, "fields": ["city"]}),
            (staff.pk, "users.address_added", str(added.pk), {**owner, "fields": fields}),
            (staff.pk, "users.address_deleted", str(home.pk), owner),
        ]

    def test_of_ones_own_book_leaves_none(self):
        home = AddressFactory()
        who: dict[str, Any] = {
            "user_id": home.user_id,
            "kind": "shipping",
            "editor": self.editor(home.user_id),
        }

        services.save_address(**who, values={"city": "Hamburg"}, address_id=home.pk)
        services.delete_address(**who, address_id=home.pk)

        assert self.audited() == []

    def test_is_known_to_the_api(self, client_of):
        home = AddressFactory()
        staff = StaffFactory(
            permissions=["users.view_address", "users.change_address", "users.delete_address"]
        )
        client, path = client_of(staff), f"/api/v1/users/{home.user_id}/shipping_addresses/{home.pk}/"

        assert client.patch(path, {"city": "Hamburg"}).status_code == 200
        assert client.patch(path, {"country": "AT"}).status_code == 400
        assert client.delete(path).status_code == 204

        actions = ["users.address_changed", "users.address_deleted"]
        assert [(entry[0], entry[1]) for entry in self.audited()] == [(staff.pk, name) for name in actions]


class TestDeleteAddress:
    def test_removes_it(self):
        home = AddressFactory()

        services.delete_address(user_id=home.user_id, kind="shipping", address_id=home.pk)

        assert not Address.objects.exists()


class TestAddressOf:
    def test_finds_ones_own_of_any_or_a_named_kind(self):
        home = AddressFactory(company="Engines Ltd", phone="+49 30 1")

        found = selectors.address_of(home.user_id, home.pk)

        assert found == selectors.PostalAddress(**HOME, company="Engines Ltd", phone="+49 30 1")
        assert selectors.address_of(home.user_id, home.pk, "shipping") == found
        assert selectors.address_of(home.user_id, home.pk, "billing") is None
        assert selectors.address_of(UserFactory().pk, home.pk) is None
        assert selectors.address_of(home.user_id, new_id()) is None

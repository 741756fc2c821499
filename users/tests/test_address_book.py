"""The address book by its services."""

from __future__ import annotations

import pytest

from shop.core.errors import NotFound
from shop.core.ids import new_id
from users import selectors, services
from users.errors import AddressBookFull
from users.models import Address
from users.tests.factories import AddressFactory, UserFactory

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

"""What the database refuses by itself."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from django.utils import timezone

from users.models import Address, Session, User
from users.tests.clients import sign_in_as
from users.tests.factories import PASSWORD, AddressFactory, UserFactory

pytestmark = pytest.mark.django_db


def refused(constraint: str, change) -> None:
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        change()
    # SQLite names the columns of a unique index instead of the constraint.
    assert constraint in str(error.value) or "UNIQUE constraint failed" in str(error.value)


class TestUser:
    def test_has_an_address_of_its_own_in_any_case(self):
        UserFactory(email="ada@example.com")

        refused("users_user_email_any_case", lambda: UserFactory(email="ADA@example.com"))

    def test_has_an_address(self):
        user = UserFactory()

        refused("users_user_has_email", lambda: User.objects.filter(pk=user.pk).update(email=""))

    def test_is_shut_when_erased(self):
        user = UserFactory()

        refused(
            "users_user_erased_is_inactive",
            lambda: User.objects.filter(pk=user.pk).update(erased_at=timezone.now()),
        )

    def test_has_an_external_id_of_its_own_or_none(self):
        UserFactory(external_id="a")
        UserFactory(external_id=None)
        UserFactory(external_id=None)

        refused("external_id", lambda: UserFactory(external_id="a"))

    def test_signs_in_to_the_admin_in_any_case(self):
        user = UserFactory(email="ada@example.com")

        assert authenticate(username="ADA@example.com", password=PASSWORD) == user

    def test_manager_makes_shoppers_and_superusers(self):
        shopper = User.objects.create_user("ada@EXAMPLE.com")
        root = User.objects.create_superuser("root@example.com", PASSWORD)

        assert (shopper.email, shopper.has_usable_password(), shopper.is_staff) == (
            "ada@example.com",
            False,
            False,
        )
        assert (root.is_staff, root.is_superuser) == (True, True)
        assert shopper.pk.version == 7
        with pytest.raises(ValueError, match="needs an e-mail address"):
            User.objects.create_user("")

    def test_is_named_by_what_there_is(self):
        assert User(first_name="Ada", last_name="Byron").get_full_name() == "Ada Byron"
        assert User(last_name="Byron").get_full_name() == "Byron"


class TestSession:
    @pytest.mark.parametrize("change", [{"ended_at": timezone.now()}, {"end_reason": "signed_out"}])
    def test_ends_with_a_reason_and_a_time(self, change):
        sign_in_as(UserFactory())

        refused("users_session_end_has_a_reason", lambda: Session.objects.update(**change))


class TestAddress:
    def test_is_one_default_of_its_kind(self):
        home = AddressFactory(is_default=True)
        AddressFactory(user=home.user, kind="billing", is_default=True)

        refused("users_address_one_default_a_kind", lambda: AddressFactory(user=home.user, is_default=True))

    @pytest.mark.parametrize("country", ["", "D", "de", "DEU"[:1]])
    def test_has_a_country_code(self, country):
        home = AddressFactory()

        refused(
            "users_address_country_is_iso", lambda: Address.objects.filter(pk=home.pk).update(country=country)
        )

    def test_is_of_a_known_kind(self):
        home = AddressFactory()

        refused("users_address_known_kind", lambda: Address.objects.filter(pk=home.pk).update(kind="holiday"))

"""Reads of accounts."""

from __future__ import annotations

import pytest
from django.utils import timezone

from shop.core.ids import new_id
from users import selectors
from users.models import User
from users.tests.clients import sign_in_as
from users.tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestRecipient:
    def test_is_read_when_asked_for(self):
        user = UserFactory(email="ada@example.com", language="de")

        assert selectors.recipient(user.pk) == selectors.Recipient(
            email="ada@example.com", name="Ada Byron", language="de", verified=False
        )

    @pytest.mark.parametrize(
        "change", [{"is_active": False}, {"is_active": False, "erased_at": timezone.now()}]
    )
    def test_is_none_for_who_gets_no_mail(self, change):
        user = UserFactory()
        User.objects.filter(pk=user.pk).update(**change)

        assert selectors.recipient(user.pk) is None
        assert selectors.recipient(new_id()) is None


class TestAccountsFor:
    def test_a_shopper_sees_the_own_account(self):
        user, _stranger = UserFactory(permissions=["users.view_user"]), UserFactory()

        assert list(selectors.accounts_for(user)) == [user]

    def test_staff_see_all_by_permission(self):
        plain, permitted = StaffFactory(), StaffFactory(permissions=["users.view_user"])
        erased = UserFactory(is_active=False, erased_at=timezone.now())

        assert set(selectors.accounts_for(plain)) == {plain}
        assert set(selectors.accounts_for(permitted)) == {plain, permitted}
        assert not selectors.account_exists(erased.pk)


class TestMatching:
    def test_needs_every_word(self):
        ada = UserFactory(first_name="Ada", last_name="Byron", email="ada@example.com")
        UserFactory(first_name="Ada", last_name="Yonath", email="yonath@example.com")

        assert list(selectors.matching(User.objects.all(), "BYR ada@")) == [ada]
        assert selectors.matching(User.objects.all(), "  ").count() == 2
        assert not selectors.matching(User.objects.all(), "%").exists()


class TestLivingSession:
    def test_reads_session_and_user_in_one_statement(self, django_assert_num_queries):
        user, now = UserFactory(), timezone.now()
        opened = sign_in_as(user)

        with django_assert_num_queries(1):
            session = selectors.living_session(opened.session_id, now=now)
            assert session is not None
            assert session.user.email == user.email

        assert selectors.living_session(opened.session_id, now=opened.tokens.expires_at) is None
        assert selectors.living_session(new_id(), now=now) is None


def test_user_by_id_finds_shut_accounts_too():
    user = UserFactory(is_active=False)

    assert selectors.user_by_id(user.pk) == user
    assert selectors.user_by_id(new_id()) is None

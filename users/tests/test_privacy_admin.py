"""Export and erasure on the pages of the back office."""

from __future__ import annotations

import pytest
from django.utils import timezone

from shop.audit.models import AuditEntry
from users import services
from users.models import User
from users.tests.access import rows
from users.tests.factories import AddressFactory, StaffFactory, SuperuserFactory, UserFactory
from users.tests.parts import Part, parts_fixture
from users.tests.test_admin import ADMIN, browser_of, form

__all__ = ["parts_fixture"]
pytestmark = pytest.mark.django_db

EXPORT, ERASE = "users.export_user", "users.erase_user"


def page(user: User, name: str = "change") -> str:
    return f"{ADMIN}user/{user.pk}/{name}/"


def staff(*permissions: str) -> User:
    return StaffFactory(permissions=["users.view_user", *permissions])


class TestButtons:
    @pytest.mark.parametrize(
        ("permissions", "shown"),
        [((), []), ((EXPORT,), ["export"]), ((ERASE,), ["erase"]), ((EXPORT, ERASE), ["export", "erase"])],
    )
    def test_are_for_who_may(self, permissions, shown):
        user = UserFactory()

        html = browser_of(staff(*permissions)).get(page(user)).content.decode()

        assert [name for name in ("export", "erase") if f'href="{page(user, name)}' in html] == shown

    def test_are_gone_with_the_person(self):
        user = UserFactory()
        services.erase_account(user_id=user.pk, actor_id=user.pk, now=timezone.now())
        browser = browser_of(SuperuserFactory())

        html = browser.get(page(user)).content.decode()

        assert page(user, "export") not in html
        assert page(user, "erase") not in html


class TestExport:
    def test_is_a_file_and_leaves_a_record(self):
        user, clerk = UserFactory(email="ada@example.com"), staff(EXPORT)

        response = browser_of(clerk).get(page(user, "export"))

        assert response.status_code == 200
        assert response["Content-Disposition"] == f'attachment; filename="personal-data-{user.pk}.json"'
        assert "no-store" in response["Cache-Control"]
        assert response.json()["users"]["profile"]["email"] == "ada@example.com"
        entry = AuditEntry.objects.get()
        assert (entry.actor_id, entry.action, entry.object_id) == (
            clerk.pk,
            "users.data_exported",
            str(user.pk),
        )

    @pytest.mark.parametrize("permissions", [(), (ERASE, "users.change_user")])
    def test_is_refused_without_the_permission(self, permissions):
        user = UserFactory()
        browser, before = browser_of(staff(*permissions)), rows()

        assert browser.get(page(user, "export")).status_code == 403
        assert rows() == before

    def test_needs_to_see_accounts_too(self):
        browser = browser_of(StaffFactory(permissions=[EXPORT]))

        assert browser.get(page(UserFactory(), "export")).status_code == 403


class TestErase:
    def test_asks_first(self):
        home = AddressFactory(user=UserFactory(email="ada@example.com"))
        browser, before = browser_of(staff(ERASE)), rows()

        html = browser.get(page(home.user, "erase")).content.decode()

        assert "ada@example.com" in html
        assert "Orders have copies of their own." in html
        assert "Yes, erase this person" in html
        assert rows() == before

    def test_happens_once_it_is_confirmed(self):
        home, clerk = AddressFactory(), staff(ERASE)

        response = browser_of(clerk).post(page(home.user, "erase"), follow=True)

        assert response.redirect_chain == [(page(home.user), 302)]
        assert "Nothing personal is left of this account." in response.content.decode()
        assert User.objects.get(pk=home.user_id).erased_at is not None
        entry = AuditEntry.objects.get()
        assert (entry.actor_id, entry.action) == (clerk.pk, "users.erased")

    def test_says_what_stands_in_the_way(self, parts):
        parts(toys=Part(("The ball is lent.",)))
        user = UserFactory()
        browser, before = browser_of(staff(ERASE)), rows()

        html = browser.get(page(user, "erase")).content.decode()
        assert "The ball is lent." in html
        assert "Yes, erase this person" not in html

        refused = browser.post(page(user, "erase"), follow=True)
        assert "Something still open belongs to this account." in refused.content.decode()
        assert rows() == before

    @pytest.mark.parametrize("permissions", [(), (EXPORT, "users.change_user", "users.delete_user")])
    def test_is_refused_without_the_permission(self, permissions):
        user = UserFactory()
        browser, before = browser_of(staff(*permissions)), rows()

        assert browser.get(page(user, "erase")).status_code == 403
        assert browser.post(page(user, "erase")).status_code == 403
        assert rows() == before

    def test_of_nobody_is_not_found(self):
        browser = browser_of(SuperuserFactory())

        assert browser.get(f"{ADMIN}user/018f0000-0000-7000-8000-000000000001/erase/").status_code == 404
        assert browser.get(f"{ADMIN}user/nobody/erase/").status_code == 404


class TestErased:
    def test_is_only_looked_at(self):
        user, browser = UserFactory(), browser_of(SuperuserFactory())
        body = form(browser.get(page(user)), first_name="Ada")
        services.erase_account(user_id=user.pk, actor_id=user.pk, now=timezone.now())
        before = User.objects.filter(pk=user.pk).values().get()

        assert browser.get(page(user)).status_code == 200
        assert browser.post(page(user), body).status_code == 403
        assert browser.get(page(user, "erase")).status_code in (403, 404)
        assert User.objects.filter(pk=user.pk).values().get() == before

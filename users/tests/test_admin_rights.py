"""What the admin's form of an account entails: mails, rights, second factors."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission

from shop.events.models import OutboxEvent
from users import selectors
from users.models import TwoFactor, User
from users.tests.apps import announced, app_of, audited, rows
from users.tests.clients import sign_in_as
from users.tests.factories import PASSWORD, StaffFactory, SuperuserFactory, UserFactory
from users.tests.test_admin import ADMIN, browser_of, form

pytestmark = [pytest.mark.django_db]

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


def edit(editor: User, user: User, **changes):
    browser, path = browser_of(editor), f"{ADMIN}user/{user.pk}/change/"
    body = form(browser.get(path), **changes)
    return browser.post(path, {name: value for name, value in body.items() if value is not None})


class TestOpening:
    def test_tells_its_owner(self):
        root = SuperuserFactory()
        body = {
            "email": "new@example.com", "language": "de", "usable_password": "true", "password1": PASSWORD,
            "password2": PASSWORD,
        }  # fmt: skip

        assert browser_of(root).post(f"{ADMIN}user/add/", body).status_code == 302

        user = User.objects.get(email="new@example.com")
        event = OutboxEvent.objects.get()
        assert (event.type, event.payload) == (
            "users.user_registered.v1", {"version": 1, "user_id": str(user.pk)},
        )  # fmt: skip
        assert audited() == [(root.pk, "users.account_created", str(user.pk), {})]

    def test_gives_no_rights(self):
        body = {
            "email": "new@example.com", "language": "de", "usable_password": "true", "password1": PASSWORD,
            "password2": PASSWORD, "is_staff": "on", "is_superuser": "on",
        }  # fmt: skip

        browser_of(SuperuserFactory()).post(f"{ADMIN}user/add/", body)

        user = User.objects.get(email="new@example.com")
        assert (user.is_staff, user.is_superuser) == (False, False)


class TestRights:
    @pytest.mark.parametrize("right", RIGHTS)
    def test_given_end_the_sessions(self, right):
        user = UserFactory()
        given = {
            "groups": lambda: [Group.objects.create(name="buyers").pk],
            "user_permissions": lambda: [Permission.objects.get(codename="view_user").pk],
        }.get(right, lambda: "on")()
        sign_in_as(user)

        assert edit(SuperuserFactory(), user, **{right: given}).status_code == 302

        assert user.sessions.get().end_reason == "rights_changed"
        assert [(action, facts["fields"]) for _, action, _, facts in audited()] == [
            ("users.rights_changed", [right])
        ]

    @pytest.mark.parametrize("right", RIGHTS)
    def test_taken_end_the_sessions(self, right):
        user = SuperuserFactory(permissions=["users.view_user"])
        user.groups.add(Group.objects.create(name="buyers"))
        sign_in_as(user)

        # What isn't sent is unticked.
        assert edit(SuperuserFactory(), user, **{right: None}).status_code == 302

        assert user.sessions.get().end_reason == "rights_changed"
        user = User.objects.get(pk=user.pk)
        kept = {
            "is_staff": user.is_staff, "is_superuser": user.is_superuser, "groups": user.groups.exists(),
            "user_permissions": user.user_permissions.exists(),
        }  # fmt: skip
        assert kept == {name: name != right for name in RIGHTS}

    def test_other_changes_end_none(self):
        user = UserFactory()
        sign_in_as(user)

        edit(SuperuserFactory(), user, first_name="Augusta")

        assert user.sessions.get().ended_at is None

    @pytest.mark.parametrize("right", RIGHTS)
    @pytest.mark.parametrize("own", [False, True])
    def test_are_a_superusers_to_give(self, right, own):
        staff = StaffFactory(permissions=["users.view_user", "users.change_user"])
        user = staff if own else UserFactory()
        group, permission = (
            Group.objects.create(name="buyers"),
            Permission.objects.get(codename="delete_user"),
        )
        sign_in_as(user)
        before = (user.is_staff, user.is_superuser, 0, user.user_permissions.count())
        given = {"groups": [group.pk], "user_permissions": [permission.pk]}.get(right, "on")

        assert edit(staff, user, **{right: given}).status_code == 302

        user = User.objects.get(pk=user.pk)
        assert (
            user.is_staff,
            user.is_superuser,
            user.groups.count(),
            user.user_permissions.count(),
        ) == before
        assert user.sessions.get().ended_at is None
        assert audited() == []

    def test_in_a_group_are_a_superusers_to_give(self):
        staff = StaffFactory(permissions=["auth.view_group", "auth.change_group", "auth.add_group"])
        group = Group.objects.create(name="buyers")
        browser = browser_of(staff)

        assert browser.post(f"/admin/auth/group/{group.pk}/change/", {"name": "x"}).status_code == 403
        assert browser.post("/admin/auth/group/add/", {"name": "x"}).status_code == 403
        assert list(Group.objects.values_list("name", flat=True)) == ["buyers"]


class TestSecondFactor:
    def reset(self, browser, *users):
        return browser.post(
            f"{ADMIN}user/",
            {"action": "reset_second_factor", "_selected_action": [str(user.pk) for user in users]},
            follow=True,
        )

    def test_is_reset_by_a_superuser(self):
        root, user, without = SuperuserFactory(), StaffFactory(), UserFactory()
        app_of(user)
        sign_in_as(user)

        response = self.reset(browser_of(root), user, without)

        assert sorted(str(message) for message in response.context["messages"]) == sorted(
            [f"{user} signs in with the password alone now.", f"{without} has no second factor."]
        )
        assert not TwoFactor.objects.exists()
        assert user.sessions.get().end_reason == "two_factor_changed"
        assert announced()[-1] == ("users.two_factor_changed.v1", False, True)
        assert audited()[-1] == (root.pk, "users.two_factor_reset", str(user.pk), {})

    def test_is_kept_from_other_staff(self):
        user = UserFactory()
        app_of(user)
        staff = StaffFactory(permissions=["users.view_user", "users.change_user", "users.delete_user"])
        browser = browser_of(staff)
        before = rows()

        response = self.reset(browser, user)

        assert rows() == before
        assert "Reset the second factor" not in response.content.decode()

    def test_is_shown(self, settings):
        root, user = SuperuserFactory(), StaffFactory()
        browser, path = browser_of(root), f"{ADMIN}user/{user.pk}/change/"

        settings.STAFF_TWO_FACTOR = False
        assert "On, with" not in browser.get(path).content.decode()
        app_of(user)
        assert "On, with 10 recovery codes left" in browser.get(path).content.decode()
        assert selectors.two_factor_state(user).enabled

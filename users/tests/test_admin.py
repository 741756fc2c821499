"""Accounts in the admin site."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from shop.audit.models import AuditEntry
from users import selectors
from users.models import User
from users.tests.clients import sign_in_as
from users.tests.factories import PASSWORD, AddressFactory, StaffFactory, SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db

ADMIN = "/admin/users/"


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def form(page, **changes) -> dict:
    fields = page.context["adminform"].form
    values = {name: fields[name].value() for name in fields.fields}
    shown = {
        name: value for name, value in values.items() if value not in (None, False) and name != "password"
    }
    rows = {
        name: field.value()
        for inline in page.context["inline_admin_formsets"]
        for field in inline.formset.management_form
        for name in [field.html_name]
    }
    # A browser sends this hidden field; without it the column counts as changed.
    return {**shown, "initial-metadata": "{}", **rows, **changes}


class TestPages:
    @pytest.mark.parametrize(
        "path", ["user/", "user/add/", "session/", "address/", "user/?q=ada&is_active__exact=1"]
    )
    def test_lists_open(self, path):
        sign_in_as(UserFactory())
        AddressFactory()

        assert browser_of(SuperuserFactory()).get(f"{ADMIN}{path}").status_code == 200

    def test_details_open(self):
        home = AddressFactory()
        opened = sign_in_as(home.user)
        browser = browser_of(SuperuserFactory())

        for path in (f"user/{home.user_id}/", f"session/{opened.session_id}/", f"address/{home.pk}/"):
            assert browser.get(f"{ADMIN}{path}change/").status_code == 200
        assert browser.get(f"{ADMIN}user/{home.user_id}/password/").status_code == 200
        assert browser.get("/admin/auth/group/").status_code == 200

    def test_a_list_costs_the_same_for_few_and_many(self, django_assert_max_num_queries):
        browser = browser_of(SuperuserFactory())
        browser.get(f"{ADMIN}session/")
        for user in UserFactory.create_batch(5):
            sign_in_as(user)

        with django_assert_max_num_queries(100) as few:
            browser.get(f"{ADMIN}session/")
        for user in UserFactory.create_batch(20):
            sign_in_as(user)
        with django_assert_max_num_queries(100) as many:
            browser.get(f"{ADMIN}session/")

        assert len(few.captured_queries) == len(many.captured_queries)


class TestAccounts:
    def test_are_opened_with_an_address(self):
        browser = browser_of(SuperuserFactory())
        body = {
            "email": "new@example.com", "language": "de", "usable_password": "true", "password1": PASSWORD,
            "password2": PASSWORD,
        }  # fmt: skip

        response = browser.post(f"{ADMIN}user/add/", body)

        assert response.status_code == 302
        assert User.objects.get(email="new@example.com").check_password(PASSWORD)
        again = browser.post(f"{ADMIN}user/add/", {**body, "email": "NEW@example.com"})
        assert again.status_code == 200
        assert again.context["adminform"].form.errors
        assert User.objects.filter(email__iexact="new@example.com").count() == 1

    def test_changing_one_leaves_a_record_and_shutting_it_ends_sessions(self):
        user, root = UserFactory(), SuperuserFactory()
        opened = sign_in_as(user)
        browser, path = browser_of(root), f"{ADMIN}user/{user.pk}/change/"
        body = form(browser.get(path), first_name="Augusta")
        body.pop("is_active")

        response = browser.post(path, body)

        assert response.status_code == 302
        user.refresh_from_db()
        assert (user.first_name, user.is_active, user.email) == ("Augusta", False, user.email)
        assert selectors.living_session(opened.session_id, now=timezone.now()) is None
        entry = AuditEntry.objects.get()
        assert (entry.actor_id, entry.action) == (root.pk, "users.account_changed")
        assert entry.facts == {"fields": ["first_name", "is_active"]}

    def test_rights_leave_a_record(self):
        user, group = UserFactory(), Group.objects.create(name="buyers")
        browser, path = browser_of(SuperuserFactory()), f"{ADMIN}user/{user.pk}/change/"

        browser.post(path, form(browser.get(path), is_staff="on", groups=[group.pk]))

        user.refresh_from_db()
        assert (user.is_staff, user.groups.get()) == (True, group)
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.facts) == (
            "users.rights_changed", {"fields": ["groups", "is_staff"], "after": {"is_staff": True}},
        )  # fmt: skip

    def test_staff_give_no_rights_and_dont_touch_staff(self):
        staff = StaffFactory(permissions=["users.view_user", "users.change_user"])
        user, colleague = UserFactory(), StaffFactory()
        browser, path = browser_of(staff), f"{ADMIN}user/{user.pk}/change/"

        browser.post(path, form(browser.get(path), is_staff="on", is_superuser="on", email="eve@example.com"))

        user.refresh_from_db()
        assert (user.is_staff, user.is_superuser, user.email == "eve@example.com") == (False, False, False)
        assert browser.post(f"{ADMIN}user/{colleague.pk}/change/", {"first_name": "x"}).status_code == 403
        assert browser.get(f"{ADMIN}user/{colleague.pk}/password/").status_code == 403
        assert not AuditEntry.objects.filter(action="users.rights_changed").exists()

    def test_a_set_password_ends_sessions(self):
        user, root = UserFactory(), SuperuserFactory()
        opened = sign_in_as(user)
        new = "violet kettle on a roof"

        response = browser_of(root).post(
            f"{ADMIN}user/{user.pk}/password/",
            {"password1": new, "password2": new, "usable_password": "true", "set-password": ""},
        )

        assert response.status_code == 302
        user.refresh_from_db()
        assert user.check_password(new)
        assert selectors.living_session(opened.session_id, now=timezone.now()) is None
        assert AuditEntry.objects.get().action == "users.password_set"

    @pytest.mark.parametrize("model", ["user", "session", "address"])
    def test_are_never_deleted_here(self, model):
        home = AddressFactory()
        opened = sign_in_as(home.user)
        pk = {"user": home.user_id, "session": opened.session_id, "address": home.pk}[model]

        response = browser_of(SuperuserFactory()).post(f"{ADMIN}{model}/{pk}/delete/", {"post": "yes"})

        assert response.status_code == (302 if model == "address" else 403)

    def test_sessions_can_be_ended(self):
        opened = sign_in_as(UserFactory())

        browser_of(SuperuserFactory()).post(
            f"{ADMIN}session/", {"action": "end", "_selected_action": [str(opened.session_id)]}
        )

        assert selectors.living_session(opened.session_id, now=timezone.now()) is None

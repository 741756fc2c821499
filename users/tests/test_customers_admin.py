"""Groups, consents and address books in the admin site."""

from __future__ import annotations

import pytest
from django.utils import timezone

from shop.audit.models import AuditEntry
from tests.statements import statements
from users import selectors, services
from users.models import Address, Consent, CustomerGroup, GroupMembership
from users.tests.factories import (
    AddressFactory,
    CustomerGroupFactory,
    StaffFactory,
    SuperuserFactory,
    UserFactory,
)
from users.tests.test_admin import ADMIN, browser_of, form

pytestmark = pytest.mark.django_db

GROUPS, ADDRESSES, CONSENTS = f"{ADMIN}customergroup/", f"{ADMIN}address/", f"{ADMIN}consent/"


def said(response) -> list[str]:
    """Return what the page that follows tells."""
    return [str(message) for message in response.context["messages"]]


def refused(response) -> list[str]:
    """Return what a form that was not saved says of itself as a whole."""
    return list(response.context["adminform"].form.non_field_errors())


def actions() -> list[tuple]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", "facts"))


@pytest.fixture
def browser():
    return browser_of(SuperuserFactory())


class TestPages:
    def test_open(self, browser):
        home = AddressFactory()
        group = CustomerGroupFactory(members=[home.user])
        consent, _ = services.record_consent(
            user_id=home.user_id,
            said=services.Said(purpose="terms", granted=True, source="checkout"),
            client=services.Client(),
            now=timezone.now(),
        )

        for path in (
            GROUPS, f"{GROUPS}?q=whole", f"{GROUPS}add/", f"{GROUPS}{group.pk}/change/", f"{GROUPS}{group.pk}/delete/",
            CONSENTS, f"{CONSENTS}?q=shopper", f"{CONSENTS}{consent.pk}/change/",
            ADDRESSES, f"{ADDRESSES}add/", f"{ADDRESSES}{home.pk}/change/", f"{ADDRESSES}{home.pk}/delete/",
            f"{ADMIN}user/?customer_groups__id__exact={group.pk}", f"{ADMIN}user/{home.user_id}/change/",
        ):  # fmt: skip
            assert browser.get(path).status_code == 200, path

    @pytest.mark.parametrize("path", ["user/", "customergroup/", "consent/", "address/"])
    def test_lists_cost_the_same_for_few_and_many(self, browser, path):
        def rows(count: int) -> None:
            for user in UserFactory.create_batch(count):
                CustomerGroupFactory.create_batch(2, members=[user])
                AddressFactory(user=user)
                services.record_consent(
                    user_id=user.pk,
                    said=services.Said(purpose="terms", granted=True, source="checkout"),
                    client=services.Client(),
                    now=timezone.now(),
                )

        browser.get(f"{ADMIN}{path}")
        rows(1)
        with statements() as few:
            browser.get(f"{ADMIN}{path}")
        rows(19)
        with statements() as many:
            browser.get(f"{ADMIN}{path}")

        assert len(few) == len(many)

    def test_a_group_costs_the_same_whatever_its_size(self, browser):
        small = CustomerGroupFactory(members=[UserFactory()])
        large = CustomerGroupFactory(members=UserFactory.create_batch(45))
        browser.get(f"{GROUPS}{small.pk}/change/")

        with statements() as few:
            browser.get(f"{GROUPS}{small.pk}/change/")
        with statements() as many:
            page = browser.get(f"{GROUPS}{large.pk}/change/")

        assert len(few) == len(many)
        (members,) = page.context["inline_admin_formsets"]
        assert (len(members.formset.initial_forms), members.formset.paginator.count) == (20, 45)


class TestGroups:
    def test_are_made_renamed_and_deleted(self, browser):
        new = form(browser.get(f"{GROUPS}add/"), code="b2b", name="Business")
        assert browser.post(f"{GROUPS}add/", new).status_code == 302
        group = CustomerGroup.objects.get()
        assert (group.code, group.name) == ("b2b", "Business")

        path = f"{GROUPS}{group.pk}/change/"
        browser.post(path, form(browser.get(path), name="Trade", code="other"))
        group.refresh_from_db()
        assert (group.code, group.name) == ("b2b", "Trade")

        browser.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"})
        assert not CustomerGroup.objects.exists()
        assert [action for action, _ in actions()] == [
            "users.customer_group_created", "users.customer_group_renamed", "users.customer_group_deleted",
        ]  # fmt: skip

    def test_are_told_of_a_code_that_is_taken(self, browser):
        CustomerGroupFactory(code="b2b")

        answer = browser.post(
            f"{GROUPS}add/", form(browser.get(f"{GROUPS}add/"), code="b2b", name="Business")
        )

        assert answer.context["adminform"].form.errors["code"]
        assert CustomerGroup.objects.get().name == "Wholesale"

    def test_with_members_are_not_deleted(self, browser):
        group = CustomerGroupFactory(members=UserFactory.create_batch(2))

        answer = browser.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}, follow=True)

        assert said(answer) == ["This group has 2 members, who would lose what it gives them."]
        assert (CustomerGroup.objects.count(), GroupMembership.objects.count(), actions()) == (1, 2, [])
        browser.post(GROUPS, {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"})
        assert CustomerGroup.objects.count() == 1

    def test_take_members_in_and_out(self, browser):
        old, new = UserFactory(), UserFactory()
        group = CustomerGroupFactory(code="b2b", members=[old])
        path = f"{GROUPS}{group.pk}/change/"
        body = form(
            browser.get(path),
            **{
                "memberships-TOTAL_FORMS": 2,
                "memberships-0-id": GroupMembership.objects.get().pk,
                "memberships-0-group": group.pk,
                "memberships-0-DELETE": "on",
                "memberships-1-user": str(new.pk),
                "memberships-1-group": group.pk,
            },
        )

        assert browser.post(path, body).status_code == 302

        assert GroupMembership.objects.get().user == new
        assert actions() == [
            ("users.customer_groups_changed", {"before": ["b2b"], "after": []}),
            ("users.customer_groups_changed", {"before": [], "after": ["b2b"]}),
        ]

    def test_members_of_the_second_page_can_be_taken_out(self, browser):
        group = CustomerGroupFactory(code="b2b", members=UserFactory.create_batch(25))
        last = GroupMembership.objects.order_by("pk")[0]
        path = f"{GROUPS}{group.pk}/change/"
        page = browser.get(f"{path}?memberships-page=2")
        (members,) = page.context["inline_admin_formsets"]
        ids = [shown.instance.pk for shown in members.formset.initial_forms]
        rows = {f"memberships-{at}-id": pk for at, pk in enumerate(ids)}

        browser.post(
            path,
            form(page, **rows, **{"memberships-page": 2, f"memberships-{ids.index(last.pk)}-DELETE": "on"}),
        )

        assert GroupMembership.objects.count() == 24
        assert not GroupMembership.objects.filter(pk=last.pk).exists()

    def test_dont_let_staff_in_who_add_themselves(self):
        staff = StaffFactory(
            permissions=[
                "users.view_customergroup",
                "users.change_customergroup",
                "users.change_user",
                "users.view_user",
            ]
        )
        group = CustomerGroupFactory()
        browser, path = browser_of(staff), f"{GROUPS}{group.pk}/change/"
        body = form(
            browser.get(path),
            name="Changed",
            **{"memberships-TOTAL_FORMS": 1, "memberships-0-user": str(staff.pk), "memberships-0-group": group.pk},
        )  # fmt: skip

        answer = browser.post(path, body, follow=True)

        assert refused(answer) == ["You are not allowed to do this."]
        group.refresh_from_db()
        # The name, too, is what it was.
        assert (group.name, GroupMembership.objects.count(), actions()) == ("Wholesale", 0, [])

    def test_show_members_to_who_may_only_look(self):
        staff = StaffFactory(permissions=["users.view_customergroup"])
        user = UserFactory()
        group = CustomerGroupFactory(members=[user])
        browser, path = browser_of(staff), f"{GROUPS}{group.pk}/change/"

        page = browser.get(path)

        assert user.email in page.content.decode()
        assert browser.post(path, {"name": "x"}).status_code == 403
        assert GroupMembership.objects.count() == 1


class TestAccount:
    def test_is_put_into_a_group_on_its_page(self, browser):
        user = UserFactory()
        group = CustomerGroupFactory(code="b2b")
        path = f"{ADMIN}user/{user.pk}/change/"
        row = {
            "memberships-TOTAL_FORMS": 1,
            "memberships-0-group": group.pk,
            "memberships-0-user": str(user.pk),
        }

        assert browser.post(path, form(browser.get(path), **row)).status_code == 302

        assert selectors.group_codes_of(user.pk) == {"b2b"}
        assert ("users.customer_groups_changed", {"before": [], "after": ["b2b"]}) in actions()

    def test_shows_consents_that_nobody_edits(self, browser):
        user = UserFactory()
        consent, _ = services.record_consent(
            user_id=user.pk,
            said=services.Said(purpose="terms", granted=True, source="the newsletter form"),
            client=services.Client(),
            now=timezone.now(),
        )
        path = f"{ADMIN}user/{user.pk}/change/"
        page = browser.get(path)

        assert "the newsletter form" in page.content.decode()
        browser.post(
            path,
            form(page, **{"consents-0-id": consent.pk, "consents-0-granted": "", "consents-0-DELETE": "on"}),
        )

        consent.refresh_from_db()
        assert consent.granted is True
        for verb in ("add/", f"{consent.pk}/delete/"):
            assert browser.post(f"{CONSENTS}{verb}", {"post": "yes"}).status_code == 403
        assert Consent.objects.count() == 1

    def test_is_found_by_names_and_address_and_edited(self, browser):
        ada = UserFactory(email="ada@lovelace.example", first_name="Augusta", last_name="King")
        UserFactory(first_name="Augusta")

        found = browser.get(f"{ADMIN}user/?q=augusta+KING+lovelace").context["cl"].queryset
        assert list(found) == [ada]
        path = f"{ADMIN}user/{ada.pk}/change/"
        browser.post(path, form(browser.get(path), last_name="Byron", language="de"))

        ada.refresh_from_db()
        assert (ada.last_name, ada.language) == ("Byron", "de")
        assert actions() == [("users.account_changed", {"fields": ["language", "last_name"]})]


class TestAddresses:
    def test_are_edited_by_the_rules_of_their_owners(self, browser):
        home = AddressFactory()
        old = AddressFactory(user=home.user, is_default=True)
        path = f"{ADDRESSES}{home.pk}/change/"

        body = form(browser.get(path), country="GB", postal_code="sw1a1aa", phone="020 7946 0018")
        assert browser.post(path, {**body, "is_default": "on", "kind": "billing"}).status_code == 302

        home.refresh_from_db()
        old.refresh_from_db()
        assert (home.postal_code, home.phone, home.kind) == ("SW1A 1AA", "+442079460018", "shipping")
        assert (home.is_default, old.is_default) == (True, False)
        fields = ["country", "is_default", "phone", "postal_code"]
        assert actions() == [("users.address_changed", {"user_id": str(home.user_id), "fields": fields})]

    def test_are_told_what_is_wrong_at_the_field(self, browser):
        home = AddressFactory()
        path = f"{ADDRESSES}{home.pk}/change/"

        answer = browser.post(path, form(browser.get(path), postal_code="1", phone="1", city="Hamburg"))

        errors = answer.context["adminform"].form.errors
        assert errors["postal_code"] == [
            "This is no postal code of this country. Write it like 26133 or 53225."
        ]
        assert list(errors) == ["postal_code", "phone"]
        home.refresh_from_db()
        assert (home.city, actions()) == ("Berlin", [])

    def test_are_added_and_deleted(self, browser):
        user = UserFactory()
        AddressFactory(user=user, is_default=True)
        new = form(
            browser.get(f"{ADDRESSES}add/"), user=str(user.pk), kind="shipping", full_name="Ada", line1="x", city="y",
            country="DE", postal_code="10115", is_default="on",
        )  # fmt: skip

        assert browser.post(f"{ADDRESSES}add/", new).status_code == 302
        added = Address.objects.get(full_name="Ada")
        assert (added.user, Address.objects.filter(is_default=True).get()) == (user, added)
        assert browser.post(f"{ADDRESSES}{added.pk}/delete/", {"post": "yes"}).status_code == 302

        assert not Address.objects.filter(pk=added.pk).exists()
        assert [action for action, _ in actions()] == ["users.address_added", "users.address_deleted"]

    def test_are_not_added_to_a_full_book(self, browser):
        user = UserFactory()
        AddressFactory.create_batch(50, user=user)
        new = form(
            browser.get(f"{ADDRESSES}add/"), user=str(user.pk), kind="shipping", full_name="Ada", line1="x", city="y",
            country="DE", postal_code="10115",
        )  # fmt: skip

        answer = browser.post(f"{ADDRESSES}add/", new, follow=True)

        assert refused(answer) == ["An address book holds 50 addresses of a kind."]
        assert (Address.objects.count(), actions()) == (50, [])

    def test_are_closed_to_staff_without_the_permission(self):
        home = AddressFactory()
        browser = browser_of(StaffFactory(permissions=["users.view_address"]))

        assert browser.get(f"{ADDRESSES}{home.pk}/change/").status_code == 200
        assert browser.post(f"{ADDRESSES}{home.pk}/change/", {"city": "x"}).status_code == 403
        assert browser.post(f"{ADDRESSES}{home.pk}/delete/", {"post": "yes"}).status_code == 403
        assert browser.get(f"{ADDRESSES}add/").status_code == 403

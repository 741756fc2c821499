"""What staff change about accounts."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, PermissionDenied, ValidationFailed
from shop.core.ids import new_id
from shop.events.models import OutboxEvent
from users import selectors, services
from users.models import User
from users.tests.clients import sign_in_as
from users.tests.factories import StaffFactory, SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db


def change(actor: User, user: User, **changes) -> User:
    return services.change_account(actor_id=actor.pk, user_id=user.pk, changes=changes, now=timezone.now())


def audited() -> list[tuple]:
    return list(AuditEntry.objects.order_by("pk").values_list("actor_id", "action", "object_id", "facts"))


class TestCreateAccount:
    def test_opens_one_without_a_password(self):
        staff = StaffFactory()

        user = services.create_account(
            actor_id=staff.pk, profile=services.Profile(email="ada@EXAMPLE.com"), now=timezone.now()
        )

        assert (user.email, user.has_usable_password()) == ("ada@example.com", False)
        assert OutboxEvent.objects.get().type == "users.user_registered.v1"
        assert audited() == [(staff.pk, "users.account_created", str(user.pk), {})]

    def test_refuses_a_known_address(self):
        UserFactory(email="ada@example.com")

        with pytest.raises(ValidationFailed) as refusal:
            services.create_account(
                actor_id=StaffFactory().pk,
                profile=services.Profile(email="ADA@example.com"),
                now=timezone.now(),
            )

        assert [(e.field, e.code) for e in refusal.value.errors] == [("email", "unique")]
        assert not OutboxEvent.objects.exists()
        assert audited() == []


class TestChangeAccount:
    def test_names_what_changed(self):
        staff, user = StaffFactory(), UserFactory()

        changed = change(staff, user, first_name="Augusta", last_name="Byron", language="de")

        assert (changed.first_name, changed.language) == ("Augusta", "de")
        assert audited() == [
            (staff.pk, "users.account_changed", str(user.pk), {"fields": ["first_name", "language"]})
        ]

    def test_shutting_ends_the_sessions(self):
        staff, user = StaffFactory(), UserFactory()
        sign_in_as(user)

        change(staff, user, is_active=False)

        assert not selectors.living_sessions_of(user.pk, now=timezone.now()).exists()
        assert user.sessions.get().end_reason == "deactivated"

    @pytest.mark.parametrize("rights", [{"is_staff": True}, {"is_superuser": True}, {"groups": ["buyers"]}])
    def test_rights_are_a_superusers_to_give(self, rights):
        Group.objects.create(name="buyers")
        staff, user = StaffFactory(permissions=["users.change_user"]), UserFactory()

        for target in (user, staff):
            with pytest.raises(PermissionDenied):
                change(staff, target, **rights)
            target.refresh_from_db()
            assert (target.is_superuser, target.groups.count()) == (False, 0)

        assert not user.is_staff
        assert audited() == []

    def test_each_right_given_leaves_a_record(self):
        Group.objects.create(name="buyers")
        root, user = SuperuserFactory(), UserFactory()

        changed = change(root, user, is_staff=True, groups=["buyers"])
        change(root, user, is_staff=True, groups=["buyers"])

        assert changed.is_staff
        assert [group.name for group in changed.groups.all()] == ["buyers"]
        before, after = {"is_staff": False, "groups": []}, {"is_staff": True, "groups": ["buyers"]}
        assert audited() == [
            (root.pk, "users.rights_changed", str(user.pk), {"before": before, "after": after})
        ]

    @pytest.mark.parametrize(
        "rights",
        [{"is_staff": False}, {"is_superuser": False}, {"groups": []}, {"groups": ["buyers", "sellers"]}],
    )
    def test_rights_given_or_taken_end_the_sessions(self, rights):
        Group.objects.create(name="sellers")
        root, user, stranger = SuperuserFactory(), SuperuserFactory(), SuperuserFactory()
        user.groups.add(Group.objects.create(name="buyers"))
        here, _theirs = sign_in_as(user), sign_in_as(stranger)

        change(root, user, **rights)

        assert selectors.living_session(here.session_id, now=timezone.now()) is None
        assert user.sessions.get().end_reason == "rights_changed"
        assert selectors.living_sessions_of(stranger.pk, now=timezone.now()).count() == 1

    def test_what_is_no_right_ends_no_session(self):
        root, user = SuperuserFactory(), StaffFactory()
        sign_in_as(user)

        change(root, user, first_name="Augusta", is_staff=True, groups=[], is_active=True)

        assert selectors.living_sessions_of(user.pk, now=timezone.now()).count() == 1

    def test_refuses_an_unknown_group(self):
        user = UserFactory()

        with pytest.raises(ValidationFailed):
            change(SuperuserFactory(), user, groups=["nobody"])

        assert user.groups.count() == 0
        assert audited() == []

    @pytest.mark.parametrize("factory", [StaffFactory, SuperuserFactory])
    def test_staff_dont_touch_staff(self, factory):
        colleague = factory()

        with pytest.raises(PermissionDenied):
            change(StaffFactory(permissions=["users.change_user"]), colleague, first_name="Mallory")
        with pytest.raises(PermissionDenied):
            services.deactivate_account(actor_id=StaffFactory().pk, user_id=colleague.pk, now=timezone.now())

        colleague.refresh_from_db()
        assert (colleague.first_name, colleague.is_active) == ("Ada", True)

    def test_knows_no_erased_or_missing_account(self):
        erased = UserFactory(is_active=False, erased_at=timezone.now())

        for user in (erased, User(pk=new_id())):
            with pytest.raises(NotFound):
                change(SuperuserFactory(), user, first_name="x")

"""Export and erasure of an account: what users themselves hold, and how they ask the other apps."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session as BrowserSession
from django.test import Client
from django.utils import timezone

from shop.api.models import IdempotencyKey
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, ValidationFailed
from shop.events.models import OutboxEvent
from users import ports, selectors, services
from users.errors import ErasureBlocked, InvalidCredentials, OtpRequired
from users.models import (
    Address,
    Consent,
    EmailChange,
    GroupMembership,
    PasswordResetRequest,
    RecoveryCode,
    Session,
    TwoFactor,
    User,
)
from users.second_factor import app_code
from users.services import privacy, recognition
from users.tests.access import rows
from users.tests.clients import client_of, sign_in_as
from users.tests.factories import (
    PASSWORD,
    AddressFactory,
    CustomerGroupFactory,
    StaffFactory,
    SuperuserFactory,
    UserFactory,
)
from users.tests.parts import Part, parts_fixture

__all__ = ["parts_fixture"]
pytestmark = pytest.mark.django_db

CLIENT = services.Client(address="203.0.113.77", user_agent="Mozilla/5.0")


def erase(user: User, by: User | None = None) -> None:
    services.erase_account(user_id=user.pk, actor_id=(by or user).pk, now=timezone.now())


def someone(**fields: Any) -> User:
    """Return somebody with a row in each table of accounts."""
    user = UserFactory(**fields)
    now = timezone.now()
    AddressFactory(user=user)
    sign_in_as(user)
    PasswordResetRequest.objects.create(user=user, requested_at=now)
    EmailChange.objects.create(
        user=user, old_email=user.email, new_email=f"new-{user.email}", requested_at=now
    )
    Consent.objects.create(user=user, purpose="marketing", granted=True, source="form", at=now)
    TwoFactor.objects.create(user=user, secret="JBSWY3DPEHPK3PXP", created_at=now)
    RecoveryCode.objects.create(user=user, code_hash="0" * 64)
    CustomerGroupFactory(members=[user])
    user.groups.add(Group.objects.create(name=f"Former {user.pk}"))
    return user


OWN = (
    Address, PasswordResetRequest, EmailChange, Consent, TwoFactor, RecoveryCode, GroupMembership,
)  # fmt: skip


class TestErase:
    def test_leaves_an_empty_account(self):
        user = someone(
            email="ada@example.com", external_id="crm-7", metadata={"tier": "gold"}, language="de",
            email_verified_at=timezone.now(), last_login=timezone.now(),
        )  # fmt: skip
        now = timezone.now()

        services.erase_account(user_id=user.pk, actor_id=user.pk, now=now)

        left: dict[str, Any] = dict(User.objects.filter(pk=user.pk).values().get())
        assert left.pop("password").startswith("!")
        assert left == {
            "id": user.pk, "email": f"erased-{user.pk}@erased.invalid", "first_name": "", "last_name": "",
            "language": "de", "is_active": False, "is_staff": False, "is_superuser": False,
            "email_verified_at": None, "last_login": None, "date_joined": user.date_joined, "version": 2,
            "external_id": None, "metadata": {}, "erased_at": now,
        }  # fmt: skip

    def test_takes_what_is_the_persons_and_nobody_elses(self):
        ada, bob = someone(), someone()
        before = rows()

        erase(ada)

        for model in OWN:
            assert list(model.objects.values_list("user", flat=True)) == [bob.pk]
        assert not ada.groups.exists()
        after = rows()
        for label, was in before.items():
            of_bob = [row for row in was if bob.pk in (row.get("user_id"), row.get("id"))]
            assert [row for row in after[label] if row in of_bob] == of_bob

    def test_ends_sessions_and_forgets_where_they_were(self):
        user = UserFactory()
        session = sign_in_as(user)
        client = client_of(user)

        erase(user)

        assert set(Session.objects.values_list("end_reason", "device", "address")) == {("erased", "", "")}
        assert client.get("/api/v1/users/me/").status_code == 401
        with pytest.raises(Exception, match="not valid"):
            services.rotate(refresh=session.tokens.refresh, now=timezone.now())

    def test_is_announced_and_written_down_once(self):
        user, staff = UserFactory(), SuperuserFactory()

        erase(user, by=staff)

        event = OutboxEvent.objects.get()
        assert (event.type, event.payload, event.version) == (
            "users.user_erased.v1",
            {"user_id": str(user.pk), "version": 2},
            2,
        )
        entry = AuditEntry.objects.get()
        assert (entry.actor_id, entry.action, entry.object_id, entry.facts) == (
            staff.pk,
            "users.erased",
            str(user.pk),
            {},
        )

    def test_frees_the_address_and_kills_the_password(self):
        user = UserFactory(email="ada@example.com")
        erase(user)

        for email in ("ada@example.com", f"erased-{user.pk}@erased.invalid"):
            with pytest.raises(InvalidCredentials):
                services.sign_in(
                    email=email, password=PASSWORD, client=CLIENT, cart_token=None, now=timezone.now()
                )
        profile = services.Profile(email="Ada@Example.com")
        services.register(profile=profile, password=PASSWORD, client=CLIENT, now=timezone.now())

        assert User.objects.with_email("ada@example.com").get() != user

    def test_kills_mailed_links(self):
        user = UserFactory()
        reset = selectors.reset_link_parts(user, now=timezone.now())
        erase(user)

        assert selectors.user_of_link(reset.uid) is None
        assert selectors.recipient(user.pk) is None

    def test_happens_once(self):
        user = UserFactory()
        erase(user)
        before = rows()

        with pytest.raises(NotFound):
            erase(user)
        with pytest.raises(NotFound):
            services.preview_erasure(user_id=user.pk)
        with pytest.raises(NotFound):
            services.export_own_data(user_id=user.pk, now=timezone.now())
        with pytest.raises(NotFound):
            services.erase_account(user_id=uuid4(), actor_id=user.pk, now=timezone.now())

        assert rows() == before

    def test_forgets_answers_under_the_accounts_keys(self):
        user = UserFactory()
        for principal in (f"user:{user.pk}", f"user:{uuid4()}"):
            IdempotencyKey.objects.create(
                principal=principal, key="k", fingerprint="f", created_at=timezone.now()
            )

        erase(user)

        assert IdempotencyKey.objects.exclude(principal=f"user:{user.pk}").count() == 1
        assert IdempotencyKey.objects.count() == 1

    def test_takes_the_address_out_of_the_admins_log(self):
        user, other = UserFactory(), UserFactory()
        for account in (user, other):
            LogEntry.objects.create(
                user=SuperuserFactory(),
                content_type=ContentType.objects.get_for_model(User),
                object_id=str(account.pk),
                object_repr=account.email,
                action_flag=CHANGE,
            )

        erase(user)

        assert set(LogEntry.objects.values_list("object_repr", flat=True)) == {f"#{user.pk}", other.email}

    def test_ends_browser_sessions_of_who_was_staff(self):
        former, colleague = SuperuserFactory(), SuperuserFactory()
        for person in (former, colleague):
            Client().force_login(person)
        User.objects.filter(pk=former.pk).update(is_staff=False, is_superuser=False)
        assert services.preview_erasure(user_id=former.pk).erased[-1].name == "admin_sessions"

        erase(former)

        assert [row.get_decoded()["_auth_user_id"] for row in BrowserSession.objects.all()] == [
            str(colleague.pk)
        ]

    def test_a_request_that_is_under_way_writes_nothing_back(self):
        user = UserFactory()
        erase(user)
        before = rows()
        address = {"full_name": "Ada", "line1": "Lindenweg 4", "city": "Berlin", "country": "DE"}

        with pytest.raises(NotFound):
            services.update_profile(user_id=user.pk, changes={"first_name": "Ada"})
        with pytest.raises(NotFound):
            services.save_address(user_id=user.pk, kind="shipping", values=address)
        said = services.Said(purpose="terms", granted=True, source="form")
        with pytest.raises(NotFound):
            services.record_consent(user_id=user.pk, said=said, client=CLIENT, now=timezone.now())

        assert rows() == before


class TestBlockers:
    @pytest.mark.parametrize("factory", [StaffFactory, SuperuserFactory])
    def test_staff_keep_their_account(self, factory):
        user = factory()
        before = rows()

        with pytest.raises(ErasureBlocked) as refusal:
            erase(user)

        (said,) = refusal.value.facts["blockers"]
        assert "belongs to the staff" in said
        assert rows() == before

    def test_all_of_them_are_told_and_none_twice(self, parts):
        first, second = Part(("The ball is lent.",)), Part(("The ball is lent.", "The kite flies."))
        parts(toys=first, sky=second)
        user = UserFactory()
        before = rows()

        with pytest.raises(ErasureBlocked) as refusal:
            erase(user)

        assert refusal.value.facts == {"blockers": ["The ball is lent.", "The kite flies."]}
        assert services.preview_erasure(user_id=user.pk).blockers == ("The ball is lent.", "The kite flies.")
        assert not any(call.startswith("erase") for part in (first, second) for call in part.calls)
        assert rows() == before


class TestParts:
    def test_are_asked_in_the_order_of_locks(self, parts):
        part, user, staff = Part(), UserFactory(), SuperuserFactory()
        parts(toys=part)

        erase(user, by=staff)

        assert part.calls == ["lock", "blockers", f"erase by {staff.pk}"]

    def test_one_that_fails_undoes_all(self, parts):
        parts(a=Part(), b=Part(error=RuntimeError("broken")))
        user = someone()
        before = rows()

        with pytest.raises(RuntimeError, match="broken"):
            erase(user)

        assert rows() == before

    def test_are_part_of_preview_and_export(self, parts):
        parts(toys=Part())
        user = UserFactory()

        preview = services.preview_erasure(user_id=user.pk)
        export = services.export_own_data(user_id=user.pk, now=timezone.now())

        assert [held.name for held in preview.erased] == ["profile", "toys"]
        assert [held.name for held in preview.kept] == ["bills"]
        assert list(export) == ["exported_at", "users", "toys"]
        assert export["toys"] == {"toys": ["ball", "kite"]}

    def test_may_leave_out_what_they_have_nothing_to_say_about(self):
        class Quiet(ports.PersonalData):
            """Has nothing to lock and nothing to object."""

        part: Any = Quiet
        quiet, user_id = part(), uuid4()

        assert (quiet.lock(user_id=user_id), quiet.blockers(user_id=user_id)) == (None, ())


class TestEraseOwn:
    def test_needs_the_password(self):
        user = UserFactory()
        before = rows()

        with pytest.raises(ValidationFailed) as refusal:
            services.erase_own_account(user_id=user.pk, password="guessed", otp="", now=timezone.now())

        (error,) = refusal.value.errors
        assert (error.field, error.code) == ("password", "incorrect")
        assert rows() == before

    def test_needs_a_code_where_there_is_a_second_factor(self):
        user, now = UserFactory(), timezone.now()
        secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
        TwoFactor.objects.create(user=user, secret=secret, created_at=now, confirmed_at=now)
        before = rows()

        for otp, reason in (("", "missing"), ("000000", "wrong")):
            with pytest.raises(OtpRequired) as refusal:
                services.erase_own_account(user_id=user.pk, password=PASSWORD, otp=otp, now=now)
            assert refusal.value.facts == {"reason": reason}
        assert rows() == before

        code = app_code(secret, now=now)
        services.erase_own_account(user_id=user.pk, password=PASSWORD, otp=code, now=now)

        assert User.objects.get(pk=user.pk).erased_at == now

    def test_that_is_blocked_uses_no_code_up(self, parts):
        parts(toys=Part(("The ball is lent.",)))
        user, now = UserFactory(), timezone.now()
        secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
        TwoFactor.objects.create(user=user, secret=secret, created_at=now, confirmed_at=now)
        code, before = app_code(secret, now=now), rows()

        with pytest.raises(ErasureBlocked):
            services.erase_own_account(user_id=user.pk, password=PASSWORD, otp=code, now=now)

        assert rows() == before

    def test_a_password_changed_meanwhile_counts(self, monkeypatch):
        user = UserFactory()
        checked = recognition.require_password

        def slow(**values):
            found = checked(**values)
            User.objects.filter(pk=user.pk).update(password="another")
            return found

        monkeypatch.setattr(privacy, "require_password", slow)

        with pytest.raises(ValidationFailed):
            services.erase_own_account(user_id=user.pk, password=PASSWORD, otp="", now=timezone.now())
        assert User.objects.get(pk=user.pk).erased_at is None


class TestExport:
    def test_says_what_accounts_hold(self):
        user = someone(email="ada@example.com")
        erase_nothing = rows()

        export = services.export_own_data(user_id=user.pk, now=timezone.now())["users"]

        assert export["profile"]["email"] == "ada@example.com"
        lengths = {name: len(part) for name, part in export.items() if isinstance(part, list)}
        assert lengths == {
            "addresses": 1, "sessions": 1, "password_resets": 1, "email_changes": 1, "customer_groups": 1,
            "consents": 1, "admin_log": 0, "audit": 0,
        }  # fmt: skip
        assert export["second_factor"]["recovery_codes_left"] == 1
        assert "JBSWY3DPEHPK3PXP" not in str(export)
        assert rows() == erase_nothing

    def test_by_staff_leaves_a_record(self):
        user, staff = UserFactory(), SuperuserFactory()

        export = services.export_data_of(actor_id=staff.pk, user_id=user.pk, now=timezone.now())

        assert export["users"]["profile"]["id"] == user.pk
        entry = AuditEntry.objects.get()
        assert (entry.actor_id, entry.action, entry.object_id) == (
            staff.pk,
            "users.data_exported",
            str(user.pk),
        )

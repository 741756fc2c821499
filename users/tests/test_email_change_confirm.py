"""What confirms another address, and what stops it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from shop.audit.models import AuditEntry
from shop.core.errors import DomainError, RateLimited
from shop.events.models import OutboxEvent
from users import selectors, services, tokens
from users.errors import TokenExpired
from users.models import EmailChange, User
from users.tests.factories import PASSWORD, SuperuserFactory, UserFactory
from users.tests.moving import CLIENT, NEW, NOW, asked, confirm, events, everything

pytestmark = pytest.mark.django_db


class TestConfirming:
    def test_moves_the_account(self):
        user = UserFactory(email="old@example.com")
        link = asked(user)
        later = NOW + timedelta(hours=3)

        confirm(link, now=later)

        user.refresh_from_db()
        assert (user.email, user.email_verified_at) == (NEW, later)
        change = EmailChange.objects.get()
        assert (change.confirmed_at, change.withdrawn_at, change.old_email) == (
            later,
            None,
            "old@example.com",
        )
        assert events() == [
            ("users.email_change_requested.v1", 2),
            ("users.email_changed.v1", 3),
            ("users.email_verified.v1", 4),
        ]
        assert OutboxEvent.objects.get(version=3).payload == {
            "version": 3,
            "user_id": str(user.pk),
            "change_id": str(change.pk),
        }
        record = AuditEntry.objects.get()
        assert (record.actor_id, record.action, record.object_id) == (
            user.pk,
            "users.email_changed",
            str(user.pk),
        )
        assert record.facts == {"change": str(change.pk)}

    def test_signing_in_works_with_the_new_address_only(self):
        user = UserFactory(email="old@example.com")
        confirm(asked(user))

        def sign_in(email):
            return services.sign_in(email=email, password=PASSWORD, client=CLIENT, cart_token=None, now=NOW)

        assert sign_in(NEW.upper()).user == user
        with pytest.raises(DomainError, match="don't belong together"):
            sign_in("old@example.com")

    def test_works_once(self):
        link = asked(UserFactory())
        confirm(link)
        before = everything()

        with pytest.raises(TokenExpired):
            confirm(link)

        assert everything() == before

    @pytest.mark.parametrize(
        ("age", "works"), [(timedelta(days=1), True), (timedelta(days=1, seconds=1), False)]
    )
    def test_works_for_a_day(self, age, works):
        user = UserFactory()
        link = asked(user)

        if works:
            confirm(link, now=NOW + age)
        else:
            with pytest.raises(TokenExpired):
                confirm(link, now=NOW + age)

        user.refresh_from_db()
        assert (user.email == NEW) is works

    def test_is_not_younger_when_the_mail_is_written_late(self):
        asked(UserFactory())
        late = selectors.email_change(EmailChange.objects.get().pk, now=NOW + timedelta(hours=23))
        assert late is not None
        link = selectors.email_change_parts(late)

        with pytest.raises(TokenExpired):
            confirm(link, now=NOW + timedelta(hours=25))

    def test_the_link_does_not_name_the_account(self):
        user = UserFactory()

        link = asked(user)

        assert selectors.user_of_link(link.uid) is None
        assert str(user.pk) not in link.uid

    def test_dies_when_the_password_is_changed(self):
        user = UserFactory()
        link = asked(user)

        services.change_password(
            user_id=user.pk, session_id=None, old_password=PASSWORD, new_password="violet kettle", now=NOW
        )

        self.refused(link, user)
        # Also a mail that is written only now would have nothing to say.
        assert EmailChange.objects.get().withdrawn_at == NOW

    def test_dies_when_the_password_is_reset(self):
        user = UserFactory()
        link = asked(user)
        reset = selectors.reset_link_parts(user, now=NOW)

        services.reset_password(
            uid=reset.uid, token=reset.token, new_password="violet kettle", client=CLIENT, now=NOW
        )

        self.refused(link, user)
        assert EmailChange.objects.get().withdrawn_at == NOW

    def test_dies_when_an_administrator_sets_the_password(self):
        user, boss = UserFactory(), SuperuserFactory()
        link = asked(user)
        user.set_password("violet kettle")
        user.save()

        with transaction.atomic():
            services.password_replaced(actor_id=boss.pk, user_id=user.pk, now=NOW)

        self.refused(link, user)
        assert EmailChange.objects.get().withdrawn_at == NOW

    def test_dies_by_its_token_too_when_the_password_is_not_what_it_was(self):
        user = UserFactory()
        link = asked(user)
        user.set_password("violet kettle")
        user.save()

        self.refused(link, user)

    @pytest.mark.parametrize(
        "change",
        [{"email": "third@example.com"}, {"is_active": False}, {"is_active": False, "erased_at": NOW}],
    )
    def test_dies_with_the_account_as_it_was(self, change):
        user = UserFactory()
        link = asked(user)
        User.objects.filter(pk=user.pk).update(**change)
        user.refresh_from_db()

        self.refused(link, user)

    @pytest.mark.parametrize("taken", [NEW, NEW.upper()])
    def test_refuses_an_address_that_got_an_account_meanwhile(self, taken):
        user = UserFactory()
        link = asked(user)
        UserFactory(email=taken)

        self.refused(link, user)

    def test_refuses_the_links_of_other_purposes_and_of_others(self):
        user, other = UserFactory(), UserFactory()
        link, foreign = asked(user), asked(other, "other@example.com")
        before = everything()
        for uid, token in (
            (link.uid, foreign.token),
            (foreign.uid, link.token),
            (link.uid, tokens.password_reset.make(user, now=NOW)),
            (link.uid, tokens.email_verification.make(user, now=NOW)),
            (selectors.reset_link_parts(user, now=NOW).uid, link.token),
            (link.uid, link.token[:-1]),
            (link.uid, ""),
            ("", link.token),
            ("é", "é-1"),
            ("AAAA", link.token),
        ):
            with pytest.raises(TokenExpired):
                confirm(selectors.LinkParts(uid=uid, token=token))

        assert everything() == before
        for kind in (tokens.password_reset, tokens.email_verification):
            assert not kind.is_good(user, link.token, now=NOW)

    def test_kills_reset_and_verification_links_of_the_old_address(self):
        user = UserFactory()
        reset = selectors.reset_link_parts(user, now=NOW)
        verification = selectors.verification_link_parts(user, now=NOW)

        confirm(asked(user))

        with pytest.raises(TokenExpired):
            services.reset_password(
                uid=reset.uid, token=reset.token, new_password="violet kettle", client=CLIENT, now=NOW
            )
        with pytest.raises(TokenExpired):
            services.verify_email(uid=verification.uid, token=verification.token, client=CLIENT, now=NOW)

    def test_bounds_trying(self, real_limits):
        link = asked(UserFactory())
        for _ in range(60):
            with pytest.raises(TokenExpired):
                confirm(selectors.LinkParts(uid="x", token="y"))

        with pytest.raises(RateLimited):
            confirm(link)

    def refused(self, link, user):
        user.refresh_from_db()
        before = everything()
        with pytest.raises(TokenExpired):
            confirm(link)
        assert everything() == before

"""Signing in, rotating tokens and signing out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from django.core.cache import cache
from django.utils import timezone

from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, RateLimited, Unavailable
from shop.core.transactions import TransactionForbidden
from shop.events.models import OutboxEvent
from users import jobs, passwords, ports, selectors, services
from users.errors import InvalidCredentials, TokenInvalid
from users.models import PasswordResetRequest, Session, User
from users.tests.clients import sign_in_as
from users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

CLIENT = services.Client(address="203.0.113.77", user_agent="Firefox\x00 on\nLinux " + "x" * 200)


def sign_in(email: str, password: str = PASSWORD, **more) -> services.SignIn:
    values = {"client": CLIENT, "cart_token": None, "now": timezone.now(), **more}
    return services.sign_in(email=email, password=password, **values)


@pytest.fixture
def receiver(monkeypatch):
    """Plug a receiver into a registry of its own, and return the calls it got."""
    calls = []
    registry: ports.Registry = ports.Registry()
    registry.register("cart", lambda **call: calls.append(call))
    monkeypatch.setattr(ports, "signed_in", registry)
    return calls


def counted(method, work):
    """Return a method that notes its name before it works."""

    def call(*args, **kwargs):
        work.append(method.__name__)
        return method(*args, **kwargs)

    return call


class TestSignIn:
    def test_opens_a_session_and_tells_the_port(self, receiver):
        user, now = UserFactory(email="ada@example.com"), timezone.now()

        opened = sign_in("ADA@example.com", cart_token="abc", now=now)

        session = Session.objects.get()
        assert (session.pk, session.user_id) == (opened.session_id, user.pk)
        assert (session.created_at, session.last_seen_at) == (now, now)
        assert session.expires_at == now + timedelta(days=30)
        assert (session.ended_at, session.end_reason) == (None, "")
        assert (session.device, session.address) == (("Firefox onLinux " + "x" * 200)[:120], "203.0.113.0")
        assert opened.tokens.refresh_jti == session.refresh_jti
        assert receiver == [{"user_id": user.pk, "cart_token": "abc", "now": now}]
        user.refresh_from_db()
        assert user.last_login == now

    @pytest.mark.parametrize("case", ["unknown", "wrong", "inactive", "erased", "unusable"])
    def test_refuses_everyone_else_alike(self, case, receiver):
        user = UserFactory(email="ada@example.com")
        if case == "inactive":
            User.objects.filter(pk=user.pk).update(is_active=False)
        elif case == "erased":
            User.objects.filter(pk=user.pk).update(is_active=False, erased_at=timezone.now())
        elif case == "unusable":
            User.objects.filter(pk=user.pk).update(password=make_password(None))

        with pytest.raises(InvalidCredentials) as refusal:
            sign_in(
                "eve@example.com" if case == "unknown" else "ada@example.com",
                "not it" if case == "wrong" else PASSWORD,
            )

        assert (str(refusal.value), refusal.value.facts) == (
            "This e-mail address and password don't belong together.", {},
        )  # fmt: skip
        assert not Session.objects.exists()
        assert receiver == []

    @pytest.mark.usefixtures("real_passwords")
    @pytest.mark.parametrize("case", ["unknown", "wrong", "inactive"])
    def test_hashes_once_whatever_the_reason(self, case, monkeypatch):
        """The time of the answer is the time of one hash."""
        UserFactory(email="ada@example.com", is_active=case != "inactive")
        work: list[str] = []
        hasher = type(identify_hasher(make_password("x")))
        for name in ("encode", "verify"):
            monkeypatch.setattr(hasher, name, counted(getattr(hasher, name), work))

        with pytest.raises(InvalidCredentials):
            sign_in("eve@example.com" if case == "unknown" else "ada@example.com", "not it")

        assert work == (["encode"] if case == "unknown" else ["verify"])

    @pytest.mark.usefixtures("real_passwords")
    def test_renews_an_old_hash(self):
        user = UserFactory(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))

        sign_in(user.email)

        user.refresh_from_db()
        assert user.password.startswith("argon2")
        assert user.check_password(PASSWORD)

    def test_refuses_a_password_that_was_changed_meanwhile(self, monkeypatch):
        user = UserFactory()
        real = passwords.checked

        def changed_after_the_check(password, stored):
            outcome = real(password, stored)
            User.objects.filter(pk=user.pk).update(password=make_password("a newer password"))
            return outcome

        monkeypatch.setattr(passwords, "checked", changed_after_the_check)

        with pytest.raises(InvalidCredentials):
            sign_in(user.email)

        assert not Session.objects.exists()

    def test_undoes_all_when_a_receiver_fails(self, monkeypatch):
        def refuse(**call):
            raise NotFound

        registry: ports.Registry = ports.Registry()
        registry.register("cart", refuse)
        monkeypatch.setattr(ports, "signed_in", registry)
        user = UserFactory()

        with pytest.raises(NotFound):
            sign_in(user.email)

        user.refresh_from_db()
        assert user.last_login is None
        assert not Session.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_is_not_to_be_called_inside_a_transaction(self):
        from django.db import transaction  # noqa: PLC0415

        with transaction.atomic(), pytest.raises(TransactionForbidden):
            sign_in(UserFactory().email)


class TestSignInLimits:
    def test_counts_account_and_client_together(self, real_limits):
        user = UserFactory()
        for _ in range(10):
            with pytest.raises(InvalidCredentials):
                sign_in(user.email, "not it")

        with pytest.raises(RateLimited) as refusal:
            sign_in(user.email.upper())

        assert refusal.value.retry_after in range(1, 901)
        assert sign_in(user.email, client=services.Client(address="198.51.100.4")).user == user

    def test_an_ipv6_client_is_its_network(self, real_limits):
        user = UserFactory()
        for number in range(10):
            with pytest.raises(InvalidCredentials):
                sign_in(user.email, "not it", client=services.Client(address=f"2001:db8::{number}"))

        with pytest.raises(RateLimited):
            sign_in(user.email, client=services.Client(address="2001:db8::ffff"))

    def test_refuses_when_nobody_can_count(self, monkeypatch):
        user = UserFactory()

        def down(*args, **kwargs):
            raise ConnectionError

        monkeypatch.setattr(cache, "incr", down)

        with pytest.raises(Unavailable):
            sign_in(user.email)

        assert not Session.objects.exists()


class TestRotate:
    def test_moves_the_one_living_token(self):
        opened, now = sign_in_as(UserFactory()), timezone.now()

        pair = services.rotate(refresh=opened.tokens.refresh, now=now)

        session = Session.objects.get()
        assert session.refresh_jti == pair.refresh_jti != opened.tokens.refresh_jti
        assert (session.last_seen_at, session.expires_at) == (now, now + timedelta(days=30))
        assert services.rotate(refresh=pair.refresh, now=now).refresh_jti != pair.refresh_jti

    def test_a_used_token_ends_the_family(self):
        user = UserFactory()
        opened, elsewhere, now = sign_in_as(user), sign_in_as(user), timezone.now()
        successor = services.rotate(refresh=opened.tokens.refresh, now=now)

        with pytest.raises(TokenInvalid):
            services.rotate(refresh=opened.tokens.refresh, now=now)

        session = Session.objects.get(pk=opened.session_id)
        assert (session.ended_at, session.end_reason) == (now, "token_reused")
        with pytest.raises(TokenInvalid):
            services.rotate(refresh=successor.refresh, now=now)
        services.rotate(refresh=elsewhere.tokens.refresh, now=now)
        event = OutboxEvent.objects.get()
        assert event.type == "users.refresh_token_reused.v1"
        assert event.payload == {"version": 2, "user_id": str(user.pk), "session_id": str(session.pk)}
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.object_id) == ("users.refresh_token_reused", str(session.pk))

    @pytest.mark.parametrize("case", ["access", "garbage", "expired", "ended", "deleted"])
    def test_refuses_what_is_no_living_token(self, case):
        user = UserFactory()
        opened = sign_in_as(user)
        token = opened.tokens.refresh
        if case == "access":
            token = opened.tokens.access
        elif case == "garbage":
            token = "a.b.c"
        elif case == "expired":
            old = timezone.now() - timedelta(days=31)
            token = services.open_session(user=user, client=CLIENT, now=old).tokens.refresh
        elif case == "ended":
            services.sign_out_everywhere(user_id=user.pk, now=timezone.now())
        elif case == "deleted":
            user.delete()
        before = list(Session.objects.values_list("refresh_jti", "end_reason"))

        with pytest.raises(TokenInvalid):
            services.rotate(refresh=token, now=timezone.now())

        assert list(Session.objects.values_list("refresh_jti", "end_reason")) == before
        assert not OutboxEvent.objects.exists()

    def test_gives_a_shut_account_nothing(self):
        user = UserFactory()
        opened = sign_in_as(user)
        User.objects.filter(pk=user.pk).update(is_active=False)

        with pytest.raises(TokenInvalid):
            services.rotate(refresh=opened.tokens.refresh, now=timezone.now())

        assert Session.objects.get().end_reason == "deactivated"


class TestSignOut:
    def test_ends_the_session_of_the_token(self):
        user, now = UserFactory(), timezone.now()
        here, elsewhere = sign_in_as(user), sign_in_as(user)

        services.sign_out(refresh=here.tokens.refresh, now=now)

        assert Session.objects.get(pk=here.session_id).ended_at == now
        assert Session.objects.get(pk=here.session_id).end_reason == "signed_out"
        assert Session.objects.get(pk=elsewhere.session_id).ended_at is None

    def test_leaves_an_ended_one_as_it_is(self):
        opened, now = sign_in_as(UserFactory()), timezone.now()
        services.sign_out(refresh=opened.tokens.refresh, now=now)

        services.sign_out(refresh=opened.tokens.refresh, now=now + timedelta(hours=1))

        assert Session.objects.get().ended_at == now

    def test_refuses_what_is_no_refresh_token(self):
        opened = sign_in_as(UserFactory())

        with pytest.raises(TokenInvalid):
            services.sign_out(refresh=opened.tokens.access, now=timezone.now())

        assert Session.objects.get().ended_at is None

    def test_everywhere_spares_nobody_elses(self):
        user, stranger = UserFactory(), UserFactory()
        for owner in (user, user, stranger):
            sign_in_as(owner)

        services.sign_out_everywhere(user_id=user.pk, now=timezone.now())

        assert selectors.living_sessions_of(user.pk, now=timezone.now()).count() == 0
        assert selectors.living_sessions_of(stranger.pk, now=timezone.now()).count() == 1

    def test_one_device_of_ones_own(self):
        user, stranger = UserFactory(), UserFactory()
        opened = sign_in_as(user)

        with pytest.raises(NotFound):
            services.end_session(user_id=stranger.pk, session_id=opened.session_id, now=timezone.now())
        assert Session.objects.get().ended_at is None
        services.end_session(user_id=user.pk, session_id=opened.session_id, now=timezone.now())
        assert Session.objects.get().end_reason == "revoked"


class TestForget:
    def test_deletes_what_ended_or_ran_out_a_month_ago(self):
        now = datetime(2026, 6, 1, tzinfo=UTC)
        user = UserFactory()
        kept, ended, expired = (sign_in_as(user).session_id for _ in range(3))
        Session.objects.filter(pk=kept).update(expires_at=now - timedelta(days=29))
        Session.objects.filter(pk=ended).update(ended_at=now - timedelta(days=31), end_reason="signed_out")
        Session.objects.filter(pk=expired).update(expires_at=now - timedelta(days=31))
        PasswordResetRequest.objects.create(requested_at=now - timedelta(hours=25))
        recent = PasswordResetRequest.objects.create(requested_at=now - timedelta(hours=23))

        jobs.forget_sign_ins(now)

        assert list(Session.objects.values_list("pk", flat=True)) == [kept]
        assert list(PasswordResetRequest.objects.values_list("pk", flat=True)) == [recent.pk]


class TestClient:
    @pytest.mark.parametrize(
        ("address", "network", "subject"),
        [
            ("203.0.113.77", "203.0.113.0", "203.0.113.77"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::", "2001:db8:1:2::"),
            ("::ffff:203.0.113.77", "203.0.113.0", "203.0.113.77"),
            ("", "", ""),
            ("<script>", "", ""),
        ],
    )
    def test_shortens_addresses(self, address, network, subject):
        client = services.Client(address=address)

        assert (client.network, client.subject) == (network, subject)


class TestRegistry:
    def test_keeps_the_order_of_names(self):
        registry: ports.Registry = ports.Registry()
        for name in ("orders", "cart", "payments"):
            registry.register(name, name.upper())

        assert registry.receivers() == ("CART", "ORDERS", "PAYMENTS")

    def test_takes_one_an_app(self):
        receiver = object()
        registry: ports.Registry = ports.Registry()
        registry.register("cart", receiver)
        registry.register("cart", receiver)

        with pytest.raises(ValueError, match="'cart' has registered already"):
            registry.register("cart", object())

"""What ends a session ends it now: the next request with any of its tokens is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from shop.audit.models import AuditEntry
from shop.events.models import OutboxEvent
from users import second_factor, selectors, services
from users.models import Session, User
from users.tests.clients import anonymous, client_of, client_with, sign_in_as
from users.tests.factories import PASSWORD, StaffFactory, SuperuserFactory, UserFactory

pytestmark = [pytest.mark.django_db]

API = "/api/v1/"
ME = f"{API}users/me/"
NEW = "violet kettle on a roof"


@dataclass
class Ada:
    """Somebody signed in twice: the session that shall end, and one on another device."""

    user: User
    here: services.SignIn
    elsewhere: services.SignIn

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Do something on the other device."""
        answer = getattr(client_with(self.elsewhere.tokens.access), method)(f"{API}{path}", body or {})
        assert answer.status_code < 300, answer.content


def staff_with(*permissions: str) -> Any:
    return client_of(StaffFactory(permissions=["users.view_user", *permissions]))


def sign_out(ada: Ada) -> None:
    answer = anonymous().post(f"{API}auth/logout/", {"refresh": ada.here.tokens.refresh})
    assert answer.status_code == 204


def sign_out_everywhere(ada: Ada) -> None:
    ada.ask("post", "auth/logout-all/")


def revoke(ada: Ada) -> None:
    ada.ask("delete", f"users/me/sessions/{ada.here.session_id}/")


def change_password(ada: Ada) -> None:
    ada.ask("post", "auth/password/change/", {"old_password": PASSWORD, "new_password": NEW})


def reset_password(ada: Ada) -> None:
    link = selectors.reset_link_parts(ada.user, now=timezone.now())
    body = {"uid": link.uid, "token": link.token, "new_password": NEW}
    assert anonymous().post(f"{API}auth/password/reset/confirm/", body).status_code == 204


def switch_second_factor_on(ada: Ada) -> None:
    client = client_with(ada.elsewhere.tokens.access)
    secret = client.post(f"{ME}two_factor/", {"password": PASSWORD}).data["secret"]
    code = second_factor.app_code(secret, now=timezone.now())
    assert client.post(f"{ME}two_factor/confirm/", {"otp": code}).status_code == 200


def erase(ada: Ada) -> None:
    ada.ask("delete", "users/me/", {"password": PASSWORD})


def shut_by_delete(ada: Ada) -> None:
    answer = staff_with("users.delete_user").delete(f"{API}users/{ada.user.pk}/")
    assert answer.status_code == 204


def shut_by_patch(ada: Ada) -> None:
    answer = staff_with("users.change_user").patch(f"{API}users/{ada.user.pk}/", {"is_active": False})
    assert answer.status_code == 200


def give_rights(ada: Ada) -> None:
    answer = client_of(SuperuserFactory()).patch(f"{API}users/{ada.user.pk}/", {"is_staff": True})
    assert answer.status_code == 200


def replay(ada: Ada) -> None:
    for status in (200, 401):
        answer = anonymous().post(f"{API}auth/refresh/", {"refresh": ada.here.tokens.refresh})
        assert answer.status_code == status


ENDINGS: dict[str, Callable[[Ada], None]] = {
    call.__name__.replace("_", " "): call
    for call in (
        sign_out, sign_out_everywhere, revoke, change_password, reset_password, switch_second_factor_on, erase,
        shut_by_delete, shut_by_patch, give_rights, replay,
    )
}  # fmt: skip
# After which the other device goes on.
SPARED = {"sign out", "revoke", "change password", "switch second factor on", "replay"}


@pytest.fixture
def ada():
    user = UserFactory()
    return Ada(user, sign_in_as(user), sign_in_as(user))


def alive(opened: services.SignIn) -> bool:
    statuses = {
        client_with(opened.tokens.access).get(ME).status_code,
        client_with(opened.tokens.access).patch(ME, {"first_name": "Eve"}).status_code,
    }
    assert statuses in ({200}, {401})
    return statuses == {200}


@pytest.mark.parametrize("ending", ENDINGS)
def test_it_ends_at_the_next_request(ending, ada):
    stranger = sign_in_as(UserFactory())
    assert [alive(opened) for opened in (ada.here, ada.elsewhere, stranger)] == [True] * 3

    ENDINGS[ending](ada)

    assert [alive(opened) for opened in (ada.here, ada.elsewhere, stranger)] == [
        False,
        ending in SPARED,
        True,
    ]
    answer = anonymous().post(f"{API}auth/refresh/", {"refresh": ada.here.tokens.refresh})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize("ending", ["erase", "shut by delete", "shut by patch"])
def test_no_new_one_begins(ending, ada):
    email = ada.user.email
    ENDINGS[ending](ada)

    answer = anonymous().post(f"{API}auth/login/", {"email": email, "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    assert not selectors.living_sessions_of(ada.user.pk, now=timezone.now()).exists()


class TestRights:
    def test_taken_away_are_gone_at_once(self):
        staff = StaffFactory(permissions=["users.view_user"])
        client = client_of(staff)
        assert client.get(f"{API}users/").status_code == 200

        client_of(SuperuserFactory()).patch(f"{API}users/{staff.pk}/", {"is_staff": False})

        assert client.get(f"{API}users/").status_code == 401

    def test_a_permission_taken_away_by_hand_is_gone_at_once(self):
        """Permissions are read at each request and stand in no token."""
        staff = StaffFactory(permissions=["users.view_user"])
        client = client_of(staff)
        assert client.get(f"{API}users/").status_code == 200

        staff.user_permissions.clear()

        assert client.get(f"{API}users/").status_code == 403


class TestBackOffice:
    """The cookie of the back office dies with the same events; it is Django's own session."""

    @pytest.mark.parametrize(
        "ending", ["reset password", "change password", "erase", "shut by patch", "take rights"]
    )
    def test_the_cookie_dies_too(self, ending):
        # As a superuser, who alone may shut a member of staff.
        user = StaffFactory(permissions=["users.view_user"])
        ada = Ada(user, sign_in_as(user), sign_in_as(user))
        browser = Client()
        browser.force_login(user)
        assert browser.get("/admin/").status_code == 200
        if ending == "shut by patch":
            client_of(SuperuserFactory()).patch(f"{API}users/{user.pk}/", {"is_active": False})
        elif ending == "take rights":
            client_of(SuperuserFactory()).patch(f"{API}users/{user.pk}/", {"is_staff": False})
        elif ending == "erase":
            services.change_account(
                actor_id=SuperuserFactory().pk,
                user_id=user.pk,
                changes={"is_staff": False},
                now=timezone.now(),
            )
            ada = Ada(user, sign_in_as(user), sign_in_as(user))
            erase(ada)
        else:
            ENDINGS[ending](ada)

        assert browser.get("/admin/").status_code == 302


class TestTheft:
    """A copied refresh token: whoever comes second gives the theft away, and both are out."""

    def test_both_are_out_and_the_owner_is_told(self, ada):
        stolen = ada.here.tokens.refresh
        successor = anonymous().post(f"{API}auth/refresh/", {"refresh": stolen}).data

        second = anonymous().post(f"{API}auth/refresh/", {"refresh": stolen})

        assert (second.status_code, second.json()["code"]) == (401, "token_invalid")
        assert client_with(successor["access"]).get(ME).status_code == 401
        again = anonymous().post(f"{API}auth/refresh/", {"refresh": successor["refresh"]})
        assert again.status_code == 401
        assert Session.objects.get(pk=ada.here.session_id).end_reason == "token_reused"
        assert OutboxEvent.objects.get().type == "users.refresh_token_reused.v1"
        assert AuditEntry.objects.get().action == "users.refresh_token_reused"
        assert alive(ada.elsewhere)

    def test_an_old_one_of_the_family_is_as_bad(self, ada):
        token, old = ada.here.tokens.refresh, ada.here.tokens.refresh
        for _ in range(5):
            token = anonymous().post(f"{API}auth/refresh/", {"refresh": token}).data["refresh"]

        assert anonymous().post(f"{API}auth/refresh/", {"refresh": old}).status_code == 401
        assert anonymous().post(f"{API}auth/refresh/", {"refresh": token}).status_code == 401

    def test_a_dead_one_is_no_news(self, ada):
        """After a sign-out old tokens are worthless, and nobody is alarmed by them."""
        sign_out(ada)

        assert (
            anonymous().post(f"{API}auth/refresh/", {"refresh": ada.here.tokens.refresh}).status_code == 401
        )
        assert not OutboxEvent.objects.exists()


class TestFixation:
    def test_each_sign_in_makes_tokens_of_its_own(self):
        user = UserFactory()
        body = {"email": user.email, "password": PASSWORD}

        answers = [anonymous().post(f"{API}auth/login/", body).data for _ in range(3)]

        assert len({answer[kind] for answer in answers for kind in ("access", "refresh")}) == 6
        assert Session.objects.count() == 3

    def test_a_session_of_ones_own_making_is_none(self, ada):
        """A client can't choose the session that it gets."""
        body = {"email": ada.user.email, "password": PASSWORD}
        client = client_with(ada.here.tokens.access)
        client.cookies["sessionid"] = "chosen"

        answer = client.post(f"{API}auth/login/", body)

        assert answer.status_code == 200
        # What it brought is taken from it.
        assert [cookie.value for cookie in answer.cookies.values()] == [""]
        assert Session.objects.count() == 3


class TestSquatting:
    """Somebody opened an account in another person's name, and waits for that person to use it."""

    def test_a_reset_takes_it_from_them(self):
        body = {"email": "ada@example.com", "password": PASSWORD}
        anonymous().post(f"{API}auth/register/", body)
        eve = anonymous().post(f"{API}auth/login/", body).data
        client_with(eve["access"]).post(f"{ME}email/", {"email": "eve@example.com", "password": PASSWORD})
        user = User.objects.get(email="ada@example.com")

        reset_password(Ada(user, sign_in_as(user), sign_in_as(user)))

        assert client_with(eve["access"]).get(ME).status_code == 401
        assert anonymous().post(f"{API}auth/refresh/", {"refresh": eve["refresh"]}).status_code == 401
        assert anonymous().post(f"{API}auth/login/", body).status_code == 401
        assert not user.email_changes.filter(withdrawn_at=None).exists()
        user.refresh_from_db()
        assert (user.email, user.email_verified) == ("ada@example.com", True)

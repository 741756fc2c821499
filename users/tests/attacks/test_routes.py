"""Addresses and methods bent out of shape, and permissions asked about what they don't know: the answer is no."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from drf_spectacular.generators import EndpointEnumerator
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated

from shop.api.permissions import StaffWith
from shop.core.errors import NotFound
from users import permissions
from users.models import User
from users.tests import access
from users.tests.access import CALLERS, TABLE, Guard
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, SuperuserFactory, UserFactory

pytestmark = [pytest.mark.once, pytest.mark.django_db]

CLASSES = [
    StaffWith,
    *(
        kind
        for kind in vars(permissions).values()
        if isinstance(kind, type) and issubclass(kind, BasePermission) and kind is not BasePermission
    ),
]
UNKNOWN: tuple[Any, ...] = (
    None,
    "",
    "metadata",
    "unknown",
    "list ",
    "LIST",
    "destroy_all",
    "__class__",
    "named",
    [],
)


class TestPermissions:
    """A rule that is asked about nothing it knows must not say yes, as ``all([])`` would."""

    @pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PURGE"])
    def test_nobody_may_do_what_has_no_name(self, kind, method):
        owner = UserFactory()
        people = [AnonymousUser(), owner, UserFactory(), StaffFactory(), SuperuserFactory()]
        for user in people:
            for action in UNKNOWN:
                for target in (owner.pk, "me"):
                    request = SimpleNamespace(user=user, method=method)
                    kwargs = {"pk": str(target), "user_id": str(target)}
                    view = SimpleNamespace(action=action, kwargs=kwargs, staff_permissions={})
                    assert not allowed(kind(), request, view), (user, action, target)

    @pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
    def test_control_a_superuser_may_do_what_has_one(self, kind):
        named = {"list": "users.view_user"}
        view = SimpleNamespace(action="list", kwargs={"user_id": "me"}, staff_permissions=named)

        assert allowed(kind(), SimpleNamespace(user=SuperuserFactory(), method="GET"), view)

    @pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
    def test_a_permission_is_nothing_without_being_staff_or_active(self, kind):
        view = SimpleNamespace(
            action="list", kwargs={"user_id": "00000000-0000-7000-8000-000000000000"},
            staff_permissions={"list": "users.view_user"},
        )  # fmt: skip
        granted = ["users.view_user", "users.view_address", "users.view_consent", "users.view_customergroup"]
        shut = StaffFactory(permissions=granted, is_active=False)

        for user in (UserFactory(permissions=granted), shut, SuperuserFactory(is_active=False)):
            assert not allowed(kind(), SimpleNamespace(user=user, method="GET"), view)


def allowed(permission: Any, request: Any, view: Any) -> bool:
    try:
        return bool(permission.has_permission(request, view))
    except (NotFound, MethodNotAllowed, TypeError):
        return False


class TestViews:
    def test_each_says_who_may_and_only_open_ones_let_everybody(self):
        for path, _, method, callback in EndpointEnumerator().get_api_endpoints():
            endpoint = f"{method} {path.removeprefix(access.ROOT)}"
            if endpoint not in TABLE:
                continue
            view = callback.cls
            is_open = TABLE[endpoint].guard is Guard.OPEN
            assert view.permission_classes, endpoint
            assert (AllowAny in view.permission_classes) is is_open, endpoint
            assert (not view.authentication_classes) is is_open, endpoint

    def test_a_view_that_says_nothing_asks_for_a_sign_in(self):
        assert settings.REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"] == [
            f"{IsAuthenticated.__module__}.{IsAuthenticated.__name__}"
        ]


def bent(path: str) -> list[str]:
    """Return an address in the shapes that make proxies and frameworks disagree."""
    whole = f"/api/v1/{path}"
    return [
        whole.rstrip("/"),
        f"{whole}/",
        f"/{whole}",
        whole.replace("/v1/", "/v1//"),
        whole.replace("/v1/", "/v1/./"),
        whole.replace("/v1/", "/v1/../v1/"),
        whole.replace("/v1/", "/v1/%2e%2e/v1/"),
        whole.replace("/v1/", "/V1/"),
        whole.replace("/api/", "/API/"),
        whole.replace("/api/v1/", "/api/v1;x=1/"),
        f"{whole.rstrip('/')};x=1/",
        f"{whole.rstrip('/')}%3bx/",
        f"{whole.rstrip('/')}.json",
        f"{whole.rstrip('/')}.json/",
        f"{whole.rstrip('/')}%2f",
        f"{whole.rstrip('/')}%20/",
        f"{whole.rstrip('/')}%00/",
        f"{whole}..;/",
        f"{whole}%2e/",
        whole.replace("users", "Users").replace("auth", "Auth").replace("customer", "Customer"),
        whole.replace("/v1/", "/v1\\"),
        whole.replace("/v1/", "/v1/%5c"),
    ]


class TestAddresses:
    @pytest.mark.parametrize("path", access.paths())
    def test_a_bent_address_is_no_way_round(self, path):
        world = access.make_world()
        straight = access.address(path, world).removeprefix("/api/v1/")
        before = access.rows()

        for bend in bent(straight):
            for method in access.METHODS:
                answer = anonymous().generic(method, bend, "{}", "application/json")
                # A name with a semicolon in it is a name, and whoever asks for it has to sign in all the same.
                # A slash in its other spelling is a slash, so that is the address itself.
                itself = {400, 405} if unquote(bend) == f"/api/v1/{straight}" else set()
                assert answer.status_code in {401, 404} | itself, (method, bend)
                assert answer.headers["Content-Type"] == "application/problem+json"
        assert access.rows() == before

    def test_the_address_without_its_slash_is_no_redirect(self):
        """A redirect would turn a POST into a GET, and a password in its body into nothing."""
        answer = anonymous().post("/api/v1/auth/login", {"email": "ada@example.com", "password": "x"})

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


class TestMethods:
    OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")

    @pytest.mark.parametrize("path", access.paths())
    def test_a_method_in_disguise_is_the_one_it_came_as(self, path):
        """Staff who may only look, and say DELETE in every way but the real one."""
        world = access.make_world()
        where = access.address(path, world)
        looking = [line.sees for line in TABLE.values()]
        client = client_of(StaffFactory(permissions=sorted(set(looking))))
        before = access.rows()

        for header in self.OVERRIDES:
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = client.generic(
                    method,
                    f"{where}?_method=DELETE&method=DELETE",
                    '{"_method": "DELETE"}',
                    "application/json",
                    headers={header: "DELETE"},
                )
                assert answer.status_code in (200, 400, 403, 404, 405), (header, method)
        assert access.rows() == before

    def test_a_small_letter_is_no_other_method(self):
        """REST framework reads "delete" as DELETE, so it has to pass the same guard."""
        world = access.make_world()
        before = access.rows()

        for endpoint, line in TABLE.items():
            method, _, path = endpoint.partition(" ")
            answer = anonymous().generic(
                method.lower(), access.address(path, world), "{}", "application/json"
            )
            assert answer.status_code == access.expected(line, "anonymous")[0], endpoint
        assert access.rows() == before

    @pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PURGE", "DELETE ", "PROPFIND", "X" * 100])
    @pytest.mark.parametrize("caller", ["anonymous", "superuser"])
    def test_a_method_nobody_knows_does_nothing(self, method, caller):
        world = access.make_world()
        client = CALLERS[caller](world, access.Line(Guard.STAFF))
        before = access.rows()

        for path in access.paths():
            answer = client.generic(method, access.address(path, world), "{}", "application/json")
            assert answer.status_code in (400, 401, 403, 404, 405), (method, path)
        assert access.rows() == before
        assert User.objects.filter(is_active=True).count() == len(before["users.User"])

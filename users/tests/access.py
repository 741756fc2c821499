"""
Who gets what at each address of accounts: a line an endpoint, and the answer to every caller follows from it.

The endpoints come from the URLconf. One without a line here fails ``test_access_matrix``.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import transaction
from django.utils import timezone
from drf_spectacular.generators import EndpointEnumerator
from rest_framework.test import APIClient

from shop.api.json import dumps
from users.models import User
from users.tests.clients import anonymous, client_of, client_with, sign_in_as
from users.tests.factories import (
    PASSWORD,
    AddressFactory,
    CustomerGroupFactory,
    StaffFactory,
    SuperuserFactory,
    UserFactory,
)

ROOT = "/api/v1/"
NEW_PASSWORD = "violet kettle on a roof"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

Body = Callable[["World"], dict[str, Any]]
Answer = tuple[int, str]


class Guard(enum.Enum):
    """What stands before an endpoint."""

    # The bearer isn't looked at: a stale one changes nothing either.
    OPEN = "anybody"
    # The caller's own account; no id in the address.
    SIGNED_IN = "whoever is signed in"
    # Something of the owner's below one's own account: for everybody else it doesn't exist.
    OWN = "its owner"
    # The owner's account or what hangs on it: also staff who see accounts and hold the permission.
    SELF_OR_STAFF = "its owner and staff"
    # The same, but not for the owner.
    STAFF_ON_ACCOUNT = "staff, on an account"
    # No account is named, so there is nothing to hide: without the permission it is refused.
    STAFF = "staff"


@dataclass(frozen=True)
class Line:
    """What an endpoint asks for, and what it answers to who is let in."""

    guard: Guard
    status: int = 200
    code: str = ""
    needs: str = ""
    sees: str = "users.view_user"
    body: Body | None = None


@dataclass
class World:
    """The account that the addresses speak of, with one of everything."""

    owner: User
    ids: dict[str, str] = field(default_factory=dict)


HOME = {
    "full_name": "Ada Byron", "line1": "Lindenweg 4", "city": "Berlin", "postal_code": "10115", "country": "DE",
}  # fmt: skip


def _nothing(world: World) -> dict[str, Any]:
    return {}


def _names(world: World) -> dict[str, Any]:
    return {"first_name": "Eve"}


def _group_name(world: World) -> dict[str, Any]:
    return {"name": "Trade"}


def _home(world: World) -> dict[str, Any]:
    return {**HOME, "is_default": True}


def _book(kind: str) -> dict[str, Line]:
    book, guard, sees = f"users/{{user_id}}/{kind}_addresses/", Guard.SELF_OR_STAFF, "users.view_address"
    entry = f"{book}{{address_id}}/"
    return {
        f"GET {book}": Line(guard, needs="users.view_address", sees=sees),
        f"POST {book}": Line(guard, 201, needs="users.add_address", sees=sees, body=_home),
        f"GET {entry}": Line(guard, needs="users.view_address", sees=sees),
        f"PUT {entry}": Line(guard, needs="users.change_address", sees=sees, body=_home),
        f"PATCH {entry}": Line(guard, needs="users.change_address", sees=sees, body=_home),
        f"DELETE {entry}": Line(guard, 204, needs="users.delete_address", sees=sees),
    }


def _open(*names: str) -> dict[str, Line]:
    # An empty body is enough to show that the door is open: what refuses it is the form of the body.
    return {f"POST auth/{name}/": Line(Guard.OPEN, 400, "validation_failed", body=_nothing) for name in names}


TABLE: dict[str, Line] = {
    **_open("register", "login", "refresh", "logout", "password/reset", "password/reset/confirm", "email/verify"),
    **_open("email/change/confirm"),
    "POST auth/logout-all/": Line(Guard.SIGNED_IN, 204),
    "POST auth/password/change/": Line(
        Guard.SIGNED_IN, 204, body=lambda _: {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    ),
    "POST auth/email/verify/resend/": Line(Guard.SIGNED_IN, 202),
    "GET users/me/": Line(Guard.SIGNED_IN),
    "PATCH users/me/": Line(Guard.SIGNED_IN, body=_names),
    # Refused for want of a password: with it, staff would be refused for what they are.
    "DELETE users/me/": Line(Guard.SIGNED_IN, 400, "validation_failed"),
    "GET users/me/export/": Line(Guard.SIGNED_IN),
    "POST users/me/email/": Line(
        Guard.SIGNED_IN, 202, body=lambda _: {"email": "moved@example.com", "password": PASSWORD}
    ),
    "GET users/me/two_factor/": Line(Guard.SIGNED_IN),
    "POST users/me/two_factor/": Line(Guard.SIGNED_IN, 201, body=lambda _: {"password": PASSWORD}),
    "DELETE users/me/two_factor/": Line(Guard.SIGNED_IN, 400, "validation_failed", body=_nothing),
    "POST users/me/two_factor/confirm/": Line(Guard.SIGNED_IN, 400, "validation_failed", body=_nothing),
    "POST users/me/two_factor/recovery_codes/": Line(
        Guard.SIGNED_IN, 400, "validation_failed", body=_nothing
    ),
    "GET users/me/sessions/": Line(Guard.SIGNED_IN),
    "GET users/me/sessions/{pk}/": Line(Guard.OWN),
    "DELETE users/me/sessions/{pk}/": Line(Guard.OWN, 204),
    "GET users/": Line(Guard.STAFF, needs="users.view_user"),
    "POST users/": Line(
        Guard.STAFF, 201, needs="users.add_user", body=lambda _: {"email": "newcomer@example.com"}
    ),
    "GET users/{pk}/": Line(Guard.SELF_OR_STAFF, needs="users.view_user"),
    "PUT users/{pk}/": Line(Guard.SELF_OR_STAFF, needs="users.change_user", body=_names),
    "PATCH users/{pk}/": Line(Guard.SELF_OR_STAFF, needs="users.change_user", body=_names),
    "DELETE users/{pk}/": Line(Guard.STAFF_ON_ACCOUNT, 204, needs="users.delete_user"),
    **_book("shipping"),
    **_book("billing"),
    "GET users/{user_id}/consents/": Line(
        Guard.SELF_OR_STAFF, needs="users.view_consent", sees="users.view_consent"
    ),
    "POST users/{user_id}/consents/": Line(
        Guard.OWN, 201, body=lambda _: {"purpose": "marketing", "granted": True, "source": "account page"}
    ),
    "GET customer_groups/": Line(Guard.STAFF, needs="users.view_customergroup"),
    "POST customer_groups/": Line(
        Guard.STAFF, 201, needs="users.add_customergroup", body=lambda _: {"code": "b2b", "name": "Business"}
    ),
    "GET customer_groups/{code}/": Line(Guard.STAFF, needs="users.view_customergroup"),
    "PUT customer_groups/{code}/": Line(Guard.STAFF, needs="users.change_customergroup", body=_group_name),
    "PATCH customer_groups/{code}/": Line(Guard.STAFF, needs="users.change_customergroup", body=_group_name),
    "DELETE customer_groups/{code}/": Line(Guard.STAFF, 204, needs="users.delete_customergroup"),
}  # fmt: skip


def endpoints() -> list[str]:
    """Return every method and path that this app answers, from the URLconf."""
    found = EndpointEnumerator().get_api_endpoints()
    return sorted(
        f"{method} {path.removeprefix(ROOT)}"
        for path, _, method, view in found
        if view.cls.__module__.startswith("users.")
    )


def paths() -> list[str]:
    """Return every path of this app, once."""
    return sorted({name.partition(" ")[2] for name in TABLE})


def make_world() -> World:
    """Make the owner, who has one of everything that an address can name."""
    owner = UserFactory(email="owner@example.com")
    ids = {
        "users/{pk}": str(owner.pk),
        "{user_id}": str(owner.pk),
        "sessions/{pk}": str(sign_in_as(owner).session_id),
        "shipping_addresses/{address_id}": str(AddressFactory(user=owner).pk),
        "customer_groups/{code}": CustomerGroupFactory().code,
        "billing_addresses/{address_id}": str(AddressFactory(user=owner, kind="billing").pk),
    }
    return World(owner, ids)


def make_address() -> str:
    """Return the id of an entry in somebody else's book."""
    return str(AddressFactory().pk)


def make_session() -> str:
    """Return the id of somebody else's session."""
    return str(sign_in_as(UserFactory()).session_id)


def address(path: str, world: World) -> str:
    """Return a path with the owner's ids in it."""
    for place, value in world.ids.items():
        path = path.replace(place, re.sub(r"\{\w+\}", value, place))
    assert "{" not in path, f"say in make_world what stands for {path}"
    return ROOT + path


def call(client: APIClient, endpoint: str, world: World) -> Any:
    """Ask an endpoint for something of the owner's."""
    method, _, path = endpoint.partition(" ")
    body = TABLE[endpoint].body
    sent = (dumps(body(world)).decode(), "application/json") if body else ()
    return client.generic(method, address(path, world), *sent)


# Who calls. Each makes its client last, so that what it stands for has happened to a living token.


def _owner(world: World, line: Line) -> APIClient:
    return client_of(world.owner)


def _other(world: World, line: Line) -> APIClient:
    return client_of(UserFactory())


def _permitted_customer(world: World, line: Line) -> APIClient:
    return client_of(UserFactory(permissions=_permissions(line)))


def _bare_staff(world: World, line: Line) -> APIClient:
    return client_of(StaffFactory())


def _looking_staff(world: World, line: Line) -> APIClient:
    return client_of(StaffFactory(permissions=[line.sees] if line.needs else []))


def _permitted_staff(world: World, line: Line) -> APIClient:
    return client_of(StaffFactory(permissions=_permissions(line)))


def _superuser(world: World, line: Line) -> APIClient:
    return client_of(SuperuserFactory())


def _inactive(world: World, line: Line) -> APIClient:
    return _afterwards(world.owner, is_active=False)


def _erased(world: World, line: Line) -> APIClient:
    return _afterwards(world.owner, is_active=False, erased_at=timezone.now())


def _deleted(world: World, line: Line) -> APIClient:
    gone = UserFactory()
    client = client_of(gone)
    gone.delete()
    return client


def _afterwards(user: User, **changes: Any) -> APIClient:
    access = sign_in_as(user).tokens.access
    User.objects.filter(pk=user.pk).update(**changes)
    return client_with(access)


def _permissions(line: Line) -> list[str]:
    return sorted({line.sees, line.needs}) if line.needs else []


CALLERS: dict[str, Callable[[World, Line], APIClient]] = {
    "anonymous": lambda world, line: anonymous(),
    "owner": _owner,
    "other customer": _other,
    "customer with permission": _permitted_customer,
    "staff without permission": _bare_staff,
    "staff who may look": _looking_staff,
    "staff with permission": _permitted_staff,
    "superuser": _superuser,
    "inactive": _inactive,
    "erased": _erased,
    "deleted": _deleted,
}
DEAD = ("inactive", "erased", "deleted")


def expected(line: Line, caller: str) -> Answer:
    """Return the status and the code that a caller gets."""
    served = (line.status, line.code)
    if line.guard is Guard.OPEN:
        return served
    if caller == "anonymous":
        return 401, "not_authenticated"
    if caller in DEAD:
        return 401, "token_invalid"
    if line.guard is Guard.SIGNED_IN:
        return served
    hidden, refused = (404, "not_found"), (403, "permission_denied")
    if line.guard is Guard.OWN:
        return served if caller == "owner" else hidden
    return _expected_of_staff_calls(line, caller, served, refused if line.guard is Guard.STAFF else hidden)


def _expected_of_staff_calls(line: Line, caller: str, served: Answer, unseen: Answer) -> Answer:
    if caller in ("staff with permission", "superuser"):
        return served
    if caller == "owner" and line.guard is Guard.SELF_OR_STAFF:
        return served
    if caller == "staff who may look":
        return served if line.needs == line.sees else (403, "permission_denied")
    return unseen


def rows() -> dict[str, list[dict[str, Any]]]:
    """Return everything in the tables that accounts may write to: a refusal leaves it as it was."""
    tables = (
        *apps.get_app_config("users").get_models(include_auto_created=True),
        apps.get_model("events.OutboxEvent"),
        apps.get_model("audit.AuditEntry"),
    )
    return {table._meta.label: list(table._default_manager.order_by("pk").values()) for table in tables}


@contextmanager
def undone() -> Iterator[None]:
    """Take back what is done inside: each caller finds the world as it was made."""
    block = transaction.atomic()
    # As the test case's own block: what asks for a transaction of its own may still open one in here.
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)

"""Fields that a caller has no business with: sent, they change nothing; and answers hold none but the documented."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers as drf

from shop.api.problems import UnknownField
from shop.api.serializers import BodySerializer
from users import urls
from users.models import RecoveryCode, TwoFactor, User
from users.second_factor import new_secret
from users.tests import access
from users.tests.access import CALLERS, TABLE, Guard, undone
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.once, pytest.mark.django_db]

MODELS = list(apps.get_app_config("users").get_models())
# Every name a row of accounts has, as a field and as a column, and what other systems call their rights.
NAMES = sorted(
    {
        name
        for model in MODELS
        for field in model._meta.get_fields()
        for name in (field.name, getattr(field, "attname", field.name))
    }
    | {
        "pk",
        "role",
        "roles",
        "admin",
        "is_admin",
        "permissions",
        "scope",
        "_state",
        "__class__",
        "$set",
        "verified",
    }
)
# What decides who somebody is and what they may do.
PRIVILEGED = (
    "id", "email", "password", "is_active", "is_staff", "is_superuser", "email_verified_at", "date_joined",
    "last_login", "external_id", "metadata", "erased_at",
)  # fmt: skip
# The shapes that may name a right, and which; a new one has to be entered here on purpose.
MAY_NAME = {
    "RegisterSerializer": {"email", "password"},
    "SignInSerializer": {"email", "password"},
    "EmailSerializer": {"email"},
    "ChangeEmailSerializer": {"email", "password"},
    "CreateAccountSerializer": {"email"},
    "ChangeAccountSerializer": {"is_active"},
    "ChangeRightsSerializer": {"is_active", "is_staff", "is_superuser", "groups"},
    "BeginTwoFactorSerializer": {"password"},
    "ProveTwoFactorSerializer": {"password"},
    "EraseSerializer": {"password"},
}


def shapes(base: type[BodySerializer] = BodySerializer) -> list[type[BodySerializer]]:
    """Return the shapes of bodies that this app reads."""
    # Importing the addresses has imported the views, and those the shapes.
    assert urls.urlpatterns
    found: list[type[BodySerializer]] = []
    for shape in base.__subclasses__():
        found += [shape] if shape.__module__.startswith("users.") else []
        found += shapes(shape)
    return sorted(set(found), key=lambda shape: shape.__name__)


def served(world: access.World, endpoint: str) -> Any:
    """Return a client that the endpoint serves, with no more rights than it takes."""
    line = TABLE[endpoint]
    if line.guard is Guard.OPEN:
        return CALLERS["anonymous"](world, line)
    staff = line.guard in (Guard.STAFF, Guard.STAFF_ON_ACCOUNT)
    return CALLERS["staff with permission" if staff else "owner"](world, line)


@pytest.fixture
def world():
    return access.make_world()


@pytest.mark.parametrize("shape", shapes(), ids=lambda shape: shape.__name__)
class TestShapes:
    @pytest.mark.parametrize("value", [True, "x", None, {}])
    def test_an_unknown_field_is_refused_or_passed_over(self, shape, value):
        for name in set(NAMES) - set(shape().fields):
            body = shape(data={name: value}, partial=True)
            if name in shape.ignored:
                assert body.is_valid(), name
                assert body.validated_data == {}, name
            else:
                with pytest.raises(UnknownField):
                    body.is_valid()

    def test_names_no_right_by_accident(self, shape):
        named = set(shape().fields) & {*PRIVILEGED, "groups", "user_permissions"}

        assert named == MAY_NAME.get(shape.__name__, set())

    def test_passes_over_only_what_is_shown(self, shape):
        """A field that no answer has is a mistake, and is called one."""
        shown = {"id", "email", "email_verified", "is_staff", "is_active", "date_joined", "customer_groups"}

        assert set(shape.ignored) <= shown | {"code", "member_count", "at"}


@pytest.mark.parametrize("endpoint", [name for name, line in TABLE.items() if line.body])
def test_no_call_changes_what_it_is_not_for(endpoint, world):
    body = TABLE[endpoint].body
    assert body is not None
    client, known = served(world, endpoint), body(world)
    method, _, path = endpoint.partition(" ")
    where, before = access.address(path, world), access.rows()

    everything = dict.fromkeys(NAMES, True) | known
    with undone():
        refused = client.generic(method, where, json.dumps(everything), "application/json")
        assert access.rows() == before

    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_field")
    passed = set(everything) - set(refused.json()["fields"]) - set(known)
    rights = privileged()
    for value in EVIL:
        with undone():
            answer = client.generic(
                method, where, json.dumps(dict.fromkeys(passed, value) | known), "application/json"
            )
            assert answer.status_code < 500
            assert changed(rights) <= ALLOWED.get(endpoint, set())


# What each of these calls is for; anything else of this kind stays as it was.
ALLOWED = {"POST auth/password/change/": {"password"}}


EVIL: tuple[Any, ...] = (True, "staff", "018f0000-0000-7000-8000-000000000001", [], {})


def privileged() -> dict[Any, dict[str, Any]]:
    """Return who everybody is and what they may do."""
    return {
        user.pk: {name: getattr(user, name) for name in PRIVILEGED}
        | {
            "groups": sorted(user.groups.values_list("pk", flat=True)),
            "user_permissions": sorted(user.user_permissions.values_list("pk", flat=True)),
        }
        for user in User.objects.all()
    }


def changed(before: dict[Any, dict[str, Any]]) -> set[str]:
    """Return which of it is different now; a new account counts as one that may nothing."""
    found: set[str] = set()
    for key, now in privileged().items():
        then = before.get(key)
        if then is None:
            # No rights, and nothing verified.
            assert [now[name] for name in ("is_staff", "is_superuser", "email_verified_at")] == [
                False,
                False,
                None,
            ]
            assert now["groups"] == now["user_permissions"] == []
        else:
            found |= {name for name in now if now[name] != then[name]}
    assert set(before) <= set(privileged())
    return found


def test_control_a_field_too_many_is_noticed(world, monkeypatch):
    """The fuzzing can fail: a profile that takes is_staff gives it."""
    from users import serializers, services  # noqa: PLC0415
    from users.services import profiles  # noqa: PLC0415

    monkeypatch.setitem(
        serializers.ProfileSerializer._declared_fields, "is_staff", drf.BooleanField(required=False)
    )
    monkeypatch.setattr(profiles, "_PROFILE", profiles._PROFILE | {"is_staff"})
    assert services.update_profile is profiles.update_profile
    rights = privileged()

    answer = served(world, "PATCH users/me/").patch("/api/v1/users/me/", {"is_staff": True})

    assert answer.status_code == 200
    assert changed(rights) == {"is_staff"}


@cache
def openapi() -> Any:
    """Return the document that this shop serves; making it takes a while."""
    return SchemaGenerator().get_schema(request=None, public=True)


class TestAnswers:
    """What an answer holds is what the OpenAPI document says, and not one field more."""

    @pytest.mark.parametrize("endpoint", [name for name, line in TABLE.items() if line.status in (200, 201)])
    def test_have_the_documented_fields(self, endpoint, world):
        document = openapi()
        method, _, path = endpoint.partition(" ")
        answer = access.call(served(world, endpoint), endpoint, world)

        assert answer.status_code == TABLE[endpoint].status
        described = document["paths"][access.ROOT + path.replace("{pk}", "{id}")][method.lower()][
            "responses"
        ][str(answer.status_code)]
        schema = described["content"]["application/json"]["schema"]
        assert list(strange(answer.json(), schema, document["components"]["schemas"])) == []

    @pytest.mark.parametrize("endpoint", [name for name in TABLE if name.startswith("GET ")])
    def test_hold_no_secret_and_nobody_else(self, endpoint, world):
        owner = User.objects.get(pk=world.owner.pk)
        TwoFactor.objects.create(
            user=owner, secret=new_secret(), created_at=timezone.now(), confirmed_at=timezone.now()
        )
        RecoveryCode.objects.create(user=owner, code_hash="c" * 64)
        other = UserFactory(email="somebody.else@example.com")
        secrets = {owner.password, owner.two_factor.secret, "c" * 64}
        secrets |= set(owner.sessions.values_list("refresh_jti", flat=True))
        client = served(world, endpoint)

        text = access.call(client, endpoint, world).content.decode()

        assert not [secret for secret in secrets if secret in text]
        if TABLE[endpoint].guard is not Guard.STAFF:
            assert other.email not in text
            assert str(other.pk) not in text


def strange(value: Any, schema: dict[str, Any], known: dict[str, Any], where: str = "") -> Any:
    """Yield the path of each field that the schema doesn't name, and of each that it says is always there."""
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    for part in schema.get("allOf", ()):
        schema = {**schema, **(known[part["$ref"].rpartition("/")[2]] if "$ref" in part else part)}
    if isinstance(value, list):
        for item in value:
            yield from strange(item, schema.get("items", {}), known, f"{where}[]")
    elif isinstance(value, dict) and "additionalProperties" not in schema:
        properties = schema.get("properties", {})
        yield from (f"{where}.{name}" for name in value if name not in properties)
        yield from (f"{where}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name in set(value) & set(properties):
            yield from strange(value[name], properties[name], known, f"{where}.{name}")


def test_control_a_field_that_is_not_documented_is_noticed():
    schema = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}

    assert list(strange({"id": 1, "password": 2}, schema, {})) == [".password"]
    assert list(strange({}, schema, {})) == [".id is missing"]

"""Bearers that must not open anything."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from shop.core.ids import new_id
from users import services
from users.models import Session, User
from users.tests.clients import client_with, sign_in_as
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me/"
KEY = settings.JWT_SIGNING_KEY


def claims(session_id, **changes) -> dict:
    now = timezone.now()
    genuine = {
        "token_type": "access", "exp": now + timedelta(minutes=5), "iat": now, "jti": "a" * 32,
        "sid": str(session_id), "user_id": str(new_id()), "iss": "shop",
    }  # fmt: skip
    return {name: value for name, value in {**genuine, **changes}.items() if value is not None}


def test_the_form_that_the_others_vary_is_good():
    opened = sign_in_as(UserFactory())

    assert client_with(jwt.encode(claims(opened.session_id), KEY)).get(ME).status_code == 200


FORGED = {
    "no algorithm": lambda sid: jwt.encode(claims(sid), None, algorithm="none"),
    "another key": lambda sid: jwt.encode(claims(sid), "x" * 40),
    "the other secret": lambda sid: jwt.encode(claims(sid), settings.SECRET_KEY),
    "another algorithm": lambda sid: jwt.encode(claims(sid), KEY * 2, algorithm="HS512"),
    "expired": lambda sid: jwt.encode(claims(sid, exp=timezone.now() - timedelta(minutes=1)), KEY),
    "without an end": lambda sid: jwt.encode(claims(sid, exp=None), KEY),
    "of the future": lambda sid: jwt.encode(claims(sid, nbf=timezone.now() + timedelta(hours=1)), KEY),
    "another issuer": lambda sid: jwt.encode(claims(sid, iss="blog"), KEY),
    "without an issuer": lambda sid: jwt.encode(claims(sid, iss=None), KEY),
    "a refresh token": lambda sid: jwt.encode(claims(sid, token_type="refresh"), KEY),
    "without a type": lambda sid: jwt.encode(claims(sid, token_type=None), KEY),
    "without an id": lambda sid: jwt.encode(claims(sid, jti=None), KEY),
    "without a session": lambda sid: jwt.encode(claims(sid, sid=None), KEY),
    "a session that is no id": lambda sid: jwt.encode(claims(sid, sid="1 OR 1=1"), KEY),
    "a session that never was": lambda sid: jwt.encode(claims(new_id()), KEY),
    "a key from elsewhere": lambda sid: jwt.encode(claims(sid), "\0", headers={"kid": "../../dev/null"}),
    "a key it brings itself": lambda sid: jwt.encode(
        claims(sid),
        "x" * 40,
        headers={"jwk": {"kty": "oct", "k": "eA"}, "jku": "https://evil.example/", "x5u": "x"},
    ),
    "an unknown extension": lambda sid: jwt.encode(claims(sid), KEY, headers={"crit": ["x"], "x": 1}),
    "a bare simplejwt one": lambda sid: str(AccessToken.for_user(User(pk=new_id()))),
    "cut": lambda sid: jwt.encode(claims(sid), KEY)[:-2],
    "without signature": lambda sid: jwt.encode(claims(sid), KEY).rpartition(".")[0] + ".",
    "padded": lambda sid: jwt.encode(claims(sid), KEY) + "==",
    "nothing": lambda sid: "",
    "dots": lambda sid: "..",
    "no JSON": lambda sid: "YQ.YQ.YQ",
    "a list": lambda sid: "W10.W10.W10",
    "two words": lambda sid: jwt.encode(claims(sid), KEY) + " more",
    "foreign letters": lambda sid: "é.ü.雪".encode().decode("latin-1"),
    "huge": lambda sid: "a" * 6000,
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("case", FORGED)
def test_a_bearer_that_is_not_genuine_opens_nothing(case):
    opened = sign_in_as(UserFactory())

    response = client_with(FORGED[case](opened.session_id)).get(ME)

    assert (response.status_code, response.data["code"]) == (401, "token_invalid")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Basic YTpi", "Token abc", "", "bearerabc"])
def test_another_scheme_is_no_sign_in(header, anonymous):
    response = anonymous.get(ME, headers={"Authorization": header})

    assert (response.status_code, response.data["code"]) == (401, "not_authenticated")


def test_the_scheme_is_read_in_any_case(anonymous):
    access = sign_in_as(UserFactory()).tokens.access

    assert anonymous.get(ME, headers={"Authorization": f"bearer {access}"}).status_code == 200


@pytest.mark.parametrize("end", ["sign out", "everywhere", "shut", "erased", "deleted", "expired", "revoked"])
def test_an_access_token_dies_with_its_session(end):
    user = UserFactory()
    opened = sign_in_as(user)
    client, now = client_with(opened.tokens.access), timezone.now()
    assert client.get(ME).status_code == 200
    if end == "sign out":
        services.sign_out(refresh=opened.tokens.refresh, now=now)
    elif end == "everywhere":
        services.sign_out_everywhere(user_id=user.pk, now=now)
    elif end == "shut":
        User.objects.filter(pk=user.pk).update(is_active=False)
    elif end == "erased":
        User.objects.filter(pk=user.pk).update(is_active=False, erased_at=now)
    elif end == "deleted":
        user.delete()
    elif end == "expired":
        Session.objects.update(expires_at=now)
    else:
        services.end_session(user_id=user.pk, session_id=opened.session_id, now=now)

    response = client.get(ME)

    assert (response.status_code, response.data["code"]) == (401, "token_invalid")


def test_signing_in_costs_a_request_one_statement(django_assert_num_queries):
    client = client_with(sign_in_as(UserFactory()).tokens.access)

    with django_assert_num_queries(1):
        assert client.get(ME).status_code == 200

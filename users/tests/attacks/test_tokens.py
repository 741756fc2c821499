"""Tokens that somebody made: none opens anything, as a bearer or in a body, and none is ever a bug."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.core.signing import TimestampSigner
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from shop.core.ids import new_id, new_token
from users import selectors
from users.models import User
from users.tests.access import rows
from users.tests.clients import client_with, sign_in_as
from users.tests.factories import UserFactory

pytestmark = [
    pytest.mark.once,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning"),
]

ME = "/api/v1/users/me/"
KEY = settings.JWT_SIGNING_KEY
# What a shop that signed by RSA would show to everybody.
PUBLIC_KEY = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
"""


def claims(opened: Any, kind: str = "access", **changes: Any) -> dict[str, Any]:
    """Return what a genuine token says, with changes; None leaves a claim out."""
    now = timezone.now()
    genuine = {
        "token_type": kind, "exp": now + timedelta(minutes=5), "iat": now, "jti": opened.tokens.refresh_jti,
        "sid": str(opened.session_id), "user_id": str(opened.user.pk), "iss": "shop", "aud": "shop",
    }  # fmt: skip
    return {name: value for name, value in {**genuine, **changes}.items() if value is not None}


def signed(
    opened: Any, kind: str, key: Any = KEY, *, headers: dict[str, Any] | None = None, **changes: Any
) -> str:
    """Return a token that is genuine but for what is changed."""
    return jwt.encode(claims(opened, kind, **changes), key, headers=headers)


def coded(part: Any) -> str:
    """Return one part of a token."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def with_header(opened: Any, kind: str, header: Any, key: bytes = KEY.encode()) -> str:
    """Return a token with any header at all, signed as if it were one of ours."""
    head = f"{coded(header)}.{signed(opened, kind).split('.')[1]}"
    return f"{head}.{coded(hmac.digest(key, head.encode(), 'sha256'))}"


def with_claim_swapped_in(opened: Any, kind: str) -> str:
    """Return somebody else's claims under one's own signature."""
    head, _, mark = signed(opened, kind).split(".")
    return ".".join((head, signed(opened, kind, user_id=str(new_id())).split(".")[1], mark))


def later(**more: float) -> Any:
    return timezone.now() + timedelta(**more)


# Each takes the session that it would like to open, and "access" or "refresh".
FORGED: dict[str, Any] = {
    # The algorithm.
    "no algorithm": lambda o, k: jwt.encode(claims(o, k), None, algorithm="none"),
    "no algorithm in odd letters": lambda o, k: f"{coded({'alg': 'nOnE'})}.{signed(o, k).split('.')[1]}.",
    "no algorithm, but signed": lambda o, k: with_header(o, k, {"alg": "none"}),
    "another algorithm": lambda o, k: jwt.encode(claims(o, k), KEY * 2, algorithm="HS512"),
    "another family": lambda o, k: with_header(o, k, {"alg": "RS256"}),
    "a public key as the secret": lambda o, k: with_header(o, k, {"alg": "HS256"}, key=PUBLIC_KEY),
    "a public key under its own name": lambda o, k: with_header(o, k, {"alg": "RS256"}, key=PUBLIC_KEY),
    "an algorithm that is a list": lambda o, k: with_header(o, k, {"alg": ["HS256"]}),
    "an algorithm nobody named": lambda o, k: with_header(o, k, {}),
    # The key.
    "another key": lambda o, k: signed(o, k, "x" * 40),
    "an empty key": lambda o, k: signed(o, k, "\0"),
    "the other secret": lambda o, k: signed(o, k, settings.SECRET_KEY),
    "a key in a file": lambda o, k: signed(o, k, "\0", headers={"kid": "../../dev/null"}),
    "a key in a table": lambda o, k: signed(o, k, "x", headers={"kid": "' UNION SELECT 'x"}),
    "a key that it brings": lambda o, k: signed(o, k, "x", headers={"jwk": {"kty": "oct", "k": "eA"}}),
    "a key from elsewhere": lambda o, k: signed(o, k, "x", headers={"jku": "https://evil.example/"}),
    "a certificate from elsewhere": lambda o, k: signed(o, k, "x", headers={"x5u": "https://evil.example/"}),
    "a certificate that it brings": lambda o, k: signed(o, k, "x", headers={"x5c": [coded(PUBLIC_KEY)]}),
    "a name that is a number": lambda o, k: with_header(o, k, {"alg": "HS256", "kid": 7}),
    # The header.
    "an unknown extension": lambda o, k: signed(o, k, headers={"crit": ["x"], "x": 1}),
    "a body that is elsewhere": lambda o, k: signed(o, k, headers={"b64": False, "crit": ["b64"]}),
    "a header that is no object": lambda o, k: with_header(o, k, ["HS256"]),
    "a header that is no JSON": lambda o, k: with_header(o, k, b"\xff\xfe{"),
    "a header as deep as a well": lambda o, k: f"{coded(b'[' * 2900)}.e30.eA",
    # The claims, well signed: what another program with the same key could make.
    "expired": lambda o, k: signed(o, k, exp=later(minutes=-1)),
    "without an end": lambda o, k: signed(o, k, exp=None),
    "an end that is no time": lambda o, k: signed(o, k, exp="never"),
    "of the future": lambda o, k: signed(o, k, nbf=later(hours=1)),
    "made in the future": lambda o, k: signed(o, k, iat=later(hours=1)),
    "another issuer": lambda o, k: signed(o, k, iss="blog"),
    "without an issuer": lambda o, k: signed(o, k, iss=None),
    "for somebody else": lambda o, k: signed(o, k, aud="blog"),
    "for nobody": lambda o, k: signed(o, k, aud=None),
    "of the other kind": lambda o, k: signed(o, "refresh" if k == "access" else "access"),
    "of a kind we don't make": lambda o, k: signed(o, "sliding"),
    "without a kind": lambda o, k: signed(o, k, token_type=None),
    "without an id": lambda o, k: signed(o, k, jti=None),
    "without a session": lambda o, k: signed(o, k, sid=None),
    "a session that is no id": lambda o, k: signed(o, k, sid="1 OR 1=1"),
    "a session that is a list": lambda o, k: signed(o, k, sid=[str(o.session_id)]),
    "a session that never was": lambda o, k: signed(o, k, sid=str(new_id())),
    "a library's own": lambda o, k: str(AccessToken.for_user(User(pk=new_id()))),
    # The form.
    "somebody else's claims": with_claim_swapped_in,
    "cut": lambda o, k: signed(o, k)[:-2],
    "without a signature": lambda o, k: signed(o, k).rpartition(".")[0] + ".",
    "four parts": lambda o, k: f"{signed(o, k)}.eA",
    "five parts": lambda o, k: "eA.eA.eA.eA.eA",
    "two parts": lambda o, k: signed(o, k).rpartition(".")[0],
    "padded": lambda o, k: f"{signed(o, k)}==",
    "as JSON": lambda o, k: json.dumps(dict(zip("hps", signed(o, k).split("."), strict=True))),
    "two of them": lambda o, k: f"{signed(o, k)}, {signed(o, k)}",
    "two words": lambda o, k: f"{signed(o, k)} more",
    "dots": lambda o, k: "..",
    "no JSON": lambda o, k: "YQ.YQ.YQ",
    "foreign letters": lambda o, k: "é.ü.ñ",
    "huge": lambda o, k: "a" * 3999,
    # What else this shop hands out, or another would.
    "a mailed link": lambda o, k: selectors.reset_link_parts(o.user, now=timezone.now()).token,
    "a guest's token": lambda o, k: new_token(),
    "a signed cookie": lambda o, k: TimestampSigner().sign(str(o.session_id)),
    "a session's id": lambda o, k: str(o.session_id),
    "a user's id": lambda o, k: str(o.user.pk),
}  # fmt: skip


@pytest.fixture
def opened():
    return sign_in_as(UserFactory())


def test_the_form_that_the_others_vary_is_good(opened, anonymous):
    """Otherwise everything below would be refused for a reason of its own."""
    assert client_with(signed(opened, "access")).get(ME).status_code == 200
    body = {"refresh": signed(opened, "refresh")}
    assert anonymous.post("/api/v1/auth/refresh/", body).status_code == 200


@pytest.mark.parametrize("case", FORGED)
def test_no_forged_token_opens_or_ends_anything(case, opened, anonymous):
    access, refresh = (FORGED[case](opened, kind) for kind in ("access", "refresh"))
    before = rows()

    answers = {
        "bearer": client_with(access).patch(ME, {"first_name": "Eve"}),
        "refresh": anonymous.post("/api/v1/auth/refresh/", {"refresh": refresh}),
        "logout": anonymous.post("/api/v1/auth/logout/", {"refresh": refresh}),
    }

    if case == "a session that never was":
        # Signed by the shop itself, for a session that is over: which is what was asked for.
        assert answers.pop("logout").status_code == 204
    for answer in answers.values():
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert rows() == before


@pytest.mark.parametrize("place", ["query", "cookie", "body", "other header"])
def test_a_bearer_counts_in_its_header_only(place, opened, anonymous):
    """Elsewhere it would end up in logs, in a Referer, or travel by itself."""
    access = opened.tokens.access
    if place == "query":
        answer = anonymous.get(ME, {"access_token": access, "token": access, "jwt": access})
    elif place == "cookie":
        anonymous.cookies["access"] = anonymous.cookies["Authorization"] = access
        answer = anonymous.get(ME)
    elif place == "body":
        answer = anonymous.patch(ME, {"access": access})
    else:
        answer = anonymous.get(ME, headers={"X-Authorization": f"Bearer {access}", "X-Access-Token": access})

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

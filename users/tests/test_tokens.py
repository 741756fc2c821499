"""What a bearer is, and when it stops being one. Forged ones stand in ``attacks/test_tokens.py``."""

from __future__ import annotations

import pytest
from django.utils import timezone

from users import services
from users.models import Session, User
from users.tests.clients import client_with, sign_in_as
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me/"


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

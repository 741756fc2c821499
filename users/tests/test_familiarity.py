"""Which sign-ins their owner hears of."""

from __future__ import annotations

import pytest
from django.utils import timezone

from shop.events.models import OutboxEvent
from users import services
from users.errors import InvalidCredentials
from users.models import Session, User
from users.tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.django_db]

HOME, CAFE = "203.0.113.9", "198.51.100.4"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) Firefox/131.0"
UPDATED = "Mozilla/5.0 (X11; Linux x86_64) Firefox/132.0.1"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1) Safari/604.1"


@pytest.fixture
def ada() -> User:
    return UserFactory()


def sign_in(user: User, address: str, agent: str) -> services.SignIn:
    client = services.Client(address=address, user_agent=agent)
    return services.sign_in(
        email=user.email, password=PASSWORD, client=client, cart_token=None, now=timezone.now()
    )


def told() -> list[str]:
    found = OutboxEvent.objects.filter(type="users.unfamiliar_sign_in.v1").order_by("pk")
    return [payload["session_id"] for payload in found.values_list("payload", flat=True)]


def test_the_first_one_says_nothing(ada: User) -> None:
    sign_in(ada, HOME, LAPTOP)

    assert told() == []


def test_from_where_they_were_before_says_nothing_whatever_the_version(ada: User) -> None:
    sign_in(ada, HOME, LAPTOP)
    sign_in(ada, "203.0.113.77", UPDATED)

    assert told() == []


@pytest.mark.parametrize(("address", "agent"), [(CAFE, LAPTOP), (HOME, PHONE), (CAFE, PHONE)])
def test_a_new_place_or_device_is_announced_once(ada: User, address: str, agent: str) -> None:
    sign_in(ada, HOME, LAPTOP)
    new = sign_in(ada, address, agent)
    sign_in(ada, address, agent)

    assert told() == [str(new.session_id)]


def test_what_others_use_is_not_familiar(ada: User) -> None:
    sign_in(UserFactory(), CAFE, PHONE)
    sign_in(ada, HOME, LAPTOP)
    sign_in(ada, CAFE, PHONE)

    assert len(told()) == 1


def test_a_sign_in_that_fails_announces_nothing(ada: User) -> None:
    sign_in(ada, HOME, LAPTOP)
    client = services.Client(address=CAFE, user_agent=PHONE)
    with pytest.raises(InvalidCredentials):
        services.sign_in(
            email=ada.email, password="not-this-one", client=client, cart_token=None, now=timezone.now()
        )

    assert (told(), Session.objects.count()) == ([], 1)

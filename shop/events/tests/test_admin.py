from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from shop.events.models import DeadLetter, OutboxEvent, ParkedEvent
from shop.events.tests.conftest import GROUP
from shop.events.tests.test_services import letter  # noqa: F401  (a fixture)
from shop.events.tests.things import happen, seen

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def browser(client, db):
    """A browser whose user is staff and may do what the returned function grants."""

    def sign_in(*permissions):
        user = get_user_model()(is_staff=True, is_active=True)
        if hasattr(user, "email"):
            user.email = "staff@example.com"
        user.save()
        for permission in permissions:
            user.user_permissions.add(Permission.objects.get(codename=permission))
        client.force_login(user)
        return client

    return sign_in


def act(client, model, action, row):
    address = f"/admin/events/{model}/"
    return client.post(address, {"action": action, "_selected_action": [row.pk]}, follow=True)


@pytest.mark.parametrize("model", ["outboxevent", "parkedevent", "deadletter"])
def test_lists_are_shown_and_nothing_can_be_added_or_removed(browser, model):
    client = browser(f"view_{model}", f"add_{model}", f"delete_{model}")

    assert client.get(f"/admin/events/{model}/").status_code == 200
    assert client.get(f"/admin/events/{model}/add/").status_code == 403


def test_the_inbox_is_not_shown(browser):
    assert browser("view_inboxevent").get("/admin/events/inboxevent/").status_code == 404


def test_a_dead_letter_is_shown_but_not_changed(browser, letter):  # noqa: F811
    client = browser("view_deadletter", "change_deadletter")
    address = f"/admin/events/deadletter/{letter.pk}/change/"

    assert letter.error.encode() in client.get(address).content
    assert client.post(address, {"error": "none"}).status_code == 403


def test_retrying_a_dead_letter_takes_the_permission_to_change_it(browser, letter):  # noqa: F811
    act(browser("view_deadletter"), "deadletter", "retry", letter)

    assert seen() == []
    assert DeadLetter.objects.count() == 1


def test_retries_a_dead_letter(browser, letter):  # noqa: F811
    act(browser("view_deadletter", "change_deadletter"), "deadletter", "retry", letter)

    assert seen() == [1]
    assert not DeadLetter.objects.exists()


def test_drops_a_dead_letter(browser, letter):  # noqa: F811
    act(browser("view_deadletter", "change_deadletter"), "deadletter", "drop", letter)

    assert seen() == []
    assert not DeadLetter.objects.exists()


def test_sends_a_parked_row_again(browser):
    client = browser("view_outboxevent", "change_outboxevent")
    (row,) = happen(1)
    OutboxEvent.objects.update(parked_at=NOW)

    act(client, "outboxevent", "resend", row)

    assert OutboxEvent.objects.get().parked_at is None


def test_drops_a_parked_event(browser):
    client = browser("view_parkedevent", "change_parkedevent")
    (row,) = happen(1)
    parked = ParkedEvent.objects.create(
        group=GROUP,
        event_id=row.event_id,
        type=row.type,
        key=row.key,
        message="",
        parked_at=NOW,
        next_attempt_at=NOW,
    )

    act(client, "parkedevent", "drop", parked)

    assert not ParkedEvent.objects.exists()

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from shop.audit.models import AuditEntry
from shop.core.ids import new_id
from shop.events import registry, services
from shop.events.backends import message_of
from shop.events.consumer import Outcome, Position, receive
from shop.events.models import DeadLetter, InboxEvent, OutboxEvent, ParkedEvent
from shop.events.relay import due_rows
from shop.events.tests.conftest import GROUP
from shop.events.tests.things import ThingHappened, happen, see, seen

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STAFF = new_id()


def fail(_event, _now):
    raise ValueError("still broken")


@pytest.fixture
def letter(db):
    """An event that the group gave up on; its handler works again."""
    (row,) = happen(1)
    InboxEvent.objects.create(group=GROUP, event_id=row.event_id, handled_at=NOW)
    return DeadLetter.objects.create(
        group=GROUP,
        event_id=row.event_id,
        type=row.type,
        key=row.key,
        message=message_of(row).decode(),
        attempts=8,
        error="ValueError: broken",
        died_at=NOW,
    )


def command(*arguments):
    out = StringIO()
    call_command("dead_letters", *arguments, stdout=out, stderr=out)
    return out.getvalue()


class TestRetryDeadLetter:
    def test_handles_it_and_says_who_did(self, letter):
        services.retry_dead_letter(letter_id=letter.pk, actor_id=STAFF, now=NOW)

        assert seen(letter.key) == [1]
        assert not DeadLetter.objects.exists()
        assert InboxEvent.objects.count() == 1
        entry = AuditEntry.objects.get(action="events.dead_letter_retried")
        assert (entry.actor_id, entry.object_id) == (STAFF, str(letter.pk))

    def test_keeps_it_with_the_new_error_when_it_fails_again(self, letter):
        registry.handlers[GROUP][ThingHappened.type] = [see, fail]

        with pytest.raises(services.EventStillFails, match="fails again: ValueError: still broken"):
            services.retry_dead_letter(letter_id=letter.pk, actor_id=STAFF, now=NOW)

        letter.refresh_from_db()
        assert (letter.attempts, letter.error) == (9, "ValueError: still broken")
        assert seen() == []

    def test_has_one_effect_when_two_do_it(self, letter):
        services.retry_dead_letter(letter_id=letter.pk, actor_id=STAFF, now=NOW)

        with pytest.raises(services.EventGone):
            services.retry_dead_letter(letter_id=letter.pk, actor_id=STAFF, now=NOW)

        assert seen() == [1]

    def test_a_forged_one_stays_forged(self, db):
        (row,) = happen(1)
        OutboxEvent.objects.all().delete()
        receive(group=GROUP, message=message_of(row), position=Position("shop.shop", 0, 1), now=NOW)

        with pytest.raises(services.EventStillFails, match="No such event"):
            services.retry_dead_letter(letter_id=DeadLetter.objects.get().pk, actor_id=STAFF, now=NOW)

        assert seen() == []
        assert not InboxEvent.objects.exists()


class TestDropDeadLetter:
    def test_gives_it_up_for_good(self, letter):
        message = letter.message.encode()

        services.drop_dead_letter(letter_id=letter.pk, actor_id=STAFF, now=NOW)

        assert not DeadLetter.objects.exists()
        assert receive(group=GROUP, message=message, position=None, now=NOW) is Outcome.DUPLICATE
        entry = AuditEntry.objects.get(action="events.dead_letter_dropped")
        assert entry.facts["key"] == letter.key
        assert seen() == []


@pytest.mark.django_db
class TestParkedEvents:
    def test_dropping_the_first_lets_the_second_go_and_is_final(self):
        registry.handlers[GROUP][ThingHappened.type] = [fail]
        first, second = happen(1, 2)
        for row in (first, second):
            receive(group=GROUP, message=message_of(row), position=None, now=NOW)

        services.drop_parked_event(
            parked_id=ParkedEvent.objects.get(event_id=first.event_id).pk, actor_id=STAFF, now=NOW
        )

        assert ParkedEvent.objects.get().event_id == second.event_id
        assert receive(group=GROUP, message=message_of(first), position=None, now=NOW) is Outcome.DUPLICATE
        assert AuditEntry.objects.get().action == "events.parked_event_dropped"

    def test_retrying_makes_it_due(self):
        registry.handlers[GROUP][ThingHappened.type] = [fail]
        (row,) = happen(1)
        receive(group=GROUP, message=message_of(row), position=None, now=NOW)

        services.retry_parked_event(parked_id=ParkedEvent.objects.get().pk, now=NOW)

        assert ParkedEvent.objects.get().next_attempt_at == NOW

    def test_what_is_gone_is_gone(self):
        with pytest.raises(services.EventGone):
            services.drop_parked_event(parked_id=1, actor_id=STAFF, now=NOW)
        with pytest.raises(services.EventGone):
            services.retry_parked_event(parked_id=1, now=NOW)


@pytest.mark.django_db
class TestOutboxEvents:
    def test_sending_again_frees_the_key(self):
        rows = happen(1, 2)
        OutboxEvent.objects.filter(pk=rows[0].pk).update(parked_at=NOW, attempts=1, error="too large")
        assert due_rows(now=NOW) == []

        services.resend_outbox_event(row_id=rows[0].pk, actor_id=STAFF, now=NOW)

        assert due_rows(now=NOW) == rows

    def test_dropping_frees_the_key_and_keeps_a_record(self):
        first, second = happen(1, 2)
        OutboxEvent.objects.filter(pk=first.pk).update(parked_at=NOW)

        services.drop_outbox_event(row_id=first.pk, actor_id=STAFF, now=NOW)

        assert due_rows(now=NOW) == [second]
        assert AuditEntry.objects.get().facts["event_id"] == str(first.event_id)

    def test_only_a_parked_row_can_be_dropped(self):
        (row,) = happen(1)

        with pytest.raises(services.EventGone):
            services.drop_outbox_event(row_id=row.pk, actor_id=STAFF, now=NOW)

        assert OutboxEvent.objects.count() == 1


class TestCommand:
    def test_lists(self, letter):
        said = command("list")

        assert (
            f"{letter.pk}  2026-11-23 12:00:00  {GROUP}  {letter.type}  {letter.key}  ValueError: broken"
            in said
        )
        assert "Dead letters: 1, parked: 0, unsendable: 0." in said

    def test_lists_one_group(self, letter):
        assert letter.key not in command("list", "--group", "others")

    def test_shows_everything(self, letter):
        said = command("show", str(letter.pk))

        assert f"event_id: {letter.event_id}" in said
        assert letter.message in said

    def test_retries(self, letter):
        assert command("retry", str(letter.pk)) == f"{letter.pk}: handled.\n"

        assert seen() == [1]

    def test_retries_all_and_says_what_failed(self, letter):
        registry.handlers[GROUP][ThingHappened.type] = [fail]

        with pytest.raises(CommandError, match="1 of 1 didn't go through"):
            command("retry", "--all")

    def test_drops(self, letter):
        assert command("drop", str(letter.pk)) == f"{letter.pk}: dropped.\n"

        assert not DeadLetter.objects.exists()

    @pytest.mark.parametrize("arguments", [("drop",), ("drop", "1", "--all")])
    def test_wants_numbers_or_all(self, db, arguments):
        with pytest.raises(CommandError, match="Name dead letters"):
            command(*arguments)

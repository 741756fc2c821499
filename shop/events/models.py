"""The outbox and everything that happens to an event after it: inbox, parked events, dead letters, leases, jobs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class OutboxEvent(models.Model):
    """
    A fact, written beside the change that made it: it exists if and only if the change does.

    The primary key only orders the events of one aggregate: ids don't commit in order, so nobody may remember
    the last one seen.
    """

    event_id = models.UUIDField(unique=True)
    type = models.CharField(max_length=100)
    topic = models.CharField(max_length=100)
    aggregate_type = models.CharField(max_length=50)
    key = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    payload = models.JSONField()
    occurred_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    # A row that can't be sent parks its key: later events of that aggregate wait, other keys flow.
    parked_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    error = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["aggregate_type", "key", "version", "type"], name="events_outbox_once_a_version"
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(published_at__isnull=True), name="events_outbox_unpublished"
            ),
            # The few rows that hold their key back: the relay asks for them at every poll.
            models.Index(
                fields=["key", "aggregate_type", "id"],
                condition=Q(published_at__isnull=True)
                & (Q(parked_at__isnull=False) | Q(next_attempt_at__isnull=False)),
                name="events_outbox_held",
            ),
            models.Index(fields=["published_at"], name="events_outbox_published"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.type} {self.key}"


class InboxEvent(models.Model):
    """
    An event that a group is done with: handled, in the transaction of the handlers' writes, or a dead letter.

    A redelivery finds its row and has no effect. Retrying a dead letter is the one way past it.
    """

    group = models.CharField(max_length=50)
    event_id = models.UUIDField()
    handled_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "event_id"], name="events_inbox_once_a_group"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.group} {self.event_id}"


class FailedEvent(models.Model):
    """What parked events and dead letters have in common: the message as it came, and why it stays here."""

    group = models.CharField(max_length=50)
    event_id = models.UUIDField(null=True)
    type = models.CharField(max_length=100)
    key = models.CharField(max_length=64)
    # The envelope as it came, even when it can't be read.
    message = models.TextField()
    topic = models.CharField(max_length=100, default="", blank=True)
    partition = models.IntegerField(null=True)
    offset = models.BigIntegerField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(default="", blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"#{self.pk} {self.group} {self.type} {self.key}"


class ParkedEvent(FailedEvent):
    """An event that failed in a group, or one of the same key that waits behind it."""

    event_id = models.UUIDField()
    parked_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "event_id"], name="events_parked_once_a_group"),
        ]
        indexes = [
            models.Index(fields=["group", "key", "id"], name="events_parked_queue"),
            models.Index(fields=["next_attempt_at"], name="events_parked_due"),
        ]


class DeadLetter(FailedEvent):
    """A message that a group gave up on; staff retry or drop it."""

    died_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "event_id"], name="events_deadletter_once_a_group"),
            # A forged or unreadable message has no id to trust, only the place where it stood.
            models.UniqueConstraint(
                fields=["group", "topic", "partition", "offset"],
                condition=Q(event_id__isnull=True),
                name="events_deadletter_once_a_place",
            ),
        ]


class Lease(models.Model):
    """Who leads a part of the worker, until when by the database's clock."""

    name = models.CharField(max_length=50, primary_key=True)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.holder}"


class JobRun(models.Model):
    """
    The last run of a timed job.

    A job that runs every few seconds is written down once a minute, and whenever it begins or ceases to fail.
    """

    name = models.CharField(max_length=100, primary_key=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(default="", blank=True)

    def __str__(self) -> str:
        return self.name

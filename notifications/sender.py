"""Delivering mail: claim with a lease, write, send, record. At least once, with the one window that SMTP leaves."""

from __future__ import annotations

import contextlib
import logging
import smtplib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.core import mail

from notifications import letters, outgoing, selectors, services
from notifications.errors import NotReady, Undeliverable
from notifications.failures import Failure, failure_of
from notifications.sandbox import Words
from notifications.services import overriding
from shop.core.failpoints import failpoint
from shop.core.transactions import forbid_transaction, use_case

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from django.core.mail.backends.base import BaseEmailBackend

    from notifications.letter import Letter
    from notifications.models import EmailMessage

log = logging.getLogger(__name__)

BATCH = 20
# One call begins no further delivery after this time: on a slow mail server, what was claimed doesn't wait in vain.
BUDGET = timedelta(seconds=5)


def send_due(*, now: datetime, stop: Callable[[], bool] = lambda: False, budget: timedelta = BUDGET) -> int:
    """
    Send what is due until nothing is left, the budget is used up or ``stop`` says so; return how many were sent.

    Several may run at once. A process that dies after the server took a mail and before that is recorded sends
    it once more when the lease has run out, with the same Message-ID: SMTP offers no way to close that window.

    :raises TransactionForbidden: a transaction is open.
    """
    forbid_transaction("Sending mail")
    clock = _Clock.starting(now)
    sent = 0
    # Looking first: an idle sender opens no transaction, which on SQLite would stop every other writer.
    while not stop() and clock.elapsed() < budget and selectors.is_work(now=clock.now()):
        batch = _Batch(holder=uuid4().hex, clock=clock, stop=lambda: stop() or clock.elapsed() >= budget)
        sent += batch.send()
        if batch.broken:
            break
    return sent


@dataclass(frozen=True)
class _Clock:
    """The time that the door passed, going on from there."""

    started: datetime
    mark: float

    @classmethod
    def starting(cls, now: datetime) -> _Clock:
        return cls(now, time.monotonic())

    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self.mark)

    def now(self) -> datetime:
        return self.started + self.elapsed()


class _Batch:
    """The messages of one claim, over one connection."""

    def __init__(self, *, holder: str, clock: _Clock, stop: Callable[[], bool]) -> None:
        self.holder = holder
        self.clock = clock
        self.stop = stop
        self.broken = False
        # What staff have written, read once a batch.
        self.words: dict[tuple[str, str], Words | None] = {}
        # The message whose lease was renewed when the one before it was recorded.
        self.renewed: UUID | None = None

    def send(self) -> int:
        """Claim a batch, deliver it message by message, hand back what wasn't reached; return how many were sent."""
        messages = use_case(services.claim, holder=self.holder, limit=BATCH, now=self.clock.now())
        if not messages:
            return 0
        connection: BaseEmailBackend = mail.get_connection()
        try:
            failure = _connect(connection)
            if failure is not None:
                self._all_fail(messages, failure)
                return 0
            return self._deliver_all(messages, connection)
        finally:
            # Also after a greeting that failed halfway. A server that is gone can't be told goodbye.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                connection.close()

    def _deliver_all(self, messages: Sequence[EmailMessage], connection: BaseEmailBackend) -> int:
        sent = 0
        for message, following in zip(messages, [*messages[1:], None], strict=True):
            if self.stop() or self.broken:
                use_case(services.hand_back, holder=self.holder, now=self.clock.now())
                break
            began = time.monotonic()
            composed = self._begin(message, connection)
            if composed is None:
                # Nothing went to the server, so its limit isn't touched: whoever waits holds up nobody else.
                continue
            sent += self._deliver(message, following, connection, *composed)
            time.sleep(max(0.0, 1 / settings.MAIL_PER_SECOND - (time.monotonic() - began)))
        return sent

    def _begin(
        self, message: EmailMessage, connection: BaseEmailBackend
    ) -> tuple[Letter, mail.EmailMultiAlternatives] | None:
        if self.renewed != message.pk and not use_case(
            services.renew, message_id=message.pk, holder=self.holder
        ):
            return None
        return self._compose(message, connection)

    def _deliver(
        self,
        message: EmailMessage,
        following: EmailMessage | None,
        connection: BaseEmailBackend,
        letter: Letter,
        written: mail.EmailMultiAlternatives,
    ) -> bool:
        failpoint("mail.before_send")
        failure = _hand_over(written, connection)
        if failure is not None:
            self._fails(message, failure)
            return False
        failpoint("mail.after_250_before_commit")
        return self._record(message, following, letter, written)

    def _compose(
        self, message: EmailMessage, connection: BaseEmailBackend
    ) -> tuple[Letter, mail.EmailMultiAlternatives] | None:
        try:
            letter = letters.letter_for(message, now=self.clock.now())
            words = self._words_for(letter.template or message.template, letter.language)
            return letter, outgoing.mail_of(message, letter, words, connection)
        except Undeliverable as error:
            self._fails(message, Failure(reason=str(error), final=True))
        except NotReady as error:
            use_case(
                services.wait,
                message_id=message.pk,
                holder=self.holder,
                error=str(error),
                now=self.clock.now(),
            )
        except Exception as error:
            # A template or a neighbour with a bug must not stop everybody else's mail.
            log.exception("mail %s can't be written", message.pk)
            self._fails(message, Failure(reason=f"Writing the mail failed: {type(error).__name__}."))
        return None

    def _words_for(self, template: str, language: str) -> Words | None:
        asked = (template, language)
        if asked not in self.words:
            self.words[asked] = overriding.words_for(template=template, language=language)
        return self.words[asked]

    def _record(
        self,
        message: EmailMessage,
        following: EmailMessage | None,
        letter: Letter,
        written: mail.EmailMultiAlternatives,
    ) -> bool:
        # django-anymail's backends leave the provider's id here; SMTP has none.
        status = getattr(written, "anymail_status", None)
        delivery = services.Delivery(
            address=letter.address,
            language=letter.language,
            provider_message_id=str(getattr(status, "message_id", None) or ""),
        )
        # One transaction for two: half of what a delivery costs on a durable database.
        recorded, renewed = use_case(
            services.go_on,
            message_id=message.pk,
            following=following.pk if following else None,
            holder=self.holder,
            delivery=delivery,
            now=self.clock.now(),
        )
        self.renewed = following.pk if following and renewed else None
        if not recorded:
            log.warning("mail %s was sent after its lease had run out: it may arrive twice", message.pk)
        return recorded

    def _all_fail(self, messages: Sequence[EmailMessage], failure: Failure) -> None:
        self.broken = True
        log.warning("the mail server can't be used: %s", failure.reason)
        for message in messages:
            self._put_off(message, failure.reason, failure.longest_pause)

    def _fails(self, message: EmailMessage, failure: Failure) -> None:
        self.broken = self.broken or failure.broken
        log.warning("mail %s wasn't sent: %s", message.pk, failure.reason)
        if failure.final:
            use_case(
                services.bury,
                message_id=message.pk,
                holder=self.holder,
                error=failure.reason,
                now=self.clock.now(),
            )
        else:
            self._put_off(message, failure.reason, failure.longest_pause)

    def _put_off(self, message: EmailMessage, reason: str, longest: timedelta) -> None:
        use_case(
            services.postpone,
            message_id=message.pk,
            holder=self.holder,
            error=reason,
            longest=longest,
            now=self.clock.now(),
        )


def _connect(connection: BaseEmailBackend) -> Failure | None:
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as error:
        return failure_of(error)
    return None


def _hand_over(written: mail.EmailMultiAlternatives, connection: BaseEmailBackend) -> Failure | None:
    forbid_transaction("Sending mail")
    try:
        if connection.send_messages([written]):
            return None
    except (smtplib.SMTPException, OSError) as error:
        return failure_of(error)
    except Exception as error:
        log.exception("mail %s: the mail backend failed", written.extra_headers["Message-ID"])
        return failure_of(error)
    return Failure(reason="The mail backend took nothing.")

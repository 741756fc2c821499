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

from notifications import letters, rendering, selectors, services
from notifications.errors import NotReady, Undeliverable
from notifications.failures import Failure, failure_of
from notifications.services import overriding
from shop.core.failpoints import failpoint
from shop.core.transactions import forbid_transaction, use_case

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.core.mail.backends.base import BaseEmailBackend

    from notifications.letter import Letter
    from notifications.models import EmailMessage

log = logging.getLogger(__name__)

BATCH = 20
# One call works this long at most, so that a slow mail server doesn't hold up what else a worker does.
BUDGET = timedelta(seconds=5)
# What isn't made yet is made by another consumer, which is seldom more than moments behind.
_READY_SOON = timedelta(seconds=1)


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
        batch = _Batch(holder=uuid4().hex, clock=clock, stop=stop)
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
        for message in messages:
            if self.stop() or self.broken:
                use_case(services.hand_back, holder=self.holder, now=self.clock.now())
                break
            began = time.monotonic()
            sent += self._deliver(message, connection)
            time.sleep(max(0.0, 1 / settings.MAIL_PER_SECOND - (time.monotonic() - began)))
        return sent

    def _deliver(self, message: EmailMessage, connection: BaseEmailBackend) -> bool:
        if not use_case(services.renew, message_id=message.pk, holder=self.holder):
            return False
        composed = self._compose(message, connection)
        if composed is None:
            return False
        letter, outgoing = composed
        failpoint("mail.before_send")
        failure = _hand_over(outgoing, connection)
        if failure is not None:
            self._fails(message, failure)
            return False
        failpoint("mail.after_250_before_commit")
        return self._record(message, letter, outgoing)

    def _compose(
        self, message: EmailMessage, connection: BaseEmailBackend
    ) -> tuple[Letter, mail.EmailMultiAlternatives] | None:
        try:
            letter = letters.letter_for(message, now=self.clock.now())
            return letter, _mail(message, letter, connection)
        except Undeliverable as error:
            self._fails(message, Failure(reason=str(error), final=True))
        except NotReady as error:
            self._put_off(message, str(error), _READY_SOON)
        except Exception as error:
            # A template or a neighbour with a bug must not stop everybody else's mail.
            log.exception("mail %s can't be written", message.pk)
            self._fails(message, Failure(reason=f"Writing the mail failed: {type(error).__name__}."))
        return None

    def _record(self, message: EmailMessage, letter: Letter, outgoing: mail.EmailMultiAlternatives) -> bool:
        # django-anymail's backends leave the provider's id here; SMTP has none.
        status = getattr(outgoing, "anymail_status", None)
        delivery = services.Delivery(
            address=letter.address,
            language=letter.language,
            provider_message_id=str(getattr(status, "message_id", None) or ""),
        )
        recorded = use_case(
            services.mark_sent,
            message_id=message.pk,
            holder=self.holder,
            delivery=delivery,
            now=self.clock.now(),
        )
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
            use_case(services.bury, message_id=message.pk, holder=self.holder, error=failure.reason)
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


def _hand_over(outgoing: mail.EmailMultiAlternatives, connection: BaseEmailBackend) -> Failure | None:
    forbid_transaction("Sending mail")
    try:
        if connection.send_messages([outgoing]):
            return None
    except (smtplib.SMTPException, OSError) as error:
        return failure_of(error)
    except Exception as error:
        log.exception("mail %s: the mail backend failed", outgoing.extra_headers["Message-ID"])
        return failure_of(error)
    return Failure(reason="The mail backend took nothing.")


def _mail(message: EmailMessage, letter: Letter, connection: BaseEmailBackend) -> mail.EmailMultiAlternatives:
    template = letter.template or message.template
    words = overriding.words_for(template=template, language=letter.language)
    written = rendering.render(
        template=template, language=letter.language, context=letter.context, words=words
    )
    outgoing = mail.EmailMultiAlternatives(
        subject=written.subject,
        body=written.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.address],
        reply_to=[settings.CONTACT_EMAIL] if settings.CONTACT_EMAIL else None,
        connection=connection,
        headers={
            "Message-ID": message.message_id,
            # Keeps holiday notices away (RFC 3834).
            "Auto-Submitted": "auto-generated",
            "Content-Language": letter.language,
            **_unsubscribing(letter),
        },
    )
    outgoing.attach_alternative(written.html, "text/html")
    for attachment in letter.attachments:
        outgoing.attach(attachment.name, attachment.content, attachment.mimetype)
    return outgoing


def _unsubscribing(letter: Letter) -> dict[str, str]:
    """Return the headers that give mail programs a button of their own (RFC 8058)."""
    if not letter.unsubscribe_url:
        return {}
    return {
        "List-Unsubscribe": f"<{letter.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }

"""Mail as files: what development sends is kept in a folder and shown at ``/dev/mailbox/``."""

from __future__ import annotations

import email
import email.policy
import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from email.message import EmailMessage as ParsedMessage

    from django.core.mail import EmailMessage

# Nanoseconds since the epoch, in as many digits until the year 2286: names sort by time.
_NAME = re.compile(r"[0-9]{19}-[0-9a-f]{8}")


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as a reader sees it; ``name`` is its file's, without the suffix."""

    name: str
    to: str
    subject: str
    text: str
    html: str
    at: datetime
    headers: dict[str, str]
    attachments: list[str]


class MailboxBackend(BaseEmailBackend):
    """Write each mail to a file of its own in ``MAILBOX_DIR``."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails and return how many there were."""
        folder = Path(settings.MAILBOX_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        sent = [_write(folder, message) for message in email_messages if message.recipients()]
        return len(sent)


def newest_first(*, to: str = "") -> Iterator[Mail]:
    """
    Yield the mails in the folder, the latest one first.

    :param to: only those to an address that holds this text, whatever its case.
    """
    folder = Path(settings.MAILBOX_DIR)
    names = sorted((path.stem for path in folder.glob("*.eml")), reverse=True)
    for name in names:
        found = read(name)
        if found is not None and to.lower() in found.to.lower():
            yield found


def read(name: str) -> Mail | None:
    """Return one mail, or None when there is none of this name."""
    if not _NAME.fullmatch(name):
        return None
    try:
        raw = (Path(settings.MAILBOX_DIR) / f"{name}.eml").read_bytes()
    except FileNotFoundError:
        return None
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return Mail(
        name=name,
        to=str(message["To"] or ""),
        # What was folded right behind the header's name begins with a space.
        subject=str(message["Subject"] or "").strip(),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        at=datetime.fromtimestamp(int(name[:19]) / 1e9, UTC),
        headers={key: str(value).strip() for key, value in message.items()},
        attachments=[part.get_filename() or part.get_content_type() for part in message.iter_attachments()],
    )


def _write(folder: Path, message: EmailMessage) -> Path:
    name = f"{time.time_ns():019d}-{uuid4().hex[:8]}"
    # The suffix is what readers look for, so a file under another one is not there yet.
    draft = folder / f"{name}.draft"
    draft.write_bytes(message.message().as_bytes())
    final = folder / f"{name}.eml"
    os.replace(draft, final)
    return final


def _body(message: ParsedMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""

"""What somebody agrees to and takes back: rows that are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from shop.core.errors import NotFound
from shop.core.transactions import require_transaction, use_case
from users import limits
from users.customers import has_consent, newest_consent
from users.models import Consent, User

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from users.devices import Client


@dataclass(frozen=True, kw_only=True)
class Said:
    """
    What somebody agreed to, or took back.

    ``source`` says where, ``version`` which text it was, both in the words of whoever showed it.
    """

    purpose: str
    granted: bool
    source: str
    version: str = ""


def record_consent(*, user_id: UUID, said: Said, client: Client, now: datetime) -> tuple[Consent, bool]:
    """
    Write down what somebody says, and return it and whether it was news.

    Saying the same of the same text once more writes nothing: the earlier row stays the proof.

    Transaction: its own; call it outside of one. Locks: the account.

    :raises RateLimited: a hundred times today already; nothing is written.
    :raises NotFound: there is no such account, or it may no longer act.
    """
    limits.spend_consent(user_id)
    return use_case(_record, user_id=user_id, said=said, client=client, now=now)


@transaction.atomic
def withdraw_consent(*, user_id: UUID, purpose: str, source: str, client: Client, now: datetime) -> bool:
    """
    Take back what somebody agrees to, and tell whether they did until now; else nothing is written.

    For links that must work each time: no limit counts this, whatever state the account is in, or whether there is
    one. Each row that it adds answers one that agreed, so it fills nothing. Locks: the account.

    :param source: where it was taken back, in the words of whoever made the link.
    """
    account = User.objects.select_for_update(no_key=True).filter(pk=user_id, erased_at__isnull=True)
    if not account.values_list("pk", flat=True).first() or not has_consent(user_id, purpose):
        return False
    said = Said(purpose=purpose, granted=False, source=source)
    write_consents(user_id=user_id, said=[said], client=client, now=now)
    return True


@transaction.atomic
def _record(*, user_id: UUID, said: Said, client: Client, now: datetime) -> tuple[Consent, bool]:
    # Two that say the same at once would both find nothing and write it twice.
    account = User.objects.living().select_for_update(no_key=True).filter(pk=user_id)
    if not account.values_list("pk", flat=True).first():
        raise NotFound
    newest = newest_consent(user_id, said.purpose)
    if newest is not None and (newest.granted, newest.version) == (said.granted, said.version):
        return newest, False
    return write_consents(user_id=user_id, said=[said], client=client, now=now)[0], True


def write_consents(*, user_id: UUID, said: Iterable[Said], client: Client, now: datetime) -> list[Consent]:
    """Add what somebody says in the caller's transaction, in one statement, whatever was said before."""
    require_transaction("write_consents()")
    rows = [
        Consent(
            user_id=user_id,
            purpose=one.purpose,
            granted=one.granted,
            version=one.version,
            source=one.source,
            address=client.network,
            at=now,
        )
        for one in said
    ]
    return Consent.objects.bulk_create(rows)

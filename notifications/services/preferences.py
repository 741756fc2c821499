"""Which mail somebody wants beside that about their orders and their account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from notifications.models import MailPreference
from notifications.unsubscribing import BACK_IN_STOCK, MARKETING
from shop.core.transactions import use_case
from users import selectors as users
from users import services as accounts

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from notifications.unsubscribing import Subscription
    from users.services import Client

_ON_THE_PAGE = "notification preferences"
_BY_LINK = "unsubscribe link"


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What somebody wants: ``marketing`` are offers and reminders of a cart, which need their consent."""

    marketing: bool
    back_in_stock: bool


def preferences_of(user_id: UUID) -> Preferences:
    """Return what somebody wants; two statements."""
    return Preferences(
        marketing=users.has_consent(user_id, MARKETING), back_in_stock=wants(user_id, BACK_IN_STOCK)
    )


def wants(user_id: UUID, kind: str) -> bool:
    """Tell whether somebody still wants a kind of mail they once asked for; one statement."""
    return not MailPreference.objects.filter(user=user_id, kind=kind, wanted=False).exists()


def change(
    *,
    user_id: UUID,
    marketing: bool | None = None,
    back_in_stock: bool | None = None,
    client: Client,
    now: datetime,
) -> None:
    """
    Write down what a customer wants from now on; what is None stays as it is, and saying it again writes nothing.

    Transactions: one for each, since a consent is a record of its own; call it outside of one.

    :raises RateLimited: a consent was given or taken back a hundred times today; that one isn't written.
    :raises NotFound: there is no such account, or it may no longer act.
    """
    if marketing is not None and users.has_consent(user_id, MARKETING) != marketing:
        said = accounts.Said(purpose=MARKETING, granted=marketing, source=_ON_THE_PAGE)
        accounts.record_consent(user_id=user_id, said=said, client=client, now=now)
    if back_in_stock is not None:
        use_case(write, user_id=user_id, kind=BACK_IN_STOCK, wanted=back_in_stock, now=now)


@transaction.atomic
def end(*, subscription: Subscription, client: Client, now: datetime) -> None:
    """
    End what an unsubscribe link is about, whatever state the account is in; a second time does nothing.

    Locks: the account.
    """
    if subscription.purpose == BACK_IN_STOCK:
        write(user_id=subscription.user_id, kind=BACK_IN_STOCK, wanted=False, now=now)
        return
    accounts.withdraw_consent(
        user_id=subscription.user_id, purpose=subscription.purpose, source=_BY_LINK, client=client, now=now
    )


@transaction.atomic
def write(*, user_id: UUID, kind: str, wanted: bool, now: datetime) -> None:
    """
    Write down whether somebody wants a kind of mail; of an account that is gone nothing is written.

    Locks: the account, so that an erasure at the same time leaves nothing behind.
    """
    accounts.lock_recipient(user_id=user_id)
    account = users.user_by_id(user_id)
    if account is None or account.erased_at is not None or wants(user_id, kind) == wanted:
        return
    MailPreference.objects.update_or_create(
        user_id=user_id, kind=kind, defaults={"wanted": wanted, "changed_at": now}
    )


@transaction.atomic
def forget(*, user_id: UUID) -> None:
    """Delete what somebody said of mail."""
    MailPreference.objects.filter(user=user_id).delete()

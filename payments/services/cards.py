"""Cards that customers keep at Stripe, to pay again with; here is only who they are there."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from payments import gateway_cards as gateway
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.models import CustomerDeletion, StripeCustomer
from payments.services.one_by_one import LEASE, one_by_one
from shop.core.errors import NotFound
from shop.core.transactions import forbid_transaction, use_case

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from payments.provider import Card

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 3600


def begin_saving(*, user_id: UUID, now: datetime) -> str:
    """
    Return the secret by which a customer's browser saves a card at Stripe; they are made known there first.

    Transaction: short ones of its own, with Stripe between them. However often it fails, one customer comes of it.

    :raises GatewayUnavailable: Stripe gives no usable answer.
    """
    forbid_transaction("Saving a card")
    holder = use_case(_holder, user_id, now)
    if holder.customer_id is None:
        holder.customer_id = _ensure_customer(holder)
        StripeCustomer.objects.filter(pk=holder.pk, customer_id__isnull=True).update(
            customer_id=holder.customer_id
        )
    return gateway.create_setup(holder.customer_id)


def cards_of(*, user_id: UUID) -> Sequence[Card]:
    """
    Return the cards that a customer keeps at Stripe, the newest first.

    :raises GatewayUnavailable: Stripe gives no usable answer.
    """
    customer_id = customer_of(user_id)
    return gateway.list_cards(customer_id) if customer_id else ()


def remove_card(*, user_id: UUID, card_id: str) -> None:
    """
    Have Stripe forget a card of a customer.

    :raises NotFound: they have no such card: somebody else's looks the same.
    :raises GatewayUnavailable: Stripe gives no usable answer.
    """
    customer_id = customer_of(user_id)
    if customer_id is None:
        raise NotFound
    try:
        # By its owner, so that another's card is as good as none.
        gateway.require_card(customer_id, card_id)
        gateway.detach_card(card_id)
    except GatewayRefused:
        raise NotFound from None


def customer_of(user_id: UUID | None) -> str | None:
    """Return who somebody is at Stripe, or None for those who never saved a card."""
    if user_id is None:
        return None
    return StripeCustomer.objects.filter(user=user_id).values_list("customer_id", flat=True).first()


@transaction.atomic
def forget_cards(*, user_id: UUID, now: datetime) -> None:
    """Forget who somebody is at Stripe, and have Stripe forget them with all their cards; a sender asks it."""
    holder = StripeCustomer.objects.select_for_update().filter(user=user_id).first()
    if holder is None:
        return
    if holder.customer_id:
        CustomerDeletion.objects.create(customer_id=holder.customer_id, requested_at=now)
    holder.delete()


def delete_customers(*, now: datetime) -> int:
    """
    Have Stripe forget those who were erased here; return of how many it is done.

    :raises TransactionForbidden: a transaction is open.
    """
    forbid_transaction("Deleting customers")
    if not _due().exists():
        return 0
    return one_by_one(_claim_due, lambda row: _delete(row, now=now))


@transaction.atomic
def _holder(user_id: UUID, now: datetime) -> StripeCustomer:
    holder, _ = StripeCustomer.objects.get_or_create(user_id=user_id, defaults={"created_at": now})
    return holder


def _ensure_customer(holder: StripeCustomer) -> str:
    try:
        return gateway.create_customer(holder.pk, attempt=holder.attempt)
    except GatewayUnavailable as error:
        if not error.is_stored:
            raise
    # The failure would come back under this key for a day. Should the customer be there, nothing hangs on it: not a
    # card, not a name.
    StripeCustomer.objects.filter(pk=holder.pk, attempt=holder.attempt).update(attempt=F("attempt") + 1)
    holder.refresh_from_db(fields=["attempt"])
    return gateway.create_customer(holder.pk, attempt=holder.attempt)


def _due() -> QuerySet[CustomerDeletion]:
    ready = Q(not_before__isnull=True) | Q(not_before__lt=Now())
    return CustomerDeletion.objects.filter(ready, done_at__isnull=True)


@transaction.atomic
def _claim_due() -> CustomerDeletion | None:
    row = _due().select_for_update(skip_locked=True).order_by("requested_at").first()
    if row is not None:
        CustomerDeletion.objects.filter(pk=row.pk).update(
            not_before=Now() + LEASE, attempts=F("attempts") + 1
        )
    return row


def _delete(row: CustomerDeletion, *, now: datetime) -> bool:
    try:
        gateway.delete_customer(row.customer_id)
    except GatewayUnavailable as error:
        logger.warning("A customer can't be deleted at Stripe yet: %s", error)
        pause = min(2 ** (row.attempts + 1), _LONGEST_PAUSE)
        CustomerDeletion.objects.filter(pk=row.pk).update(not_before=Now() + timedelta(seconds=pause))
        return False
    except GatewayRefused:
        # Stripe knows no such customer any more: a try whose answer was lost, or somebody at its dashboard.
        logger.info("A customer was deleted at Stripe already.")
    CustomerDeletion.objects.filter(pk=row.pk).update(done_at=now)
    return True

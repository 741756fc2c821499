"""What Stripe's books since a time say otherwise than our rows, at first sight: cheap, and wrong at times."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from payments import books
from payments.books import Page
from payments.models import OPEN, Dispute, Payment, Refund
from payments.services.comparing import looks_different
from payments.services.strangers import named_payment, names_an_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

# A refund is on its way to Stripe within seconds.
SENT_WITHIN = timedelta(hours=1)
_AT_ONCE = 500


def suspects_in(since: datetime, looked_at: dict[str, int], *, now: datetime) -> list[str]:
    """
    Return the intents of which some part of the books says something else than we do, each once.

    :param looked_at: takes how many objects Stripe's lists had, by kind.
    :raises GatewayUnavailable: no usable answer.
    """
    pages = _pages(since, looked_at)
    suspects: dict[str, None] = {}
    for chunk in chunks(pages):
        known = {payment.pi_id: payment for payment in payments_with(chunk)}
        for pi_id in chunk:
            payment, page = known.get(pi_id), pages[pi_id]
            if looks_different(page, payment) if payment else is_of_interest(page):
                suspects[pi_id] = None
    seen = {one.refund.id for page in pages.values() for one in page.refunds}
    seen |= {one.id for page in pages.values() for one in page.disputes}
    suspects.update(dict.fromkeys(_alone_here(since, pages, seen, now=now)))
    return list(suspects)


def _pages(since: datetime, looked_at: dict[str, int]) -> dict[str, Page]:
    """Return what Stripe's books since the time say, by intent; what belongs to none is somebody else's."""
    parts: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    lists: dict[str, Iterator[Any]] = {
        "charges": books.charges_since(since),
        "refunds": books.refunds_since(since),
        "disputes": books.disputes_since(since),
    }
    intents = {intent.id: intent for intent in books.intents_since(since)}
    looked_at.update({"intents": len(intents), "charges": 0, "refunds": 0, "disputes": 0})
    for kind, things in lists.items():
        for thing in things:
            looked_at[kind] += 1
            if thing.pi_id:
                parts[thing.pi_id][kind].append(thing)
    return {
        pi_id: Page(
            intent=intents.get(pi_id), **{kind: tuple(things) for kind, things in parts[pi_id].items()}
        )
        for pi_id in {**intents, **parts}
    }


def is_of_interest(page: Page) -> bool:
    """Tell whether an intent without a payment has money and names something of ours."""
    intent = page.intent
    if intent is None:
        return False
    return intent.status == "succeeded" and (named_payment(intent) is not None or names_an_order(intent))


def _alone_here(since: datetime, pages: dict[str, Page], seen: set[str], *, now: datetime) -> Iterator[str]:
    """Yield the intents of rows of ours that should stand in the books since the time, and don't."""
    payments = Payment.objects.filter(Q(created_at__gte=since) | Q(status__in=OPEN), pi_id__isnull=False)
    for pi_id in payments.values_list("pi_id", flat=True).iterator(_AT_ONCE):
        if pi_id is not None and (pi_id not in pages or pages[pi_id].intent is None):
            yield pi_id
    refunds = Refund.objects.filter(created_at__gte=since).filter(
        Q(stripe_id__isnull=False) | Q(state=Refund.State.REQUESTED, created_at__lt=now - SENT_WITHIN)
    )
    disputes = Dispute.objects.filter(opened_at__gte=since)
    for rows in (refunds, disputes):
        for stripe_id, pi_id in rows.values_list("stripe_id", "payment__pi_id").iterator(_AT_ONCE):
            if pi_id and stripe_id not in seen:
                yield pi_id


def payments_with(pi_ids: Iterable[str]) -> Iterable[Payment]:
    """Return the payments of these intents with their refunds and disputes."""
    return Payment.objects.filter(pi_id__in=pi_ids).prefetch_related("refunds", "disputes")


def chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    """Yield keys in portions that fit into one statement."""
    left = iter(keys)
    while chunk := list(islice(left, _AT_ONCE)):
        yield chunk

"""What a sender does with rows that wait for Stripe: each is claimed just before its call, and not with others."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from payments.stripe_client import patience
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# How long a claimed row is left alone: several times what its calls to Stripe may take together.
LEASE: Final = timedelta(seconds=60)
# A step of a job ends here; the next one goes on.
_AT_ONCE = 20


def one_by_one(claim: Callable[[], T | None], work: Callable[[T], bool]) -> int:
    """
    Claim a row and work on it, then the next one, until none is due; return of how many ``work`` said yes.

    Of rows claimed together the last would be worked on long after its lease, while Stripe answers slowly. The calls
    of one row share ``patience``, so none of them outlives the lease.

    :param claim: takes the next due row for ``LEASE`` in a transaction that is opened for it; None when none is due.
    """
    done = 0
    for _ in range(_AT_ONCE):
        row = use_case(claim)
        if row is None:
            break
        with patience():
            done += work(row)
    return done

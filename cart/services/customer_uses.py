"""Counting what one customer uses of a promotion that is limited for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from cart.models import CustomerUses

if TYPE_CHECKING:
    from uuid import UUID

_TABLE = connection.ops.quote_name(CustomerUses._meta.db_table)
# Which of the two unique indexes a customer is found by.
_USER, _GUEST = (
    "(promotion_id, user_id) WHERE user_id IS NOT NULL",
    "(promotion_id, guest) WHERE user_id IS NULL",
)


def one_more_of(promotion_id: int, *, user_id: UUID | None, guest: str, most: int) -> int | None:
    """
    Count one more use of a promotion by a customer, or by the guest with this digest, in the caller's transaction.

    Return the id of their counter; None, and nothing is counted, when they have used it ``most`` times, at least 1.
    Locks: the counter. Two checkouts of one customer may both be the first: the second waits for what becomes of the
    first.
    """
    # One statement makes the counter, checks and counts; the ORM can't say so.
    statement = (
        f"INSERT INTO {_TABLE} AS one (promotion_id, user_id, guest, used) VALUES (%s, %s, %s, 1) "  # noqa: S608
        f"ON CONFLICT {_USER if user_id else _GUEST} "
        "DO UPDATE SET used = one.used + 1 WHERE one.used < %s RETURNING id"
    )
    user = CustomerUses._meta.get_field("user").get_db_prep_value(user_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [promotion_id, user, guest, most])
        row = cursor.fetchone()
    return None if row is None else row[0]

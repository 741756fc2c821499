"""Orders as staff look for them: by what a customer says on the phone, and by where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.db.models.functions import Lower

from orders.models import Order, OrderLine

if TYPE_CHECKING:
    from django.db.models import QuerySet


def orders_for_staff(filters: dict[str, Any]) -> QuerySet[Order]:
    """
    Return the orders that staff ask for, in no order.

    :param filters: lookups of an order's columns, and ``q`` for ``matching``.
    """
    lookups = {name: value for name, value in filters.items() if name != "q"}
    return matching(Order.objects.filter(**lookups), filters.get("q", ""))


def matching(orders: QuerySet[Order], q: str) -> QuerySet[Order]:
    """
    Return those of the orders whose number or e-mail address begins so, or that have a line of this SKU, in any case.

    Which of the three there are is asked first, one small statement each: an index answers each of them alone, and
    a condition that is one or another of them would be tried on every order.
    """
    word = q.strip()
    if not word:
        return orders
    all_orders = _with_folded_email(Order.objects.all())
    numbered, written = Q(number__startswith=word.upper()), Q(folded_email__startswith=word.lower())
    lines = OrderLine.objects.alias(folded_sku=Lower("sku")).filter(folded_sku=word.lower())
    conditions = [one for one in (numbered, written) if all_orders.filter(one).exists()]
    if lines.exists():
        conditions.append(Q(pk__in=lines.values("order")))
    if not conditions:
        return orders.none()
    if len(conditions) == 1:
        return _with_folded_email(orders).filter(conditions[0])
    first, *others = (all_orders.filter(one).values("pk") for one in conditions)
    return orders.filter(pk__in=first.union(*others, all=True))


def _with_folded_email(orders: QuerySet[Order]) -> QuerySet[Order]:
    # The expression of the index orders_email_start, or it wouldn't answer.
    return orders.alias(folded_email=Lower("email"))

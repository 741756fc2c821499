"""What has to be agreed to before an order is placed: the shop's terms, and an age."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from shop.core.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from cart.selectors import PricedCart
    from orders.services.snapshot import Placing


def not_agreed(priced: PricedCart, said: Placing, *, now: datetime) -> Iterator[FieldError]:
    """
    Yield what the shop asks of whoever orders this and hasn't been said; nothing where it asks nothing.

    What is yielded of nothing is agreed to in full, so an order keeps what its cart required.
    """
    asked = priced.requires
    if asked.terms and said.terms_accepted is False:
        detail = f"Show the terms and send their version, {asked.terms}, once they are accepted."
        yield FieldError("terms_accepted", "required", detail)
    elif asked.terms and said.terms_accepted is not True and said.terms_accepted != asked.terms:
        detail = f"The terms have changed. Show version {asked.terms} and send it once it is accepted."
        yield FieldError("terms_accepted", "terms_changed", detail)
    if asked.minimum_age is None:
        return
    sold_from = f"This order has something that is sold from the age of {asked.minimum_age}."
    if said.birth_date is not None:
        # The day begins where the shop is.
        if _age(said.birth_date, timezone.localdate(now)) < asked.minimum_age:
            yield FieldError("birth_date", "minimum_age", sold_from)
    elif not said.age_confirmed:
        detail = f"{sold_from} Ask, and send age_confirmed true, or a birth_date."
        yield FieldError("age_confirmed", "minimum_age", detail)


def _age(born: date, today: date) -> int:
    before_birthday = (today.month, today.day) < (born.month, born.day)
    return today.year - born.year - before_birthday

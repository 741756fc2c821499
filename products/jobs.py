"""What the catalogue does again and again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from products import filling, search, services
from products.importing import requested
from shop.core.transactions import use_case
from shop.events.registry import job

if TYPE_CHECKING:
    from datetime import datetime


@job(every=timedelta(seconds=2))
def import_products(now: datetime) -> int:
    """Import the files that staff have handed in."""
    return requested.run_next(now=now)


@job(every=timedelta(hours=1))
def forget_old_imports(now: datetime) -> int:
    """Delete what was written down of imports a season ago, with the errors of each."""
    return use_case(services.forget_old_imports, now=now)


@job(every=timedelta(minutes=1))
def index_missing_products(now: datetime) -> int:
    """Let search know of products that it knows nothing of, as after an upgrade, some thousand at once."""
    return search.index_a_part(now)


@job(every=timedelta(minutes=1))
def fill_prices(now: datetime) -> int:
    """Make prices in other currencies from the exchange rates, where an edit or a new rate calls for it."""
    return filling.fill_prices(now=now)

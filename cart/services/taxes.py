"""Every way staff change what is taxed where."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Upper
from django_countries import countries

from cart.models import TaxRate
from shop.audit import services as audit
from shop.core.errors import FieldError, NotFound, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

_WHOLE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class TaxRateData:
    """
    The tax of a class in a country or, with ``region``, in one of its regions; ``rate`` in millionths.

    A region is compared with what shoppers write, whatever the capitals.
    """

    name: str
    country: str
    rate: int
    region: str = ""
    tax_class: str = "standard"
    on_shipping: bool = False


@transaction.atomic
def save_tax_rate(
    *, data: TaxRateData, rate_id: int | None = None, actor_id: UUID | None, now: datetime
) -> TaxRate:
    """
    Add a rate, or change one; orders that were placed keep theirs.

    :raises ValidationFailed: the country is none, the class isn't written as a word, the rate is more than all, or
        another row has this class, or the shipping, of the place; nothing is written.
    :raises NotFound: there is no such rate.
    """
    rate = TaxRate() if rate_id is None else _locked(rate_id)
    refused = [*_odd(data), *_taken(data, TaxRate.objects.exclude(pk=rate_id or 0))]
    if refused:
        raise ValidationFailed(*refused)
    for name, value in asdict(data).items():
        setattr(rate, name, value)
    rate.save()
    audit.record(actor_id=actor_id, action="cart.tax_rate_saved", target=rate, now=now, **asdict(data))
    return rate


@transaction.atomic
def delete_tax_rate(*, rate_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Delete a rate; orders that were placed keep theirs.

    :raises NotFound: there is no such rate.
    """
    rate = _locked(rate_id)
    said = {name: getattr(rate, name) for name in TaxRateData.__dataclass_fields__}
    audit.record(actor_id=actor_id, action="cart.tax_rate_deleted", target=rate, now=now, **said)
    rate.delete()


def _locked(rate_id: int) -> TaxRate:
    rate = TaxRate.objects.select_for_update().filter(pk=rate_id).first()
    if rate is None:
        raise NotFound
    return rate


def _odd(data: TaxRateData) -> Iterator[FieldError]:
    if data.country not in countries:
        yield FieldError("country", "invalid_choice", "This is no country code of ISO 3166-1.")
    if not 0 <= data.rate <= _WHOLE:
        yield FieldError("rate", "invalid", "A rate is from 0 to 100 per cent.")
    try:
        validate_slug(data.tax_class)
    except ValidationError:
        yield FieldError(
            "tax_class", "invalid", "Write a word of letters and digits, as products have it: standard."
        )


def _taken(data: TaxRateData, others: QuerySet[TaxRate]) -> Iterator[FieldError]:
    # As carts compare regions: two rows that differ by capitals alone would both be this place's.
    there = others.alias(place=Upper("region")).filter(country=data.country, place=Upper(Value(data.region)))
    if there.filter(tax_class=data.tax_class).exists():
        yield FieldError("tax_class", "unique", "This class has a rate there already.")
    if data.on_shipping and there.filter(on_shipping=True).exists():
        yield FieldError("on_shipping", "unique", "Another rate there is the shipping's already.")

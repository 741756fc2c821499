"""Slugs and other names that only one thing may have."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.utils.text import slugify

from shop.core.errors import FieldError, ValidationFailed, does_not_exist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db import IntegrityError

    from products.models import Category, Collection, Product, ProductSlug

# Of more things of one name the next ones get random slugs.
_MOST_NUMBERED = 50
# Addresses below products/ that are no product's.
RESERVED = frozenset({"facets"})


def free_slug(
    model: type[Category | Collection | ProductSlug], name: str, *, product: Product | None = None
) -> str:
    """
    Return a slug for the name that is free just now; the unique column decides in a race.

    :param product: whose own slugs, former ones too, count as free.
    """
    base = slugify(name)[:100] or "item"
    base = base if any(character.isalpha() for character in base) else f"item-{base}"
    # Not everything that begins so: of a common name there may be thousands.
    tries = [base, *(f"{base}-{number}" for number in range(2, _MOST_NUMBERED + 1))]
    used: Any = model._default_manager.filter(slug__in=tries)
    if product is not None:
        used = used.exclude(product=product)
    taken_already = RESERVED | set(used.values_list("slug", flat=True))
    free = (slug for slug in tries if slug not in taken_already)
    return next(free, f"{base}-{secrets.token_hex(4)}")


def taken(field_name: str) -> ValidationFailed:
    """Return the refusal of a value that somebody else has."""
    return ValidationFailed(FieldError(field_name, "unique", "This is taken already."))


def taken_in(error: IntegrityError, *fields: str, references: Sequence[str] = ()) -> ValidationFailed:
    """
    Return the refusal of the field that the database names, the first when it names none.

    :param references: fields that name rows which may be deleted this moment.
    :raises django.db.IntegrityError: it is about neither a unique column nor such a field.
    """
    said = str(error).lower()
    for name in references:
        if f"_{name}_id_" in said and "foreign key" in said:
            return does_not_exist(name)
    if "unique" not in said:
        raise error
    return taken(next((name for name in fields if name in said), fields[0]))

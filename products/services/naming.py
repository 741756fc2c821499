"""Slugs and other names that only one thing may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.text import slugify

from shop.core.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from django.db import IntegrityError

    from products.models import Category, ProductSlug


def free_slug(model: type[Category | ProductSlug], name: str) -> str:
    """Return a slug for the name that is free just now; the unique column decides in a race."""
    base = slugify(name)[:100] or "item"
    base = base if any(character.isalpha() for character in base) else f"item-{base}"
    used = set(model.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(s for n in range(1, len(used) + 3) if (s := base if n == 1 else f"{base}-{n}") not in used)


def taken(field_name: str) -> ValidationFailed:
    """Return the refusal of a value that somebody else has."""
    return ValidationFailed(FieldError(field_name, "unique", "This is taken already."))


def taken_in(error: IntegrityError, *fields: str) -> ValidationFailed:
    """
    Return the refusal of the field that the database names, the first when it names none.

    :raises django.db.IntegrityError: it isn't about a unique column at all.
    """
    said = str(error).lower()
    if "unique" not in said:
        raise error
    return taken(next((name for name in fields if name in said), fields[0]))

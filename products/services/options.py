"""The options that variants of one product differ by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from products.attributes import folded
from shop.core.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from products.models import Product


def key_of(options: Mapping[str, str]) -> str:
    """
    Return what a product has once among its variants: a digest of the options, "" without any.

    Without regard to case and order: "Red" and "red" are one colour.
    """
    pairs = sorted([folded(name), folded(value)] for name, value in options.items())
    return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()[:40] if pairs else ""


def for_variant(
    product: Product, options: Mapping[str, str], *, variant_id: int | None = None
) -> dict[str, str]:
    """
    Return a variant's options under the names that its product has; its only variant names them anew.

    ``product.option_names`` may be set here, unsaved: the caller saves the product.

    :param variant_id: of the variant that changes; None for a new one, which has a value for each name. One that
        changes may lack some, so that an option can be added and taken away one variant at a time.
    :raises ValidationFailed: an option is missing, or isn't one of the product's.
    """
    others = product.variants.filter(archived_at=None)
    if variant_id is not None:
        others = others.exclude(pk=variant_id)
    # With names and no variant yet, staff have said what is to come.
    open_to_names = variant_id is not None or not product.option_names
    renamed = set(map(folded, options)) != set(map(folded, product.option_names))
    if renamed and open_to_names and not others.exists():
        product.option_names = list(options)
    known = {folded(name): name for name in product.option_names}
    named = {known.get(folded(name), ""): value for name, value in options.items()}
    if "" in named or (variant_id is None and len(named) < len(known)):
        said = ", ".join(product.option_names)
        detail = (
            f"Name a value for each of: {said}."
            if said
            else "Give the variant that is there its options first."
        )
        raise ValidationFailed(FieldError("options", "invalid", detail))
    return {name: named[name] for name in product.option_names if name in named}


def require_names(product: Product, names: Sequence[str]) -> None:
    """
    Refuse names of options that leave out one of which a variant has a value.

    :raises ValidationFailed: one is left out, or named twice.
    """
    if len({folded(name) for name in names}) < len(names):
        raise ValidationFailed(FieldError("option_names", "invalid", "Name each option once."))
    for options in product.variants.filter(archived_at=None).values_list("options", flat=True):
        if missing := sorted(set(options) - set(names)):
            detail = f"Variants have a value of {missing[0]}: take it off them first."
            raise ValidationFailed(FieldError("option_names", "invalid", detail))


def combination_taken() -> ValidationFailed:
    """Return the refusal of options that another variant of the product has."""
    return ValidationFailed(
        FieldError("options", "unique", "Another variant of this product has the same options.")
    )

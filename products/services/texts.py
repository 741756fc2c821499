"""Every way staff change what the catalogue says in other languages than the shop's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from products.attributes import folded
from products.html import safe_html
from products.models import Category, CategoryText, Product, ProductText
from products.services.changes import catalogue_changed
from shop.audit import services as audit
from shop.core.errors import FieldError, NotFound, ValidationFailed

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

# What a text says; what isn't said is empty, and falls back to the shop's own.
PRODUCT_TEXT: Mapping[str, Any] = {
    "name": "",
    "description": "",
    "seo_title": "",
    "seo_description": "",
    "options": {},
}
CATEGORY_TEXT: Mapping[str, Any] = {"name": "", "description": ""}


@transaction.atomic
def write_product_text(
    *, product_id: int, language: str, said: Mapping[str, Any], actor_id: UUID | None, now: datetime
) -> None:
    """
    Set what a product says in a language, as a whole; a text that says nothing is removed.

    What is said already is left as it is, and nothing is written down. Locks: the product.

    :param said: any of the names in ``PRODUCT_TEXT``; ``options`` translates the names and values of its options,
        word by word.
    :raises ValidationFailed: the language isn't one of the catalogue's others, or ``options`` has a word that no
        option of the product has, or gives two options or two values of one the same word; nothing is written.
    """
    language = _other(language)
    product = _locked(product_id)
    values = _whole(said, PRODUCT_TEXT)
    values["options"] = {word: other for word, other in values["options"].items() if other}
    require_words(product, values["options"])
    if _write(ProductText, {"product": product, "language": language}, values):
        product.updated_at = now
        product.save(update_fields=["updated_at"])
        audit.record(
            actor_id=actor_id, action="products.text_changed", target=product, now=now, language=language
        )
        catalogue_changed([product_id])


@transaction.atomic
def write_category_text(
    *, slug: str, language: str, said: Mapping[str, Any], actor_id: UUID | None, now: datetime
) -> None:
    """
    Set what a category says in a language, as a whole; a text that says nothing is removed. Locks: the category.

    :param slug: the category's present one.
    :param said: any of the names in ``CATEGORY_TEXT``.
    :raises NotFound: there is no category of this slug.
    :raises ValidationFailed: the language isn't one of the catalogue's others; nothing is written.
    """
    language = _other(language)
    category = Category.objects.select_for_update(no_key=True).filter(slug=slug).first()
    if category is None:
        raise NotFound
    whose = {"category": category, "language": language}
    if _write(CategoryText, whose, _whole(said, CATEGORY_TEXT)):
        audit.record(
            actor_id=actor_id,
            action="products.category_text_changed",
            target=category,
            now=now,
            language=language,
        )
        catalogue_changed()


def require_words(product: Product, words: Mapping[str, str]) -> None:
    """
    Refuse words that no option of a product has, and those that would make two of one kind into one.

    :raises ValidationFailed: there is such a word.
    """
    values: dict[str, set[str]] = {name: set() for name in product.option_names}
    known = set(product.option_names)
    for options, archived_at in product.variants.values_list("options", "archived_at"):
        # Words of archived variants may stand: they were translated once, and what is read may be sent back.
        known.update(options, options.values())
        for name, value in options.items() if archived_at is None else ():
            values.setdefault(name, set()).add(value)
    unknown = sorted(set(words) - known)
    if unknown:
        detail = f"No option of this product has the word {', '.join(unknown)[:200]}."
        raise ValidationFailed(FieldError("options", "invalid_choice", detail))
    for kind in (set(values), *values.values()):
        if len({folded(words.get(word, word)) for word in kind}) < len({folded(word) for word in kind}):
            detail = "Two options, or two values of one, would have the same word."
            raise ValidationFailed(FieldError("options", "unique", detail))


def _locked(product_id: int) -> Product:
    # Of two who write the first text of a language at once, the second finds the first one's row.
    return Product.objects.select_for_update(no_key=True).get(pk=product_id)


def _other(language: str) -> str:
    own, *others = settings.CATALOGUE_LANGUAGES
    if (code := language.lower()) in others:
        return code
    if code == own:
        detail = "These are the shop's own texts: change them where they stand, with the product or category."
    else:
        detail = f"The catalogue has texts in: {', '.join(others) or 'no other language'}."
    raise ValidationFailed(FieldError("language", "invalid_choice", detail))


def _whole(said: Mapping[str, Any], text: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: said.get(name) or empty for name, empty in text.items()}
    return {**values, "description": safe_html(values["description"])}


def _write(
    model: type[ProductText | CategoryText], whose: Mapping[str, Any], values: Mapping[str, Any]
) -> bool:
    """Make the one row say exactly this, and tell whether it said something else before."""
    rows: QuerySet[Any] = model.objects.filter(**whose)
    before, says_anything = rows.values(*values).first(), any(values.values())
    if before == values or (before is None and not says_anything):
        return False
    if not says_anything:
        rows.delete()
    elif before is None:
        model.objects.create(**whose, **values)
    else:
        rows.update(**values)
    return True

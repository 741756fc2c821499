"""What the catalogue says in the language of whoever reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import JSONField, OuterRef, Subquery
from django.db.models.functions import JSONObject

from products.html import plain_text, shortened
from products.models import Category, CategoryText, Product, ProductText
from shop.core.errors import NotFound
from shop.core.languages import nearest
from shop.core.sql import JsonColumn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

    from products.models.catalogue import ProductQuerySet

# What search engines show of a description at most, and the longest title that can be written.
_SHOWN_BY_SEARCH = 160
_LONGEST_TITLE = 100
_IN_LISTS: dict[str, Any] = {"name": "name", "description": "description"}
_ON_PAGES: dict[str, Any] = _IN_LISTS | {
    "seo_title": "seo_title",
    "seo_description": "seo_description",
    "options": JsonColumn("options"),
}
_IN_CARTS: Mapping[str, Any] = {"name": "name", "options": JsonColumn("options")}


@dataclass(frozen=True, kw_only=True)
class ProductTexts:
    """What a product says in one language; ``words`` translates the names and values of its options."""

    name: str
    description: str = ""
    words: Mapping[str, str] = field(default_factory=dict)

    def word(self, word: str) -> str:
        """Return the name or a value of an option in this language."""
        return self.words.get(word) or word

    def options(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return the options of a variant in this language."""
        said = {self.word(name): self.word(value) for name, value in options.items()}
        # Names that have become one would swallow a value: what isn't translated is at least whole.
        return said if len(said) == len(options) else dict(options)


def other_language(language: str) -> str:
    """
    Return the language whose rows a reader of this one gets, or "" where the shop's own texts are what they get.

    :param language: any code: "de-AT" reads what there is in "de", and an unknown one the shop's own.
    """
    found = nearest(language, settings.CATALOGUE_LANGUAGES)
    return "" if found == settings.CATALOGUE_LANGUAGES[0] else found


def with_texts(products: ProductQuerySet, language: str, *, whole: bool = False) -> ProductQuerySet:
    """
    Return the products with their texts in a language beside their own, in the same statement; see ``texts_of``.

    :param whole: with what only the page of a product shows.
    """
    other = other_language(language)
    if not other:
        return products
    return products.annotate(
        translation=_said_of_product("pk", other, _ON_PAGES if whole else _IN_LISTS),
        category_translation=_said_of_category("category", other, {"name": "name"}),
    )


def with_category_texts(categories: QuerySet[Category], language: str) -> QuerySet[Category]:
    """Return the categories with their texts in a language beside their own; see ``category_texts_of``."""
    other = other_language(language)
    return categories.annotate(translation=_said_of_category("pk", other, _IN_LISTS)) if other else categories


def with_words(variants: QuerySet[Any], language: str) -> QuerySet[Any]:
    """Return variants with what their product is called in a language, and their options; see ``words_of``."""
    other = other_language(language)
    return variants.annotate(translation=_said_of_product("product", other, _IN_CARTS)) if other else variants


def texts_of(product: Any) -> ProductTexts:
    """Return what a product that ``with_texts`` has prepared says; an empty text falls back to the product's own."""
    said = getattr(product, "translation", None) or {}
    return ProductTexts(
        name=said.get("name") or product.name,
        description=said.get("description") or product.description,
        words=said.get("options") or {},
    )


def seo_of(product: Any) -> dict[str, str]:
    """
    Return what search engines shall show of a product that ``with_texts`` has prepared as a whole.

    Name and description of the same language stand in for what is empty, before the product's own in another one.
    """
    said = getattr(product, "translation", None) or {}
    title = said.get("seo_title") or said.get("name") or product.seo_title or product.name
    about = said.get("seo_description") or _summary(said.get("description")) or product.seo_description
    return {
        "seo_title": shortened(title, most=_LONGEST_TITLE),
        "seo_description": about or _summary(product.description),
    }


def words_of(variant: Any) -> ProductTexts:
    """Return what a variant that ``with_words`` has prepared is called; only ``name`` and ``words`` are known."""
    said = getattr(variant, "translation", None) or {}
    return ProductTexts(name=said.get("name") or variant.product.name, words=said.get("options") or {})


def category_texts_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Return name and description of a category's row, each in the prepared language where it has that."""
    said = row.get("translation") or {}
    return {name: said.get(name) or row[name] for name in ("name", "description")}


def category_name_of(product: Any) -> str:
    """Return what the category of a product that ``with_texts`` has prepared is called."""
    said = getattr(product, "category_translation", None) or {}
    return str(said.get("name") or product.category.name)


def texts_for_staff(product_id: int) -> list[dict[str, Any]]:
    """Return what a product says in each language, the shop's own first, as it is stored: two statements."""
    fields = ("name", "description", "seo_title", "seo_description", "options")
    own = Product.objects.values(*fields[:-1]).get(pk=product_id)
    return _each_language({**own, "options": {}}, ProductText.objects.filter(product=product_id), fields)


def category_texts_for_staff(slug: str) -> list[dict[str, Any]]:
    """
    Return what a category says in each language, the shop's own first, as it is stored: two statements.

    :raises NotFound: there is none of this slug.
    """
    own = Category.objects.filter(slug=slug).values("name", "description").first()
    if own is None:
        raise NotFound
    return _each_language(own, CategoryText.objects.filter(category__slug=slug), ("name", "description"))


def _each_language(
    own: Mapping[str, Any], rows: QuerySet[Any], fields: tuple[str, ...]
) -> list[dict[str, Any]]:
    first, *others = settings.CATALOGUE_LANGUAGES
    said = {row.pop("language"): row for row in rows.values("language", *fields)}
    empty: dict[str, Any] = {name: {} if name == "options" else "" for name in fields}
    return [
        {"language": first, "own": True, **own},
        *({"language": other, "own": False, **said.get(other, empty)} for other in others),
    ]


def _said_of_product(product: str, language: str, members: Mapping[str, Any]) -> Subquery:
    return _one(ProductText.objects.filter(product=OuterRef(product), language=language), members)


def _said_of_category(category: str, language: str, members: Mapping[str, Any]) -> Subquery:
    return _one(CategoryText.objects.filter(category=OuterRef(category), language=language), members)


def _one(rows: QuerySet[Any], members: Mapping[str, Any]) -> Subquery:
    # A subquery and not a join: it is looked up for the rows of the page alone, never for those that are counted,
    # and can't lead the planner away from the index that the list is ordered by.
    return Subquery(
        rows.annotate(said=JSONObject(**members)).values("said")[:1], output_field=JSONField(null=True)
    )


def _summary(description: str | None) -> str:
    return plain_text(description, most=_SHOWN_BY_SEARCH) if description else ""

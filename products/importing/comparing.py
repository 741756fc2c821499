"""What differs between the products of a file and those of the shop, and what can't be saved; nothing is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from products.attributes import folded, written
from products.html import safe_html
from products.importing.comparing_variants import VariantsComparison
from products.importing.records import RowError
from products.importing.taken import Taken
from products.models import Category, Product
from products.services.bulk.wanted import WantedProduct
from shop.core.names import FILTER_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from products.importing.existing import Existing
    from products.importing.records import ProductRecord
    from products.models import Attribute

# How long the texts of a product may be, and whether they may be empty.
_TEXTS = {
    "name": (200, False),
    "tax_class": (20, False),
    "seo_title": (100, True),
    "seo_description": (300, True),
    "external_id": (100, False),
}
_OLDEST = 99
_NAME = 100
_MOST_ATTRIBUTES = 100
_MOST_PICTURES = 250
_SLUG = re.compile(r"(?=.*[a-z])[-a-zA-Z0-9_]{1,220}")
_CODE = re.compile(r"[-a-zA-Z0-9_]+")
_ADDRESS = re.compile(r"https?://[^\x00-\x1f]{1,2000}")


@dataclass(kw_only=True)
class Compared:
    """
    A batch, compared; ``records`` are those that ``wanted`` came from, in the same order.

    ``row_errors`` are of those too: single variants that stay out. ``errors`` are of the others.
    """

    wanted: list[WantedProduct] = field(default_factory=list)
    records: list[ProductRecord] = field(default_factory=list)
    unchanged: int = 0
    errors: list[RowError] = field(default_factory=list)
    row_errors: list[RowError] = field(default_factory=list)


def compare(
    records: Sequence[ProductRecord], known: Existing, *, now: datetime, complete: bool = False
) -> Compared:
    """
    Return what is to be written for these products, and why some can't be.

    :param complete: whether everything that they name has been made; what is missing then is an error.
    """
    found, taken = Compared(), Taken()
    for record in records:
        one = _Comparison(record, known, taken, now)
        wanted = one.wanted()
        if wanted.incomplete and complete:
            one.refuse("handle", "Something that it names is missing. Import the file again.")
        # With every one of its variants refused, all has been said of a product.
        if one.errors or (one.row_errors and not wanted.variants):
            found.errors += [*one.errors, *one.row_errors]
            continue
        taken.keep()
        if wanted.changed:
            found.wanted.append(wanted)
            found.records.append(record)
            found.row_errors += one.row_errors
        else:
            found.unchanged += 1
            found.errors += one.row_errors
    return found


class _Comparison:
    """One product of a file beside the shop's; the shop's is changed in memory only."""

    def __init__(self, record: ProductRecord, known: Existing, taken: Taken, now: datetime) -> None:
        self.record = record
        self.known = known
        self.taken = taken
        self.now = now
        self.errors: list[RowError] = []
        self.row_errors: list[RowError] = []
        product_id = known.slugs.get(record.handle)
        self.new = product_id is None
        self.product = (
            Product(slug=record.handle, created_at=now, updated_at=now)
            if product_id is None
            else known.products[product_id]
        )
        self.change = WantedProduct(product=self.product, new=self.new)

    def wanted(self) -> WantedProduct:
        """Compare everything, and return the product as it shall be."""
        self.taken.begin()
        if not self._may_be_changed():
            return self.change
        self._texts()
        self._minimum_age()
        self._description()
        self._category()
        self._brand()
        self._publishing()
        self._attributes()
        self._collections()
        self._pictures()
        variants = VariantsComparison(self.record, self.change, self.known, self.taken)
        variants.compare()
        self.errors += variants.errors
        self.row_errors = variants.row_errors
        return self.change

    def refuse(self, column: str, reason: str) -> None:
        """Say why the product can't be saved."""
        self.errors.append(RowError(line=self.record.line, column=column, reason=reason))

    def _set(self, column: str, value: Any, *, field_name: str = "") -> None:
        if getattr(self.product, column) != value:
            setattr(self.product, column, value)
            self.change.columns.add(field_name or column)

    def _may_be_changed(self) -> bool:
        if self.new and not _SLUG.fullmatch(self.record.handle):
            self.refuse("handle", "Write lower-case letters, digits and hyphens, at least one letter.")
        elif self.product.archived_at is not None:
            self.refuse("handle", "This product is archived.")
        elif not self.taken.product(self.product):
            self.refuse("handle", "Another product of the file has an older address of the same product.")
        elif any("\0" in text for text in _texts_of(self.record)):
            self.refuse("handle", "A text holds a character that can't be stored (NUL).")
        return not self.errors

    def _texts(self) -> None:
        if self.new and not (self.record.name or "").strip():
            self.refuse("name", "A new product needs a name.")
        for column, (most, may_be_empty) in _TEXTS.items():
            said = getattr(self.record, column)
            if said is None or said == getattr(self.product, column):
                continue
            if reason := _why_not(column, said, most, may_be_empty=may_be_empty):
                self.refuse(column, reason)
            else:
                self._set(column, said)
        if "external_id" in self.change.columns:
            ref = self.product.external_id or ""
            if not self.taken.product_ref(ref, self.product, self.known):
                self.refuse("external_id", "Another product has this.")

    def _minimum_age(self) -> None:
        said = self.record.minimum_age
        if said is not None and not 1 <= said <= _OLDEST:
            self.refuse("minimum_age", f"Write an age from 1 to {_OLDEST}.")
        elif said is not None:
            self._set("minimum_age", said)

    def _description(self) -> None:
        said = self.record.description
        # What is stored may be older than the rules for HTML; the same text changes nothing.
        if said is not None and said != self.product.description:
            self._set("description", safe_html(said))

    def _category(self) -> None:
        names = self.record.category
        if not names:
            if self.new:
                self.refuse("category", "A new product needs a category.")
            return
        if len(names) > Category.MOST_DEEP or not all(name.strip() and len(name) <= _NAME for name in names):
            deep = Category.MOST_DEEP
            self.refuse("category", f"Write up to {deep} names with up to {_NAME} characters each.")
            return
        found = self.known.tree and self.known.tree.find(names, present=self.product.category_id)
        if found is None:
            self.change.incomplete = True
        else:
            self._set("category_id", found, field_name="category")

    def _brand(self) -> None:
        name = self.record.brand
        if name is None:
            return
        if not name:
            self._set("brand_id", None, field_name="brand")
            return
        if not name.strip() or len(name) > _NAME:
            self.refuse("brand", f"Write a name with up to {_NAME} characters.")
            return
        found = self.known.brands.find(name, present={self.product.brand_id})
        if found is None:
            self.change.incomplete = True
        else:
            self._set("brand_id", found, field_name="brand")

    def _publishing(self) -> None:
        said, since = self.record, self.product.published_at
        if said.published_at is not None:
            since = said.published_at
        # Like a product that staff add: it is shown unless somebody says otherwise.
        shown = True if said.published is None and self.new else said.published
        if shown is not None:
            since = (since or self.now) if shown else None
        until = self.product.published_until if said.published_until is None else said.published_until
        if since is not None and until is not None and until <= since:
            self.refuse("published_until", "It would be hidden before it is shown.")
            return
        self._set("published_at", since)
        self._set("published_until", until)

    def _attributes(self) -> None:
        wanted: dict[str, str] = dict(self.product.attributes)
        for name, said in (self.record.attributes or {}).items():
            attribute = self.known.attributes.get(folded(name))
            if attribute is None:
                self._new_attribute(name, said)
            elif not said:
                wanted.pop(attribute.name, None)
            elif said != wanted.get(attribute.name):
                wanted[attribute.name] = self._value(attribute, said)
        if len(wanted) > _MOST_ATTRIBUTES:
            self.refuse("handle", f"A product has {_MOST_ATTRIBUTES} attributes at most.")
        if wanted != self.product.attributes:
            known = self.known.attributes
            self.change.attributes = [(known[folded(name)], value) for name, value in wanted.items()]
            self._set("attributes", wanted)

    def _new_attribute(self, name: str, said: str) -> None:
        if not said:
            return
        self.change.incomplete = True
        if not FILTER_NAME.fullmatch(name):
            reason = (
                "Name attributes by letters, digits, spaces, _ and -, up to 50 of them: they are filters too."
            )
            self.refuse(f"attr.{name}", reason)
        self._checked(name, said, "text", ())

    def _value(self, attribute: Attribute, said: str) -> str:
        return self._checked(attribute.name, said, attribute.kind, attribute.choices)

    def _checked(self, name: str, said: str, kind: str, choices: Sequence[str]) -> str:
        try:
            return written(said, kind=kind, choices=choices)
        except ValueError as error:
            self.refuse(f"attr.{name}", str(error))
            return said

    def _collections(self) -> None:
        if self.record.collections is None:
            return
        present = self.known.memberships.get(self.product.pk, set())
        chosen: set[int] = set()
        for name in self.record.collections:
            if not name.strip() or len(name) > _NAME:
                self.refuse("collections", f"Write names with up to {_NAME} characters.")
                continue
            found = self.known.collections.find(name, present=present - chosen)
            if found is None:
                self.change.incomplete = True
            else:
                chosen.add(found)
        self.change.collections_added = chosen - present
        self.change.collections_left = present - chosen

    def _pictures(self) -> None:
        said = self.record.image_sources
        if said is None:
            return
        sources = [{"url": url, "alt": alt} for url, alt in said]
        if sources == self.product.image_sources:
            return
        if len(sources) > _MOST_PICTURES:
            self.refuse("image_sources", f"A product has {_MOST_PICTURES} pictures at most.")
        elif not all(_ADDRESS.fullmatch(source["url"]) for source in sources):
            self.refuse("image_sources", "Write addresses that begin with https:// or http://.")
        elif any(len(source["alt"]) > 200 for source in sources):
            self.refuse("image_alts", "What a picture shows has 200 characters at most.")
        else:
            self._set("image_sources", sources)


def _why_not(column: str, said: str, most: int, *, may_be_empty: bool) -> str:
    if len(said) > most:
        return f"This has {len(said)} characters; {most} fit."
    if not (said.strip() or may_be_empty):
        return "This can't be empty."
    if column == "tax_class" and not _CODE.fullmatch(said):
        return "Write the code of a tax class, like standard."
    return ""


def _texts_of(record: ProductRecord) -> Iterator[str]:
    """Yield every text that would be stored."""
    yield from (record.name or "", record.description or "", record.brand or "", record.tax_class or "")
    yield from (record.seo_title or "", record.seo_description or "", record.external_id or "")
    yield from (*(record.category or ()), *(record.collections or ()), *(record.option_names or ()))
    for name, value in (record.attributes or {}).items():
        yield from (name, value)
    for source in record.image_sources or ():
        yield from source
    for variant in record.variants:
        yield from (variant.sku, variant.external_id or "")
        yield from (*variant.options, *variant.options.values())

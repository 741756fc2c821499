"""The kinds of files that can be read, and which of them one looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from products.importing import shop_csv, shopify, woocommerce
from products.importing.reading import Unreadable

if TYPE_CHECKING:
    from products.importing.grouping import Parsed, Setting
    from products.importing.reading import Table


@dataclass(frozen=True, kw_only=True)
class Format:
    """
    A kind of file.

    ``signs`` are headings, in lower case, that no other kind has; ``needs`` are columns of which there must be one.
    """

    name: str
    label: str
    signs: frozenset[str]
    needs: frozenset[str]
    columns_of: Callable[[Sequence[str]], dict[str, str]]
    parsed: Callable[[Table, Setting], Iterator[Parsed]]


# The more telling ones first: "handle" alone could be ours or Shopify's.
FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format(
            name="woocommerce",
            label="WooCommerce",
            signs=frozenset(
                {"regular price", "in stock?", "backorders allowed?", "visibility in catalog", "parent"}
            ),
            needs=frozenset({"name"}),
            columns_of=woocommerce.columns_of,
            parsed=woocommerce.parsed,
        ),
        Format(
            name="shopify",
            label="Shopify",
            signs=frozenset(
                {
                    "title",
                    "url handle",
                    "body (html)",
                    "variant price",
                    "variant sku",
                    "variant inventory qty",
                }
            ),
            needs=frozenset({"handle", "name"}),
            columns_of=shopify.columns_of,
            parsed=shopify.parsed,
        ),
        Format(
            name="shop",
            label="the shop's own format",
            signs=frozenset({"handle", "sku"}),
            needs=frozenset({"handle", "name", "sku"}),
            columns_of=shop_csv.columns_of,
            parsed=shop_csv.parsed,
        ),
    )
}


def format_of(table: Table, asked: str | None = None) -> Format:
    """
    Return the format of a file.

    :param asked: the one that it is said to be in.
    :raises Unreadable: it looks like another one, or like none.
    """
    headings = {heading.casefold() for heading in table.columns}
    looks = next((one for one in FORMATS.values() if one.signs & headings), None)
    if asked is not None and looks is not None and looks.name != asked:
        raise Unreadable(f"This looks like a file of {looks.label}: name the format {looks.name}.")
    found = FORMATS[asked] if asked is not None else looks
    if found is None or not found.needs & set(found.columns_of(table.columns)):
        said = ", ".join(repr(name) for name in table.columns[:5])
        raise Unreadable(f"The headings are of no file of products: {said}.")
    return found

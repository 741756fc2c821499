"""What a row of a file says, whatever the file's format; None is what the file doesn't say: it stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class RowError:
    """Why a row didn't go in; ``line`` is counted as a text editor counts it, ``column`` is the file's heading."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class VariantRecord:
    """
    A variant in a file; amounts are minor units of ``currency``.

    It is found by ``sku``, or without one by the product's handle and the options; a new one without gets
    ``handles.made_sku``.
    """

    line: int
    sku: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    price: int | None = None
    # Only where ``price`` is given; None is then no former price.
    compare_at: int | None = None
    currency: str = ""
    on_hand: int | None = None
    tracked: bool | None = None
    backorder_limit: int | None = None
    low_stock_threshold: int | None = None
    weight_grams: int | None = None
    requires_shipping: bool | None = None
    available_at: date | None = None
    external_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProductRecord:
    """
    A product in a file, with all of its rows that stand together.

    ``handle`` is its slug. ``category`` are the names from the top of the tree down; missing ones are made.
    ``image_sources`` are addresses with what the picture shows; they are kept and not fetched. ``attributes`` are
    those that the file names: an empty value takes one off, and others stay as they are.
    """

    line: int
    handle: str
    name: str | None = None
    description: str | None = None
    category: Sequence[str] | None = None
    brand: str | None = None
    tax_class: str | None = None
    minimum_age: int | None = None
    published: bool | None = None
    published_at: datetime | None = None
    published_until: datetime | None = None
    option_names: Sequence[str] | None = None
    attributes: Mapping[str, str] | None = None
    # Names; missing ones are made.
    collections: Sequence[str] | None = None
    seo_title: str | None = None
    seo_description: str | None = None
    external_id: str | None = None
    image_sources: Sequence[tuple[str, str]] | None = None
    variants: Sequence[VariantRecord] = ()

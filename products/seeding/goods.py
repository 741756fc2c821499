"""Goods that look like those of a shop: the same for the same number, whatever was made before."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from itertools import product as every
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

TOPS = (
    "Furniture", "Lighting", "Kitchen", "Garden", "Textiles", "Storage", "Office", "Bathroom", "Decoration",
    "Outdoor", "Children", "Tools",
)  # fmt: skip
NOUNS = (
    "Lamp", "Chair", "Table", "Shelf", "Bowl", "Basket", "Mirror", "Blanket", "Kettle", "Planter", "Stool", "Vase",
    "Cushion", "Desk", "Rack", "Bench", "Tray", "Clock", "Curtain", "Ladder", "Hook", "Jar", "Rug", "Lantern",
)  # fmt: skip
LOOKS = (
    "Quiet", "Round", "Tall", "Folding", "Woven", "Slim", "Northern", "Soft", "Heavy", "Little", "Plain", "Bright",
    "Curved", "Stacking", "Rustic", "Modern", "Hanging", "Wide", "Classic", "Airy",
)  # fmt: skip
MATERIALS = ("Oak", "Walnut", "Steel", "Linen", "Glass", "Cotton", "Brass", "Ceramic", "Wool", "Cork")
COLOURS = ("Red", "Blue", "Green", "Black", "White", "Sand", "Grey", "Rose", "Ochre", "Teal", "Plum", "Ivory")
SIZES = ("S", "M", "L", "XL")
_SYLLABLES = (
    "al",
    "ber",
    "cor",
    "den",
    "fjo",
    "gra",
    "hol",
    "in",
    "jo",
    "kel",
    "lin",
    "mor",
    "nor",
    "ost",
    "ri",
    "sun",
)
_SENTENCES = (
    "Made by hand in small numbers.", "Easy to clean and made to last.", "Ships flat, built in ten minutes.",
    "Goes with what you have.", "Tested for a hundred thousand uses.", "The pattern differs from piece to piece.",
    "From certified forests.", "A favourite since we opened.", "Spare parts are kept for ten years.",
    "Looks good from every side.",
)  # fmt: skip
_PRICES = (490, 990, 1490, 1990, 2490, 3990, 5990, 8990, 12900, 19900, 34900, 89900)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One way to buy a good; ``price`` and ``compare_at`` are minor units."""

    options: dict[str, str]
    price: int
    compare_at: int | None
    on_hand: int


@dataclass(frozen=True, kw_only=True)
class Good:
    """A product; ``category`` and ``brand`` count from 0."""

    number: int
    name: str
    description: str
    category: int
    brand: int
    attributes: dict[str, str]
    rating: int | None
    review_count: int
    created_at: datetime
    published: bool
    kinds: Sequence[Kind]


def categories_for(products: int) -> int:
    """Return how many categories a shop of this size has: more goods are sorted finer, up to a point."""
    return min(1000, max(24, products // 500))


def brands_for(products: int) -> int:
    """Return how many brands a shop of this size has."""
    return min(2000, max(20, products // 500))


def brand_name(number: int) -> str:
    """Return the name of a brand; each has another."""
    syllables = list(every(_SYLLABLES, repeat=3))
    return "".join(syllables[number * 397 % len(syllables)]).title()


def good(number: int, *, categories: int, brands: int, now: datetime) -> Good:
    """Return the good of this number; the same each time but for the clock."""
    dice = random.Random(number)  # noqa: S311  (a pattern, not a secret)
    material, noun = dice.choice(MATERIALS), dice.choice(NOUNS)
    rated = dice.random() < 0.6
    return Good(
        number=number,
        name=f"{dice.choice(LOOKS)} {material} {noun} {number}",
        description=" ".join(dice.sample(_SENTENCES, 3)),
        category=dice.randrange(categories),
        brand=min(dice.randrange(brands), dice.randrange(brands)),
        attributes={
            "Material": material,
            "Width": str(dice.randrange(10, 200, 5)),
            "Washable": "true" if dice.random() < 0.3 else "false",
        },
        rating=dice.randrange(200, 501, 10) if rated else None,
        review_count=dice.randrange(1, 90) if rated else 0,
        created_at=now - timedelta(minutes=dice.randrange(3 * 365 * 24 * 60)),
        published=dice.random() < 0.98,
        kinds=_kinds(dice),
    )


def _kinds(dice: random.Random) -> list[Kind]:
    price = dice.choice(_PRICES)
    if dice.random() < 0.6:
        return [_kind(dice, {}, price)]
    colours = dice.sample(COLOURS, dice.randrange(1, 3))
    sizes = SIZES[: dice.randrange(1, 3)]
    return [_kind(dice, {"Colour": colour, "Size": size}, price) for colour in colours for size in sizes]


def _kind(dice: random.Random, options: dict[str, str], price: int) -> Kind:
    former = price * 5 // 4 if dice.random() < 0.15 else None
    return Kind(options=options, price=price, compare_at=former, on_hand=dice.choice((0, 1, 3, 8, 25, 120)))

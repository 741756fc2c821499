"""Files as Shopify's admin exports them, with everything that real ones have; the same for a seed."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass

HEADINGS = (
    "Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name",
    "Option1 Value", "Option1 Linked To", "Option2 Name", "Option2 Value", "Option2 Linked To", "Option3 Name",
    "Option3 Value", "Option3 Linked To", "Variant SKU", "Variant Grams", "Variant Inventory Tracker",
    "Variant Inventory Qty", "Variant Inventory Policy", "Variant Fulfillment Service", "Variant Price",
    "Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable", "Unit Price Total Measure",
    "Unit Price Total Measure Unit", "Unit Price Base Measure", "Unit Price Base Measure Unit", "Variant Barcode",
    "Image Src", "Image Position", "Image Alt Text", "Gift Card", "SEO Title", "SEO Description",
    "Material (product.metafields.custom.material)",
    "Google: Custom Product (product.metafields.mm-google-shopping.custom_product)", "Variant Image",
    "Variant Weight Unit", "Variant Tax Code", "Cost per item", "Included / Deutschland", "Price / Deutschland",
    "Compare At Price / Deutschland", "Status",
)  # fmt: skip
_THINGS = (
    "Lamp",
    "Chair",
    "Teapot",
    "Blanket",
    "Vase",
    "Sencha",
    "Planter",
    "Notebook",
    "Mug",
    "Fächer",
    "茶碗",
    "Čaj",
)
_COLOURS = ("Red", "Blau", "Grün", "Crème", "黒", "Off-White", "Rot/Weiß")
_SIZES = ("S", "M", "L", "XL", 'H 30" × B 20"')
_MATERIALS = ("Linen", "Steingut", "Oak; Walnut", "竹")
_TYPES = ("Lighting", "Kitchen & Table", "", "Tee", "Möbel")


@dataclass(frozen=True, kw_only=True)
class Export:
    """A file, and what is in it; ``stock`` sums up what is counted."""

    content: bytes
    rows: int
    products: int
    variants: int
    without_sku: int
    stock: int


def export(*, products: int, seed: int = 7) -> Export:
    """Return a file of so many products."""
    chance = random.Random(seed)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, HEADINGS, restval="", lineterminator="\n")
    writer.writeheader()
    rows = [row for number in range(1, products + 1) for row in _product(chance, number)]
    writer.writerows(rows)
    sold = [row for row in rows if row.get("Variant Price")]
    counted = [row for row in sold if row["Variant Inventory Tracker"]]
    return Export(
        content=out.getvalue().encode(),
        rows=len(rows),
        products=products,
        variants=len(sold),
        without_sku=sum(not row["Variant SKU"].strip("'") for row in sold),
        stock=sum(
            max(int(row["Variant Inventory Qty"]), 0 if row["Variant Inventory Policy"] == "deny" else -9)
            for row in counted
        ),
    )


def _product(chance: random.Random, number: int) -> list[dict[str, str]]:
    title = f"{chance.choice(_THINGS)} {number}"
    handle = f"{title.lower().replace(' ', '-')}"
    variants = _variants(chance, number)
    # Some exports leave out handles: of the whole product, or of the rows that continue it.
    said = "" if number % 11 == 0 else handle
    rows = [variant | {"Handle": "" if number % 13 == 0 else said} for variant in variants]
    rows[0] |= _texts(chance, number, title) | {"Handle": said}
    for position in range(1, chance.randint(0, 4) + 1):
        if position > len(rows):
            rows.append({"Handle": said})
        rows[position - 1] |= {
            "Image Src": f"https://cdn.shopify.com/s/files/1/0001/{number}-{position}.jpg?v=16",
            "Image Position": str(position),
            "Image Alt Text": f"{title}, „{position}“" if position == 1 else "",
        }
    return rows


def _texts(chance: random.Random, number: int, title: str) -> dict[str, str]:
    return {
        "Title": f"'={title}" if number % 97 == 0 else title,
        "Body (HTML)": (
            f'<meta charset="utf-8"><p>Ein <b>{title}</b>, 5" hoch &amp; schön.</p>\r\n'
            f'<ul>\n<li>Farbe: „Crème“ 🌿</li>\n</ul><script>alert("{number}")</script>'
        ),
        "Vendor": chance.choice(("Fern & Oak", "Möbel-Müller", "O'Brien")),
        "Product Category": "Home & Garden > Decor > Vases" if number % 3 else "",
        "Type": chance.choice(_TYPES),
        "Tags": "neu, sale, Größe:M",
        "Published": "false" if number % 17 == 0 else "true",
        "Gift Card": "false",
        "SEO Title": f"{title} kaufen" if number % 2 else "",
        "SEO Description": "x" * 320 if number % 50 == 0 else "",
        "Material (product.metafields.custom.material)": chance.choice(_MATERIALS),
        "Google: Custom Product (product.metafields.mm-google-shopping.custom_product)": "TRUE",
        "Included / Deutschland": "true",
        "Status": "draft" if number % 19 == 0 else "active",
    }


def _variants(chance: random.Random, number: int) -> list[dict[str, str]]:
    if number % 4 == 0:
        return [_variant(chance, number, 1) | {"Option1 Name": "Title", "Option1 Value": "Default Title"}]
    colours = chance.sample(_COLOURS, chance.randint(1, 4))
    sizes = chance.sample(_SIZES, chance.randint(1, 3)) if number % 2 else [""]
    rows = [
        _variant(chance, number, place) | {"Option1 Value": colour, "Option2 Value": size}
        for place, (colour, size) in enumerate(((c, s) for c in colours for s in sizes), start=1)
    ]
    rows[0] |= {"Option1 Name": "Color", "Option2 Name": "Size" if number % 2 else ""}
    return rows


def _variant(chance: random.Random, number: int, place: int) -> dict[str, str]:
    price = chance.randint(100, 99_999)
    tracked = number % 7 != 0
    return {
        "Variant SKU": "" if number % 5 == 0 else f"'{number:05}-{place}",
        "Variant Grams": f"{chance.randint(0, 5000)}.0",
        "Variant Inventory Tracker": "shopify" if tracked else "",
        "Variant Inventory Qty": str(chance.randint(-3, 40)) if tracked else "0",
        "Variant Inventory Policy": "continue" if number % 9 == 0 else "deny",
        "Variant Fulfillment Service": "manual",
        "Variant Price": f"{price / 100:.2f}",
        "Variant Compare At Price": ("", "0.00", f"{price / 100 + 10:.2f}")[place % 3],
        "Variant Requires Shipping": "true",
        "Variant Taxable": "true",
        "Variant Barcode": f"'40000{number:08}",
        "Variant Weight Unit": "kg",
    }

import hashlib
import json
from typing import Any

from django.db import migrations
from django.db.models import F


def key_of(options: dict[str, Any]) -> str:
    """Return what the services write; migrations keep a copy, because services move on."""
    folded = sorted([" ".join(str(word).split()).casefold() for word in pair] for pair in options.items())
    return hashlib.sha256(json.dumps(folded).encode()).hexdigest()[:40] if folded else ""


def fill_option_keys(apps: Any, schema_editor: Any) -> None:
    """Give each variant its key; of twins that a product has, which nothing forbade, the first keeps it."""
    Variant = apps.get_model("products", "Variant")
    seen, batch = set(), []
    for variant in Variant.objects.filter(archived_at__isnull=True).order_by("pk").iterator(chunk_size=1000):
        key = key_of(variant.options)
        variant.option_key = f"#{variant.pk}" if (variant.product_id, key) in seen else key
        seen.add((variant.product_id, key))
        batch.append(variant)
        if len(batch) == 1000:
            Variant.objects.bulk_update(batch, ["option_key"])
            batch = []
    Variant.objects.bulk_update(batch, ["option_key"])


def open_price_history(apps: Any, schema_editor: Any) -> None:
    """Begin each history with today's price, as if it had been so since the product was made."""
    Price, PriceChange = apps.get_model("products", "Price"), apps.get_model("products", "PriceChange")
    prices = Price.objects.annotate(since=F("variant__product__created_at")).iterator(chunk_size=1000)
    changes = (
        PriceChange(variant_id=price.variant_id, currency=price.currency, amount=price.amount, at=price.since)
        for price in prices
    )
    while batch := [change for _, change in zip(range(1000), changes, strict=False)]:
        PriceChange.objects.bulk_create(batch)


class Migration(migrations.Migration):
    dependencies = [("products", "0005_texts_prices_options")]

    operations = [
        migrations.RunPython(fill_option_keys, migrations.RunPython.noop),
        migrations.RunPython(open_price_history, migrations.RunPython.noop),
    ]

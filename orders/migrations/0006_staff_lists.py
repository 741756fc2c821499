"""Indexes of the lists that staff read: by each state, by total, by address, by SKU."""

from typing import Any

import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

# Finds what an address begins with, in every collation; Django has no word for it that SQLite understands too.
BY_ADDRESS = "CREATE INDEX orders_email_start ON orders_order (lower(email) text_pattern_ops)"


def on_postgres(statement: str) -> Any:
    def run(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(statement)

    return run


class Migration(migrations.Migration):
    dependencies = [
        ("cart", "0004_codes_and_rates_of_zones"),
        ("orders", "0005_carriers"),
        ("products", "0010_prices_by_rate"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["status", "-placed_at", "-id"], name="orders_by_status"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["payment_status", "-placed_at", "-id"], name="orders_by_payment"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["fulfilment_status", "-placed_at", "-id"], name="orders_by_goods"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["currency", "total"], name="orders_by_total"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("disputed", True)), fields=["-placed_at", "-id"], name="orders_disputed"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("tax_treatment__in", ["export", "reverse_charge"])),
                fields=["tax_treatment", "-placed_at", "-id"],
                name="orders_tax_free",
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                django.db.models.functions.text.Lower("sku"), models.F("order"), name="orders_line_sku"
            ),
        ),
        migrations.RunPython(on_postgres(BY_ADDRESS), on_postgres("DROP INDEX orders_email_start")),
    ]

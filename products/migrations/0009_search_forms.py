from itertools import islice
from typing import Any

from django.db import migrations, models

from products.search.beginnings import form_of

_AT_ONCE = 10_000


def fill(apps: Any, schema_editor: Any) -> None:
    """Keep what the index has already; SQLite needs none of it."""
    if schema_editor.connection.vendor != "postgresql":
        return
    table = apps.get_model("products", "SearchForm").objects.using(schema_editor.connection.alias)
    with schema_editor.connection.cursor() as cursor:
        # Marks begin with a sign, and numbers aren't kept. Some more are than the index would keep, which finds the
        # same a little slower; ``index_products --all`` drops them.
        cursor.execute(
            "SELECT word FROM ts_stat('SELECT vector FROM products_searchentry') WHERE word !~ '^[0-9#=]'"
        )
        forms = iter({form for (word,) in cursor.fetchall() if (form := form_of(word))})
    model = table.model
    while some := [model(word=word) for word in islice(forms, _AT_ONCE)]:
        table.bulk_create(some, ignore_conflicts=True)


class Migration(migrations.Migration):
    """What beginnings of words may go on as, which PostgreSQL looks for instead."""

    dependencies = [("products", "0008_exchange_rates")]

    operations = [
        migrations.CreateModel(
            name="SearchForm",
            fields=[("word", models.CharField(max_length=61, primary_key=True, serialize=False))],
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

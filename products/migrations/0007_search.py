from typing import Any

import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

POSTGRES = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    """
    CREATE TABLE products_searchentry (
        rowid bigint PRIMARY KEY REFERENCES products_product (id) DEFERRABLE INITIALLY DEFERRED,
        name text NOT NULL,
        keywords text NOT NULL,
        body text NOT NULL,
        vector tsvector
    )
    """,
    # Without a pending list: a search would have to read through what wasn't merged yet.
    "CREATE INDEX products_search_words ON products_searchentry USING gin (vector) WITH (fastupdate = off)",
    "CREATE TABLE products_searchword (word varchar(60) PRIMARY KEY)",
    # Finds what a word is the start of, in every collation.
    "CREATE INDEX products_word_start ON products_searchword (word text_pattern_ops)",
    "CREATE INDEX products_word_like ON products_searchword USING gin (word gin_trgm_ops)",
)
SQLITE = (
    # The words are made plain before they are stored: case, accents and endings are gone.
    """
    CREATE VIRTUAL TABLE products_searchentry USING fts5 (
        name, keywords, body, vector UNINDEXED, tokenize = "unicode61 remove_diacritics 0", prefix = "2 3 4"
    )
    """,
    "CREATE TABLE products_searchword (word varchar(60) NOT NULL PRIMARY KEY)",
)


def create_tables(apps: Any, schema_editor: Any) -> None:
    for statement in POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop_tables(apps: Any, schema_editor: Any) -> None:
    for table in ("products_searchentry", "products_searchword"):
        schema_editor.execute(f"DROP TABLE {table}")


class Migration(migrations.Migration):
    """The search tables, which each database has in a form of its own; indexing them is a job of the worker."""

    dependencies = [("products", "0006_fill_option_keys")]

    operations = [
        migrations.AddConstraint(
            model_name="variant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("archived_at__isnull", True)),
                fields=("product", "option_key"),
                name="products_variant_once_a_combination",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="SearchEntry",
                    fields=[
                        (
                            "product",
                            models.OneToOneField(
                                db_column="rowid",
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="search_entry",
                                serialize=False,
                                to="products.product",
                            ),
                        ),
                        ("name", models.TextField(default="")),
                        ("keywords", models.TextField(default="")),
                        ("body", models.TextField(default="")),
                        ("vector", django.contrib.postgres.search.SearchVectorField(null=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="SearchWord",
                    fields=[
                        ("word", models.CharField(max_length=60, primary_key=True, serialize=False)),
                    ],
                ),
            ],
            database_operations=[migrations.RunPython(create_tables, drop_tables)],
        ),
    ]

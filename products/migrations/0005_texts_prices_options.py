import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("products", "0004_attributes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CatalogueImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file", models.CharField(blank=True, default="", max_length=200)),
                ("name", models.CharField(max_length=200)),
                ("format", models.CharField(max_length=20)),
                ("dry_run", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("rows_done", models.PositiveIntegerField(default=0)),
                ("created", models.PositiveIntegerField(default=0)),
                ("updated", models.PositiveIntegerField(default=0)),
                ("unchanged", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                ("errors", models.JSONField(blank=True, default=list)),
                ("requested_at", models.DateTimeField()),
                ("alive_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="CatalogueState",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.BigIntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name="CategoryText",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("language", models.CharField(max_length=10)),
                ("name", models.CharField(blank=True, default="", max_length=100)),
                ("description", models.TextField(blank=True, default="")),
            ],
        ),
        migrations.CreateModel(
            name="PriceChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ProductText",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("language", models.CharField(max_length=10)),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("description", models.TextField(blank=True, default="")),
                ("seo_title", models.CharField(blank=True, default="", max_length=100)),
                ("seo_description", models.CharField(blank=True, default="", max_length=300)),
                ("options", models.JSONField(blank=True, default=dict)),
            ],
        ),
        migrations.AddField(
            model_name="price",
            name="lowest_before",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="product",
            name="image_sources",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="product",
            name="published_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="product",
            name="rating_order",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce("rating", 0),
                output_field=models.PositiveSmallIntegerField(),
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="seo_description",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
        migrations.AddField(
            model_name="product",
            name="seo_title",
            field=models.CharField(blank=True, default="", max_length=100),
        ),
        migrations.AddField(
            model_name="productprice",
            name="lowest_before",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="variant",
            name="option_key",
            field=models.CharField(default="", editable=False, max_length=40),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("archived_at__isnull", True)),
                fields=["category", "published_at", "published_until"],
                name="products_shown_in_category",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(fields=["rating_order", "id"], name="products_by_rating"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("published_until__isnull", True),
                    ("published_until__gt", models.F("published_at")),
                    _connector="OR",
                ),
                name="products_product_shown_before_hidden",
            ),
        ),
        migrations.AddField(
            model_name="catalogueimport",
            name="actor",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="cataloguestate",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="products_one_catalogue"),
        ),
        migrations.AddField(
            model_name="categorytext",
            name="category",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="texts", to="products.category"
            ),
        ),
        migrations.AddField(
            model_name="pricechange",
            name="variant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="price_changes",
                to="products.variant",
            ),
        ),
        migrations.AddField(
            model_name="producttext",
            name="product",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="texts", to="products.product"
            ),
        ),
        migrations.AddConstraint(
            model_name="catalogueimport",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "running", "done", "failed"])),
                name="products_import_known_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="categorytext",
            constraint=models.UniqueConstraint(
                fields=("category", "language"), name="products_category_text_once_a_language"
            ),
        ),
        migrations.AddIndex(
            model_name="pricechange",
            index=models.Index(fields=["variant", "currency", "-at", "-id"], name="products_price_history"),
        ),
        migrations.AddConstraint(
            model_name="pricechange",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0)), name="products_pricechange_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="producttext",
            constraint=models.UniqueConstraint(
                fields=("product", "language"), name="products_text_once_a_language"
            ),
        ),
    ]

"""What search looks at; both tables can be made anew from the catalogue (``manage.py index_products``)."""

from __future__ import annotations

from django.contrib.postgres.search import SearchVectorField
from django.db import models

from products.models.catalogue import Product


class SearchEntry(models.Model):
    """
    The words of a product, weighted by column.

    On SQLite this is an FTS5 table, whose columns hold the words. On PostgreSQL ``vector`` has them all, and the
    other columns stay empty.
    """

    product = models.OneToOneField(
        Product, on_delete=models.CASCADE, primary_key=True, related_name="search_entry", db_column="rowid"
    )
    name = models.TextField(default="")
    keywords = models.TextField(default="")
    body = models.TextField(default="")
    vector = SearchVectorField(null=True)

    def __str__(self) -> str:
        return f"#{self.pk}"


class SearchWord(models.Model):
    """A word that some product's name or keywords had: what a mistyped word is compared with."""

    word = models.CharField(max_length=60, primary_key=True)

    def __str__(self) -> str:
        return self.word


class SearchForm(models.Model):
    """
    A word that the index has of some product, or ``abc*`` for those that go on in digits; none begins with one.

    Kept for PostgreSQL alone: SQLite's index knows what its words begin with.
    """

    word = models.CharField(max_length=61, primary_key=True)

    def __str__(self) -> str:
        return self.word

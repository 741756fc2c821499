"""Finding rows of variants by SKU, the way an index finds them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from products import search
from products.models import Product, Variant


class SkuSearch(ModelAdmin):
    """
    Rows found by the beginning of a SKU as it is written or in capitals, or by the product's name.

    Without regard to case every row would have to be looked at. ``variant_path`` leads from a row to its variant.
    """

    variant_path = ""
    search_help_text = "The beginning of a SKU, or words of the product's name."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()[:100]
        if not text:
            return queryset, False
        begins = Q(sku__startswith=text) | Q(sku__startswith=text.upper())
        variants = Variant.objects.filter(begins)
        if not variants.exists():
            products: Any = search.found(Product.objects.all(), text, ranked=True)
            variants = Variant.objects.filter(product__in=products.values("pk"))
        path = f"{self.variant_path}__in" if self.variant_path else "pk__in"
        return queryset.filter(**{path: variants.values("pk")}), False

"""The form of a product: everything as staff say it, and what changed as the services take it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from products.admin.fields import LinesField, PairsField
from products.models import Category, Collection, Product, ProductSlug
from products.services.naming import free_slug
from shop.api.admin import ServiceForm
from shop.core.names import FILTER_NAME

MOST_OPTIONS = 5
MOST_ATTRIBUTES = 100
_LONGEST_OPTION = 50
_SLUG = re.compile(r"(?=.*[a-z])[a-z0-9-]+")
# Any field that points there: its address is where the widget asks for a few at a time.
_COLLECTION: Any = Collection.products.through._meta.get_field("collection")
_CATEGORY: Any = Product._meta.get_field("category")


def category_field(**options: Any) -> forms.ModelChoiceField:
    """Return a field that finds categories as one types."""
    widget = AutocompleteSelect(_CATEGORY, admin.site)
    return forms.ModelChoiceField(Category.objects.all(), widget=widget, **options)


class ProductForm(ServiceForm):
    """What staff write about a product; it can be bought once it is shown and has a variant with a price."""

    slug = forms.CharField(
        required=False,
        max_length=220,
        widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"}),
        help_text="The end of its address. Empty: made from the name. A former one leads to the new one.",
    )
    published = forms.BooleanField(
        label="Shown in the shop", required=False, widget=UnfoldBooleanSwitchWidget(), initial=False
    )
    collections = forms.ModelMultipleChoiceField(
        Collection.objects.all(),
        required=False,
        widget=AutocompleteSelectMultiple(_COLLECTION, admin.site),
        help_text="Hand-picked groups beside the one category.",
    )
    option_names = LinesField(
        label="Options",
        required=False,
        help_text="What its variants differ by, one a line, such as Size. Without options there is one variant.",
    )
    attributes = PairsField(
        required=False, help_text="What it is compared and filtered by, one a line, such as Material: oak."
    )

    class Meta:
        model = Product
        fields = (
            "name", "slug", "description", "category", "brand", "tax_class", "minimum_age", "option_names",
            "attributes", "seo_title", "seo_description", "published_at", "published_until", "external_id", "metadata",
        )  # fmt: skip
        labels = {
            "published_at": "From",
            "published_until": "Until",
            "seo_title": "Title",
            "seo_description": "Description",
        }
        help_texts = {
            "description": "Plain text, or HTML with headings, lists, links and tables; anything else is taken out.",
            "tax_class": "The class that tax rates are set for: standard or reduced.",
            "minimum_age": "In years. Whoever orders it has to confirm it. Empty: anybody may.",
            "published_at": "Empty: as soon as it is shown.",
            "published_until": "Empty: without an end.",
            "seo_title": "The headline that search engines show. Empty: the name.",
            "seo_description": "The lines below it. Empty: the beginning of the description.",
            "external_id": "Its id in another system.",
        }
        widgets = {
            "description": UnfoldAdminExpandableTextareaWidget(attrs={"rows": 4}),
            "seo_description": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["published"] = self.instance.published_at is not None
        if self.instance.pk:
            chosen: Any = Collection.objects.filter(products=self.instance.pk)
            self.initial["collections"] = list(chosen.values_list("pk", flat=True))

    def clean_slug(self) -> str:
        """Return the slug, made from the name where none is written."""
        said: str = self.cleaned_data["slug"]
        if said and not _SLUG.fullmatch(said):
            raise ValidationError(
                "Write small letters, digits and hyphens; one letter at least.", code="invalid"
            )
        if said or not self.instance.pk:
            return said
        return free_slug(ProductSlug, self.cleaned_data.get("name", ""), product=self.instance)

    def clean_option_names(self) -> list[str]:
        """Return the options, as few and as short as the API takes them."""
        names: list[str] = self.cleaned_data["option_names"]
        if len(names) > MOST_OPTIONS:
            raise ValidationError(f"A product has {MOST_OPTIONS} options at most.", code="invalid")
        for name in names:
            if len(name) > _LONGEST_OPTION:
                raise ValidationError(f"An option has {_LONGEST_OPTION} characters at most.", code="invalid")
        return names

    def clean_attributes(self) -> dict[str, str]:
        """Return the attributes, whose names are filters too."""
        values: dict[str, str] = self.cleaned_data["attributes"]
        if len(values) > MOST_ATTRIBUTES:
            raise ValidationError(f"A product has {MOST_ATTRIBUTES} attributes at most.", code="invalid")
        for name in values:
            # One that an import has brought may stay.
            if name not in self.instance.attributes and not FILTER_NAME.fullmatch(name):
                detail = f"{name}: name attributes by letters, digits, spaces, _ and -; at most 50."
                raise ValidationError(detail, code="invalid")
        return values

    def clean(self) -> dict[str, Any]:
        """Refuse to hide a product before it is shown."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        begin, end = values.get("published_at"), values.get("published_until")
        if begin and end and end <= begin:
            self.add_error("published_until", "It would be hidden before it is shown.")
        return values

    def changes(self) -> dict[str, Any]:
        """Return what is different, as the services take it."""
        found = self.said()
        if found.keys() & {"published", "published_at"}:
            # The one means nothing without the other.
            found |= {name: self.cleaned_data[name] for name in ("published", "published_at")}
        if "category" in found:
            found["category"] = found["category"].slug
        if "brand" in found:
            found["brand"] = found["brand"].name if found["brand"] else ""
        if "collections" in found:
            found["collections"] = [collection.slug for collection in found["collections"]]
        return found

"""Products in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin
from django.core.files.storage import default_storage
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from products import search, services
from products.admin.export import ExportPages
from products.admin.imports import ImportButton
from products.admin.pictures import PicturePages
from products.admin.product_form import ProductForm
from products.admin.texts import ProductTextInline, WritesTexts
from products.models import Product, ProductPrice, Variant
from shop.api.admin import ServiceAdmin
from shop.core.money import to_text

if TYPE_CHECKING:
    from datetime import datetime

SHOWN, TO_COME, OVER, HIDDEN, ARCHIVED = "shown", "to come", "over", "hidden", "archived"
_COLOURS = {SHOWN: "success", TO_COME: "info", OVER: "warning", HIDDEN: "warning", ARCHIVED: "danger"}


def state_of(product: Product, *, now: datetime) -> str:
    """Return in one word whether shoppers see a product."""
    if product.archived_at is not None:
        return ARCHIVED
    if product.published_at is None:
        return HIDDEN
    if product.published_at > now:
        return TO_COME
    return OVER if product.published_until is not None and product.published_until <= now else SHOWN


def in_state(state: str, *, now: datetime) -> Q:
    """Return the condition that a product is in a state."""
    here = Q(archived_at__isnull=True)
    begun = here & Q(published_at__lte=now)
    return {
        SHOWN: begun & (Q(published_until__isnull=True) | Q(published_until__gt=now)),
        TO_COME: here & Q(published_at__gt=now),
        OVER: begun & Q(published_until__lte=now),
        HIDDEN: here & Q(published_at__isnull=True),
        ARCHIVED: Q(archived_at__isnull=False),
    }[state]


class StateFilter(DropdownFilter):
    """Whether shoppers see it."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state.capitalize()) for state in _COLOURS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        state = self.value()
        return queryset.filter(in_state(state, now=timezone.now())) if state in _COLOURS else queryset


class VariantInline(TabularInline):
    """The variants of a product, to look at; each has a page of its own."""

    model = Variant
    fields = readonly_fields = ("to_page", "options_said", "price", "on_hand", "reserved", "archived")
    extra = 0
    per_page = 50
    tab = True
    can_delete = False
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        rows = super().get_queryset(request).select_related("stock").prefetch_related("prices")
        return rows.order_by("position", "pk")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="SKU")
    def to_page(self, variant: Variant) -> str:
        address = reverse("admin:products_variant_change", args=(variant.pk,))
        return format_html('<a class="font-medium text-primary-600" href="{}">{}</a>', address, variant.sku)

    @admin.display(description="options")
    def options_said(self, variant: Variant) -> str:
        return ", ".join(f"{name}: {value}" for name, value in variant.options.items()) or "–"

    @admin.display
    def price(self, variant: Variant) -> str:
        return ", ".join(f"{to_text(p.amount, p.currency)} {p.currency}" for p in variant.prices.all())

    @admin.display(description="on hand")
    def on_hand(self, variant: Variant) -> str:
        return str(variant.stock.on_hand) if variant.stock.tracked else "not counted"

    @admin.display(description="held for orders")
    def reserved(self, variant: Variant) -> int:
        return variant.stock.reserved

    @admin.display
    def archived(self, variant: Variant) -> Any:
        return variant.archived_at and variant.archived_at.date()


@admin.register(Product)
class ProductAdmin(ImportButton, ExportPages, WritesTexts, PicturePages, ServiceAdmin):
    form = ProductForm
    list_display = ("shown_name", "state", "price", "stock", "category", "brand")
    list_display_links = ("shown_name",)
    list_select_related = ("category", "brand", "cover")
    list_filter = (
        ("category", AutocompleteSelectFilter),
        ("brand", AutocompleteSelectFilter),
        ("collections", AutocompleteSelectFilter),
        StateFilter,
        "in_stock",
    )
    list_filter_submit = True
    # A row takes longer to draw than to read.
    list_per_page = 50
    # Acting on a million products by one click is what imports are for.
    list_disable_select_all = True
    # Other columns have no index that their order could be read from.
    sortable_by = ("shown_name",)
    search_fields = ("name",)
    search_help_text = "Words of the name, a SKU, the slug or the id in another system."
    fieldsets = (
        (None, {"fields": ("name", "slug", "description", ("category", "brand"), "collections")}),
        (
            "In the shop",
            {"classes": ("tab",), "fields": ("published", "published_at", "published_until", "so_far")},
        ),
        (
            "Options and attributes",
            {"classes": ("tab",), "fields": ("option_names", "attributes", "tax_class", "minimum_age")},
        ),
        ("Search engines", {"classes": ("tab",), "fields": ("seo_title", "seo_description")}),
        ("For integrators", {"classes": ("tab",), "fields": ("external_id", "metadata")}),
    )
    readonly_fields = ("so_far",)
    autocomplete_fields = ("category", "brand")
    inlines = (VariantInline, ProductTextInline)
    actions = ("archive",)
    actions_list = ("import_products", "export")
    actions_detail = ("pictures", "new_variant")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        prices = ProductPrice.objects.filter(product=OuterRef("pk"), currency=settings.BASE_CURRENCY)
        return super().get_queryset(request).annotate(lowest=Subquery(prices.values("lowest")))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        """Find by what indexes serve: a slug or an id as a whole, or else words and SKUs as shoppers do."""
        text = search_term.strip()
        if not text:
            return queryset, False
        exact = Product.objects.filter(Q(slug=text) | Q(external_id=text)).values_list("pk", flat=True)
        if known := list(exact[:2]):
            return queryset.filter(pk__in=known), False
        found: Any = search.found(queryset, text[:100], ranked=True)  # type: ignore[arg-type]
        return found.order_by("-relevance", "-pk"), False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        # What belongs to a product follows once it is there.
        return super().get_inlines(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:  # noqa: FBT001
        doer: dict[str, Any] = {"actor_id": request.user.pk, "now": timezone.now()}
        if change:
            services.update_product(product_id=obj.pk, **doer, **form.changes())
            return
        data = services.ProductData(**{"published": False, **form.changes()})
        # The page goes on with this object: its address, and the entry in its history.
        obj.pk = services.create_product(data=data, **doer).pk

    @admin.action(description="Archive selected products", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        for product_id in queryset.values_list("pk", flat=True):
            services.archive_product(product_id=product_id, actor_id=request.user.pk, now=timezone.now())

    def has_new_variant_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("products.add_variant")

    @action(
        description="New variant",
        url_path="new-variant",
        permissions=["new_variant"],
        icon="add",
        variant=ActionVariant.DEFAULT,
    )
    def new_variant(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go on to the form of a variant of this product."""
        return HttpResponseRedirect(f"{reverse('admin:products_variant_add')}?product={int(object_id)}")

    @display(description="name", header=True, ordering="name")
    def shown_name(self, product: Product) -> list[Any]:
        cover = product.cover
        if cover is None:
            return [product.name, product.slug]
        file = cover.thumbnails[0]["file"] if cover.thumbnails else cover.file
        picture = {"path": default_storage.url(file), "width": 36, "height": 36, "squared": True}
        return [product.name, product.slug, "", picture]

    @display(description="in the shop", label=_COLOURS)
    def state(self, product: Product) -> str:
        return state_of(product, now=timezone.now())

    @admin.display(description="from")
    def price(self, product: Product) -> str:
        lowest = getattr(product, "lowest", None)
        currency = settings.BASE_CURRENCY
        return "–" if lowest is None else f"{to_text(lowest, currency)} {currency}"

    @admin.display(description="in stock", boolean=True)
    def stock(self, product: Product) -> bool:
        return product.in_stock

    @admin.display(description="Now")
    def so_far(self, product: Product) -> str:
        """Say how it stands: what services keep and nobody edits."""
        if not product.pk:
            return "It isn't in the shop yet."
        stars = "no reviews"
        if product.rating is not None:
            stars = f"{product.rating / 100:.1f} of 5 stars in {product.review_count} reviews"
        stock = "in stock" if product.in_stock else "not in stock"
        price = f"from {self.price(product)}"
        if getattr(product, "lowest", None) is None:
            price = "without a variant that has a price, so nobody can buy it"
        return f"{state_of(product, now=timezone.now()).capitalize()}; {price}; {stock}; {stars}."

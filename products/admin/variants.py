"""Variants in the admin: what they are called, what they cost, how many there are."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from products import services
from products.admin.fields import PairsField
from products.admin.prices import PriceInline, WritesPrices
from products.admin.skus import SkuSearch
from products.models import Product, ProductImage, Variant
from shop.api.admin import ServiceAdmin, ServiceForm
from shop.core.money import price_from_text, to_text

_PLAIN = (
    "sku", "options", "position", "requires_shipping", "weight_grams", "available_at", "external_id", "metadata",
)  # fmt: skip
_POLICY = ("tracked", "backorder_limit", "low_stock_threshold")


def _line(**values: Any) -> forms.CharField:
    return forms.CharField(widget=UnfoldAdminTextInputWidget(), **values)


class VariantForm(ServiceForm):
    """A variant with its price in the shop's base currency and its stock."""

    options = PairsField(
        required=False,
        help_text="A value for each option of the product, one a line, such as Size: S. Empty without options.",
    )
    image = forms.ModelChoiceField(
        ProductImage.objects.none(),
        label="Picture",
        required=False,
        empty_label="The product's cover",
        widget=UnfoldAdminSelectWidget(),
        help_text="One of the product's pictures.",
    )
    price = _line(help_text="As 19.90.")
    compare_at_price = _line(
        label="Former price", required=False, help_text="Of a sale; it is struck through. Empty: no sale."
    )
    tracked = forms.BooleanField(
        label="Counted",
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
        help_text="What nobody counts can always be bought.",
    )
    backorder_limit = forms.IntegerField(
        min_value=0,
        max_value=1_000_000,
        initial=0,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="How many more than there are may be sold.",
    )
    stock_change = forms.IntegerField(
        required=False, initial=0, min_value=-1_000_000, max_value=1_000_000,
        widget=UnfoldAdminIntegerFieldWidget(), help_text="Units that came in, or with a minus those that are gone.",
    )  # fmt: skip
    low_stock_threshold = forms.IntegerField(
        label="Low at",
        required=False,
        min_value=0,
        max_value=1_000_000,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Staff are told by mail when no more than this are left. Empty: never.",
    )
    reason = _line(required=False, max_length=200, help_text="Why the stock changes; the ledger keeps it.")

    class Meta:
        model = Variant
        fields = ("product", *_PLAIN, "image")
        labels = {
            "sku": "SKU",
            "weight_grams": "Weight",
            "available_at": "Expected",
            "requires_shipping": "Is shipped",
        }
        help_texts = {
            "position": "Variants with lower numbers stand further up.",
            "weight_grams": "In grams, packed.",
            "available_at": "When one that is sold on backorder is expected.",
            "external_id": "Its id in another system.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            return
        pictures: Any = self.fields["image"]
        pictures.queryset = ProductImage.objects.filter(product=self.instance.product_id).order_by(
            "position", "pk"
        )
        pictures.label_from_instance = _picture_said
        stock = self.instance.stock
        self.initial.update({name: getattr(stock, name) for name in _POLICY})
        price = self.instance.prices.filter(currency=settings.BASE_CURRENCY).first()
        if price is not None:
            self.initial["price"] = to_text(price.amount, price.currency)
            former = price.compare_at
            self.initial["compare_at_price"] = "" if former is None else to_text(former, price.currency)

    def clean_price(self) -> int:
        return self._minor("price")

    def clean_compare_at_price(self) -> int | None:
        return self._minor("compare_at_price") if self.cleaned_data["compare_at_price"] else None

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        price, former = values.get("price"), values.get("compare_at_price")
        if price is not None and former is not None and former <= price:
            self.add_error("compare_at_price", "This must be higher than the price.")
        if self.instance.pk and values.get("stock_change") and not values.get("reason"):
            self.add_error("reason", "Say why, so that the ledger can be read later.")
        return values

    def _minor(self, name: str) -> int:
        try:
            return price_from_text(self.cleaned_data[name], settings.BASE_CURRENCY)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def changes(self) -> dict[str, Any]:
        """Return what the services take; the price counts as changed with either of its parts."""
        values, changed = self.cleaned_data, set(self.changed_data)
        found = {name: values[name] for name in (*_PLAIN, *_POLICY) if name in changed}
        if "image" in changed:
            found["image_id"] = values["image"].pk if values["image"] else None
        if changed & {"price", "compare_at_price"}:
            found |= {"price": values["price"], "compare_at": values["compare_at_price"]}
            found["currency"] = settings.BASE_CURRENCY
        return found


@admin.register(Variant)
class VariantAdmin(SkuSearch, WritesPrices, ServiceAdmin):
    form = VariantForm
    list_display = ("sku", "product_name", "options_said", "on_hand", "reserved", "archived")
    list_select_related = ("product", "stock")
    search_fields = ("sku",)
    sortable_by = ("sku",)
    autocomplete_fields = ("product",)
    fieldsets = (
        (None, {"fields": ("product", ("sku", "position"), "options", "image")}),
        (f"Price in {settings.BASE_CURRENCY}", {"fields": (("price", "compare_at_price"),)}),
        (
            "Stock",
            {
                "fields": (
                    ("on_hand", "reserved"),
                    ("stock_change", "reason"),
                    "tracked",
                    ("backorder_limit", "low_stock_threshold"),
                    "available_at",
                )
            },
        ),
        ("Shipping", {"fields": (("requires_shipping", "weight_grams"),)}),
        ("For integrators", {"classes": ("collapse",), "fields": ("external_id", "metadata")}),
    )
    readonly_fields = ("on_hand", "reserved")
    inlines = (PriceInline,)
    actions = ("archive",)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        # What it costs elsewhere follows once it is there.
        return super().get_inlines(request, obj) if obj else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # A variant never moves to another product: orders name both.
        return (*self.readonly_fields, "product") if obj else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None:
            return self.fieldsets
        # There is nothing yet that could be shown, and whose pictures is still open.
        return _without(self.fieldsets, "image", ("on_hand", "reserved"))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Ask for a value of each option that the product has, where the page is opened for one."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if initial.get("product", "").isdecimal():
            names = (
                Product.objects.filter(pk=initial["product"]).values_list("option_names", flat=True).first()
            )
            initial["options"] = "\n".join(f"{name}: " for name in names or ())
        return initial

    def response_post_save_add(self, request: HttpRequest, obj: Variant) -> HttpResponse:
        """Go back to the product, which has the list of its variants."""
        return HttpResponseRedirect(
            reverse("admin:products_product_change", args=(obj.product_id,)) + "#variants"
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Variant, form: Any, change: bool) -> None:  # noqa: FBT001
        doer: dict[str, Any] = {"actor_id": request.user.pk, "now": timezone.now()}
        units = form.cleaned_data["stock_change"] or 0
        if not change:
            data = services.VariantData(
                **{name: form.cleaned_data[name] for name in (*_PLAIN, *_POLICY, "price")},
                compare_at=form.cleaned_data["compare_at_price"],
                currency=settings.BASE_CURRENCY,
                on_hand=max(0, units),
            )
            # The page goes on with this object: its address, and the entry in its history.
            obj.pk = services.add_variant(product_id=obj.product_id, variant=data, **doer).pk
            return
        services.update_variant(variant_id=obj.pk, **doer, **form.changes())
        if units:
            services.adjust_stock(variant_id=obj.pk, delta=units, reason=form.cleaned_data["reason"], **doer)

    @admin.display(description="product")
    def product_name(self, variant: Variant) -> str:
        return variant.product.name

    @admin.display(description="options")
    def options_said(self, variant: Variant) -> str:
        return ", ".join(f"{name}: {value}" for name, value in variant.options.items()) or "–"

    @admin.display
    def archived(self, variant: Variant) -> Any:
        return variant.archived_at and variant.archived_at.date()

    @admin.display(description="on hand")
    def on_hand(self, variant: Variant) -> int | None:
        return variant.stock.on_hand if variant.pk else None

    @admin.display(description="held for orders")
    def reserved(self, variant: Variant) -> int | None:
        return variant.stock.reserved if variant.pk else None

    @admin.action(description="Archive selected variants", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: Any) -> None:
        for variant_id in queryset.values_list("pk", flat=True):
            services.archive_variant(variant_id=variant_id, actor_id=request.user.pk, now=timezone.now())


def _picture_said(image: ProductImage) -> str:
    return f"{image.position + 1}. {image.alt or image.file.rpartition('/')[2]}"


def _without(fieldsets: Any, *names: Any) -> Any:
    return tuple(
        (title, {**said, "fields": tuple(name for name in said["fields"] if name not in names)})
        for title, said in fieldsets
    )

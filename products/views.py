"""The catalogue over HTTP."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors, services
from products.serializers import (
    DetailFilters,
    NewProductBody,
    NewVariantBody,
    ProductBody,
    ProductFilters,
    StockBody,
    VariantBody,
    category_tree_json,
    detail_json,
    movement_json,
    product_json,
)
from shop.api.caching import PublicCacheMixin
from shop.api.paging import KeysetPagination, Ordering
from shop.api.permissions import StaffWith, may
from shop.core.errors import NotFound
from shop.core.transactions import use_case

SLUG = r"[-a-zA-Z0-9_]+"
ORDERINGS = {
    "price": Ordering("price"),
    "-price": Ordering("price", descending=True),
    "newest": Ordering("created_at", descending=True),
    "name": Ordering("name"),
    "rating": Ordering("rating", descending=True),
    "relevance": Ordering("relevance", descending=True),
}


class PublicReads:
    """Everybody reads, and nobody's bearer is looked at; staff write, and see what is hidden with ``?preview=1``."""

    public_actions = ("list", "retrieve")

    def is_public(self) -> bool:
        reads = self.request.method in ("GET", "HEAD", "OPTIONS") and "preview" not in self.request.GET
        return reads and getattr(self, "action", None) in (*self.public_actions, "metadata", None)

    def get_authenticators(self) -> list[Any]:
        # Called before REST framework wraps the request, with the plain one in self.request.
        safe = self.request is not None and self.request.method in ("GET", "HEAD", "OPTIONS")
        if safe and "preview" not in self.request.GET and self.action_map.get("get") in self.public_actions:
            return []
        return super().get_authenticators()

    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self.is_public() else [StaffWith()]


class CategoryViewSet(PublicReads, PublicCacheMixin, viewsets.ViewSet):
    """The tree of categories."""

    lookup_field = "slug"
    lookup_value_regex = SLUG
    staff_permissions = {"list": "products.view_category", "retrieve": "products.view_category"}

    def list(self, request: Request) -> Response:
        return Response({"results": category_tree_json(selectors.category_tree())})

    def retrieve(self, request: Request, slug: str) -> Response:
        tree = category_tree_json(selectors.category_tree())
        while tree:
            node = tree.pop()
            if node["slug"] == slug:
                return Response(node)
            tree.extend(node["children"])
        raise NotFound


class ProductViewSet(PublicReads, PublicCacheMixin, viewsets.ModelViewSet):
    """Products. Shoppers list and read them; staff write them, and deleting one archives it."""

    lookup_field = "ref"
    lookup_value_regex = SLUG
    pagination_class = KeysetPagination
    serializer_class = ProductBody
    staff_permissions = {
        "list": "products.view_product",
        "retrieve": "products.view_product",
        "create": "products.add_product",
        "update": "products.change_product",
        "partial_update": "products.change_product",
        "destroy": "products.delete_product",
        "stock": "products.view_stockitem",
        "adjust": "products.change_stockitem",
        "add_variant": "products.add_variant",
        "change_variant": "products.change_variant",
        "archive_variant": "products.delete_variant",
    }

    def get_ordering(self) -> Ordering:
        default = "relevance" if self.filters.get("q") else "newest"
        return ORDERINGS[self.filters.get("ordering", default)]

    def get_queryset(self) -> Any:
        self.filters = ProductFilters.read(self.request.query_params)
        return selectors.list_products(
            filters=self.filters, currency=self.filters["currency"], now=timezone.now(), hidden=self._hidden()
        )

    @extend_schema(parameters=[ProductFilters])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(
            [product_json(product, self.filters["currency"]) for product in page]
        )

    def retrieve(self, request: Request, ref: str) -> Response:
        return Response(self._detail(ref))

    @extend_schema(request=NewProductBody)
    def create(self, request: Request) -> Response:
        body = NewProductBody(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        variants = tuple(services.VariantData(**variant) for variant in values.pop("variants", ()))
        data = services.ProductData(**values, variants=variants)
        product = use_case(services.create_product, data=data, actor_id=request.user.pk, now=timezone.now())
        return Response(
            self._detail(str(product.pk)), status=201, headers={"Location": f"{request.path}{product.pk}/"}
        )

    def update(self, request: Request, ref: str, *, partial: bool = False) -> Response:
        body = ProductBody(data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        product_id = self._id_of(ref)
        use_case(
            services.update_product,
            product_id=product_id,
            actor_id=request.user.pk,
            now=timezone.now(),
            **body.validated_data,
        )
        return Response(self._detail(str(product_id)))

    def partial_update(self, request: Request, ref: str) -> Response:
        return self.update(request, ref, partial=True)

    def destroy(self, request: Request, ref: str) -> Response:
        use_case(
            services.archive_product,
            product_id=self._id_of(ref),
            actor_id=request.user.pk,
            now=timezone.now(),
        )
        return Response(status=204)

    @action(detail=True, methods=["get"], url_path="stock")
    def stock(self, request: Request, ref: str) -> Response:
        self.filters, self.get_ordering = {}, lambda: Ordering("pk", descending=True)
        page = self.paginate_queryset(selectors.movements_of(self._id_of(ref)))
        return self.get_paginated_response([movement_json(movement) for movement in page])

    @extend_schema(request=StockBody)
    @stock.mapping.post
    def adjust(self, request: Request, ref: str) -> Response:
        body = StockBody(data=request.data)
        body.is_valid(raise_exception=True)
        variant = selectors.variant_of(self._id_of(ref), body.validated_data.get("variant"))
        item = use_case(
            services.adjust_stock,
            variant_id=variant.pk,
            delta=body.validated_data["delta"],
            reason=body.validated_data["reason"],
            actor_id=request.user.pk,
            now=timezone.now(),
        )
        answer = {
            "variant": variant.pk,
            "sku": variant.sku,
            "on_hand": item.on_hand,
            "reserved": item.reserved,
        }
        return Response(answer, status=201)

    @extend_schema(request=NewVariantBody)
    @action(detail=True, methods=["post"], url_path="variants")
    def add_variant(self, request: Request, ref: str) -> Response:
        body = NewVariantBody(data=request.data)
        body.is_valid(raise_exception=True)
        product_id = self._id_of(ref)
        use_case(
            services.add_variant,
            product_id=product_id,
            variant=services.VariantData(**body.validated_data),
            actor_id=request.user.pk,
            now=timezone.now(),
        )
        return Response(self._detail(str(product_id)), status=201)

    @extend_schema(request=VariantBody)
    @action(detail=True, methods=["patch"], url_path=r"variants/(?P<variant>[0-9]{1,18})")
    def change_variant(self, request: Request, ref: str, variant: str) -> Response:
        body = VariantBody(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        product_id = self._id_of(ref)
        use_case(
            services.update_variant,
            variant_id=selectors.variant_of(product_id, int(variant)).pk,
            actor_id=request.user.pk,
            now=timezone.now(),
            **body.validated_data,
        )
        return Response(self._detail(str(product_id)))

    @extend_schema(request=None, responses={204: None})
    @change_variant.mapping.delete
    def archive_variant(self, request: Request, ref: str, variant: str) -> Response:
        chosen = selectors.variant_of(self._id_of(ref), int(variant))
        use_case(services.archive_variant, variant_id=chosen.pk, actor_id=request.user.pk, now=timezone.now())
        return Response(status=204)

    def _hidden(self) -> bool:
        return "preview" in self.request.query_params and may(self.request.user, "products.view_product")

    def _detail(self, ref: str) -> dict[str, Any]:
        currency = DetailFilters.read(self.request.query_params).get("currency", settings.BASE_CURRENCY)
        hidden = self._hidden() or self.request.method not in ("GET", "HEAD")
        product = selectors.product_by_ref(ref, currency=currency, now=timezone.now(), hidden=hidden)
        return detail_json(product, currency)

    def _id_of(self, ref: str) -> int:
        return selectors.product_by_ref(
            ref, currency=settings.BASE_CURRENCY, now=timezone.now(), hidden=True
        ).pk

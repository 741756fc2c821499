"""Products over HTTP."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors, services
from products.answers import detail_for_staff, detail_json, product_json
from products.schemas import ProductDetail, ProductInList
from products.serializers import DetailFilters, NewProductBody, ProductBody, ProductFilters
from products.views.paging import CataloguePagination
from products.views.public import LANGUAGE, SLUG, PublicReads, ReadersLanguage
from products.views.searching import bounded
from shop.api.paging import Ordering
from shop.api.permissions import may
from shop.core.transactions import use_case

ORDERINGS = {
    "price": Ordering("price"),
    "-price": Ordering("price", descending=True),
    "newest": Ordering("created_at", descending=True),
    "name": Ordering("name"),
    "rating": Ordering("rating_order", descending=True),
    "relevance": Ordering("relevance", descending=True),
}


class ProductViewSet(ReadersLanguage, PublicReads, viewsets.GenericViewSet[Any]):
    """Products. Shoppers list and read them; staff write them, and deleting one archives it."""

    lookup_field = "ref"
    lookup_value_regex = SLUG
    serializer_class = ProductInList
    pagination_class = CataloguePagination
    staff_permissions = {
        "list": "products.view_product",
        "retrieve": "products.view_product",
        "create": "products.add_product",
        "update": "products.change_product",
        "partial_update": "products.change_product",
        "destroy": "products.delete_product",
    }

    def get_ordering(self) -> Ordering:
        default = "relevance" if self.filters.get("q") else "newest"
        return ORDERINGS[self.filters.get("ordering", default)]

    @extend_schema(parameters=[ProductFilters, LANGUAGE], responses=ProductInList(many=True))
    def list(self, request: Request) -> Response:
        self.filters = ProductFilters.read(request.query_params)
        currency = self.filters["currency"]
        with bounded(self.filters):
            self.found = selectors.search_products(
                filters=self.filters,
                currency=currency,
                now=timezone.now(),
                language=self.language(),
                hidden=self._hidden(),
                ranked=self.get_ordering() == ORDERINGS["relevance"],
            )
            page = self.paginate_queryset(self.found.products) or ()
        return self.get_paginated_response([product_json(product, currency) for product in page])

    @extend_schema(
        parameters=[DetailFilters, LANGUAGE],
        responses={
            200: ProductDetail,
            301: OpenApiResponse(description="It has another slug now: `Location` says which."),
        },
    )
    def retrieve(self, request: Request, ref: str) -> Response:
        currency = DetailFilters.read(request.query_params).get("currency", settings.BASE_CURRENCY)
        product = selectors.product_by_ref(
            ref, currency=currency, now=timezone.now(), language=self.language(), hidden=self._hidden()
        )
        if not ref.isdigit() and ref != product.slug:
            # Search engines and bookmarks learn the new one.
            path, query = request.path.removesuffix(f"{ref}/"), request.META["QUERY_STRING"]
            moved = f"{path}{product.slug}/{'?' if query else ''}{query}"
            return Response(status=301, headers={"Location": moved})
        return Response(detail_json(product, currency))

    @extend_schema(request=NewProductBody, responses={201: ProductDetail})
    def create(self, request: Request) -> Response:
        body = NewProductBody(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        variants = tuple(services.VariantData(**variant) for variant in values.pop("variants", ()))
        data = services.ProductData(**values, variants=variants)
        product = use_case(services.create_product, data=data, actor_id=request.user.pk, now=timezone.now())
        headers = {"Location": f"{request.path}{product.pk}/"}
        return Response(detail_for_staff(product.pk), status=201, headers=headers)

    @extend_schema(request=ProductBody, responses=ProductDetail)
    def update(self, request: Request, ref: str, *, partial: bool = False) -> Response:
        body = ProductBody(data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        product_id = selectors.product_id_of(ref)
        use_case(
            services.update_product,
            product_id=product_id,
            actor_id=request.user.pk,
            now=timezone.now(),
            **body.validated_data,
        )
        return Response(detail_for_staff(product_id))

    @extend_schema(request=ProductBody, responses=ProductDetail)
    def partial_update(self, request: Request, ref: str) -> Response:
        return self.update(request, ref, partial=True)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        use_case(
            services.archive_product,
            product_id=selectors.product_id_of(ref),
            actor_id=request.user.pk,
            now=timezone.now(),
        )
        return Response(status=204)

    def _hidden(self) -> bool:
        return "preview" in self.request.query_params and may(self.request.user, "products.view_product")

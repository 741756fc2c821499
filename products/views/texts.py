"""What products and categories say in each language, over HTTP, for staff; shoppers read it with them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors, services
from products.text_shapes import (
    CategoryTextAnswer,
    CategoryTextBody,
    CategoryTextList,
    ProductTextAnswer,
    ProductTextBody,
    ProductTextList,
    texts_json,
)
from shop.api.permissions import StaffWith
from shop.api.serializers import QuerySerializer
from shop.core.transactions import use_case

# Longer than any code of a language: a wrong one is told which there are.
LANGUAGE_CODE = r"[-a-zA-Z0-9]{1,35}"


class ProductTextViewSet(viewsets.ViewSet):
    """A product's texts. The shop's own are read here and written with the product."""

    permission_classes = [StaffWith]
    staff_permissions = dict.fromkeys(("list", "update", "destroy"), "products.change_product")

    @extend_schema(responses=ProductTextList, operation_id="products_texts_list")
    def list(self, request: Request, ref: str) -> Response:
        QuerySerializer.read(request.query_params)
        return Response(texts_json(selectors.texts_for_staff(selectors.product_id_of(ref))))

    @extend_schema(request=ProductTextBody, responses=ProductTextAnswer)
    def update(self, request: Request, ref: str, language: str) -> Response:
        body = ProductTextBody(data=request.data)
        body.is_valid(raise_exception=True)
        product_id = selectors.product_id_of(ref)
        self._write(request, product_id, language, body.validated_data)
        return Response(_in(language, selectors.texts_for_staff(product_id)))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, ref: str, language: str) -> Response:
        self._write(request, selectors.product_id_of(ref), language, {})
        return Response(status=204)

    def _write(self, request: Request, product_id: int, language: str, said: dict[str, Any]) -> None:
        use_case(
            services.write_product_text,
            product_id=product_id,
            language=language,
            said=said,
            actor_id=request.user.pk,
            now=timezone.now(),
        )


class CategoryTextViewSet(viewsets.ViewSet):
    """A category's texts. The shop's own are read here and written with the category."""

    permission_classes = [StaffWith]
    staff_permissions = dict.fromkeys(("list", "update", "destroy"), "products.change_category")

    @extend_schema(responses=CategoryTextList, operation_id="categories_texts_list")
    def list(self, request: Request, slug: str) -> Response:
        QuerySerializer.read(request.query_params)
        return Response(texts_json(selectors.category_texts_for_staff(slug)))

    @extend_schema(request=CategoryTextBody, responses=CategoryTextAnswer)
    def update(self, request: Request, slug: str, language: str) -> Response:
        body = CategoryTextBody(data=request.data)
        body.is_valid(raise_exception=True)
        self._write(request, slug, language, body.validated_data)
        return Response(_in(language, selectors.category_texts_for_staff(slug)))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, slug: str, language: str) -> Response:
        self._write(request, slug, language, {})
        return Response(status=204)

    def _write(self, request: Request, slug: str, language: str, said: dict[str, Any]) -> None:
        use_case(
            services.write_category_text,
            slug=slug,
            language=language,
            said=said,
            actor_id=request.user.pk,
            now=timezone.now(),
        )


def _in(language: str, texts: list[dict[str, Any]]) -> dict[str, Any]:
    return next(text for text in texts if text["language"] == language.lower())

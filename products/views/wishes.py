"""Wishlists, and waiting for what is out of stock, over HTTP."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors, services
from products.opinion_shapes import AlertAnswer, AlertBody, WishAnswer, WishlistFilters, wish_json
from products.views.public import LANGUAGE, ReadersLanguage, customer_id
from shop.api.paging import Ordering
from shop.core.transactions import use_case


class WishlistViewSet(ReadersLanguage, viewsets.GenericViewSet[Any]):
    """One's own wishlist, newest first."""

    serializer_class = WishAnswer
    ordering = Ordering("added_at", descending=True)

    @extend_schema(parameters=[WishlistFilters, LANGUAGE], responses=WishAnswer(many=True))
    def list(self, request: Request) -> Response:
        currency = WishlistFilters.read(request.query_params).get("currency", settings.BASE_CURRENCY)
        wanted = selectors.wishlist_of(
            customer_id(request), currency=currency, now=timezone.now(), language=self.language()
        )
        page = self.paginate_queryset(wanted)
        return self.get_paginated_response([wish_json(product, currency) for product in page or ()])

    @extend_schema(request=None, responses={200: None, 201: None})
    def create(self, request: Request, ref: str) -> Response:
        now = timezone.now()
        product_id = selectors.visible_product_id(ref, now=now)
        added = use_case(services.add_wish, user_id=customer_id(request), product_id=product_id, now=now)
        return Response({"product": product_id}, status=201 if added else 200)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        use_case(services.remove_wish, user_id=customer_id(request), product_id=selectors.product_id_of(ref))
        return Response(status=204)


class AlertViewSet(viewsets.GenericViewSet[Any]):
    """Waiting for a variant of a product."""

    serializer_class = AlertAnswer

    @extend_schema(request=AlertBody, responses={200: AlertAnswer, 201: AlertAnswer})
    def create(self, request: Request, ref: str) -> Response:
        now = timezone.now()
        product_id = selectors.visible_product_id(ref, now=now)
        alert, is_new = use_case(
            services.ask_for_alert,
            user_id=customer_id(request),
            variant_id=self._variant(request, product_id),
            now=now,
        )
        answer = {"product": product_id, "variant": alert.variant_id, "created_at": alert.created_at}
        return Response(answer, status=201 if is_new else 200)

    @extend_schema(request=AlertBody, responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        variant_id = self._variant(request, selectors.product_id_of(ref))
        use_case(services.drop_alert, user_id=customer_id(request), variant_id=variant_id)
        return Response(status=204)

    def _variant(self, request: Request, product_id: int) -> int:
        body = AlertBody(data=request.data)
        body.is_valid(raise_exception=True)
        return selectors.variant_of(product_id, body.validated_data.get("variant")).pk

"""Reviews over HTTP: everybody reads them, customers write their own."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors, services
from products.opinion_shapes import OwnReviewAnswer, ReviewAnswer, ReviewBody, own_review_json, review_json
from products.views.public import PublicReads, customer_id
from shop.api.paging import Ordering
from shop.api.serializers import QuerySerializer
from shop.core.transactions import use_case


class ReviewViewSet(PublicReads, viewsets.GenericViewSet[Any]):
    """The reviews of a product, newest first."""

    public_actions = ("list",)
    serializer_class = ReviewAnswer
    ordering = Ordering("created_at", descending=True)

    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self._is_public() else [IsAuthenticated()]

    @extend_schema(responses=ReviewAnswer(many=True))
    def list(self, request: Request, ref: str) -> Response:
        QuerySerializer.read(request.query_params)
        product_id = selectors.visible_product_id(ref, now=timezone.now())
        page = self.paginate_queryset(selectors.reviews_of(product_id))
        return self.get_paginated_response([review_json(review) for review in page or ()])

    @extend_schema(request=ReviewBody, responses={201: OwnReviewAnswer})
    def create(self, request: Request, ref: str) -> Response:
        body = ReviewBody(data=request.data)
        body.is_valid(raise_exception=True)
        now = timezone.now()
        review = services.write_review(
            product_id=selectors.visible_product_id(ref, now=now),
            user_id=customer_id(request),
            said=body.validated_data,
            now=now,
        )
        headers = {"Location": f"{request.path}{review.pk}/"}
        return Response(own_review_json(review), status=201, headers=headers)

    @extend_schema(request=ReviewBody(partial=True), responses=OwnReviewAnswer)
    def partial_update(self, request: Request, ref: str, review: str) -> Response:
        body = ReviewBody(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        now = timezone.now()
        changed = use_case(
            services.change_review,
            product_id=selectors.visible_product_id(ref, now=now),
            review_id=int(review),
            user_id=customer_id(request),
            changes=body.validated_data,
            now=now,
        )
        return Response(own_review_json(changed))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, ref: str, review: str) -> Response:
        use_case(
            services.delete_review,
            product_id=selectors.product_id_of(ref),
            review_id=int(review),
            user_id=customer_id(request),
        )
        return Response(status=204)

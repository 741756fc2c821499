"""The variants of a product over HTTP, for staff; shoppers read them with the product."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors, services
from products.answers import detail_for_staff
from products.schemas import ProductDetail
from products.serializers import NewVariantBody, VariantBody
from shop.api.permissions import StaffWith
from shop.core.transactions import use_case


class VariantViewSet(viewsets.ViewSet):
    """Variants as staff write them; each answer is the whole product."""

    permission_classes = [StaffWith]
    staff_permissions = {
        "create": "products.add_variant",
        "partial_update": "products.change_variant",
        "destroy": "products.delete_variant",
    }

    @extend_schema(request=NewVariantBody, responses={201: ProductDetail})
    def create(self, request: Request, ref: str) -> Response:
        body = NewVariantBody(data=request.data)
        body.is_valid(raise_exception=True)
        product_id = selectors.product_id_of(ref)
        use_case(
            services.add_variant,
            product_id=product_id,
            variant=services.VariantData(**body.validated_data),
            actor_id=request.user.pk,
            now=timezone.now(),
        )
        return Response(detail_for_staff(product_id), status=201)

    @extend_schema(request=VariantBody(partial=True), responses=ProductDetail)
    def partial_update(self, request: Request, ref: str, variant: str) -> Response:
        body = VariantBody(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        product_id = selectors.product_id_of(ref)
        use_case(
            services.update_variant,
            variant_id=selectors.variant_at(product_id, int(variant)).pk,
            actor_id=request.user.pk,
            now=timezone.now(),
            **body.validated_data,
        )
        return Response(detail_for_staff(product_id))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, ref: str, variant: str) -> Response:
        chosen = selectors.variant_at(selectors.product_id_of(ref), int(variant))
        use_case(services.archive_variant, variant_id=chosen.pk, actor_id=request.user.pk, now=timezone.now())
        return Response(status=204)

"""The pictures of a product over HTTP, for staff; shoppers read them with the product."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors, services
from products.answers import image_json
from products.pictures import MAX_BYTES
from products.schemas import UploadedPicture
from products.serializers import ImageBody, NewImageBody
from shop.api.paging import Ordering
from shop.api.parsers import StrictJSONParser, upload_parser
from shop.api.permissions import StaffWith
from shop.api.serializers import QuerySerializer
from shop.core.transactions import use_case


class ImageViewSet(viewsets.GenericViewSet[Any]):
    """Pictures: uploaded as a form, changed as JSON."""

    permission_classes = [StaffWith]
    staff_permissions = {
        "list": "products.view_productimage",
        "create": "products.add_productimage",
        "partial_update": "products.change_productimage",
        "destroy": "products.delete_productimage",
    }
    parser_classes = [StrictJSONParser]
    ordering = Ordering("position")
    serializer_class = UploadedPicture

    def get_parsers(self) -> list[Any]:
        # Called before the action is named.
        method = getattr(getattr(self, "request", None), "method", None)
        return [upload_parser(MAX_BYTES)()] if method == "POST" else super().get_parsers()

    @extend_schema(responses=UploadedPicture(many=True))
    def list(self, request: Request, ref: str) -> Response:
        QuerySerializer.read(request.query_params)
        page = self.paginate_queryset(selectors.images_of(selectors.product_id_of(ref)))
        return self.get_paginated_response([image_json(image) for image in page or ()])

    @extend_schema(request={"multipart/form-data": NewImageBody}, responses={201: UploadedPicture})
    def create(self, request: Request, ref: str) -> Response:
        product_id = selectors.product_id_of(ref)
        body = NewImageBody(data=request.data)
        body.is_valid(raise_exception=True)
        image = services.upload_image(
            product_id=product_id,
            upload=body.validated_data["image"],
            alt=body.validated_data["alt"],
            actor_id=request.user.pk,
            now=timezone.now(),
        )
        return Response(image_json(image), status=201, headers={"Location": f"{request.path}{image.pk}/"})

    @extend_schema(request=ImageBody, responses=UploadedPicture)
    def partial_update(self, request: Request, ref: str, image: str) -> Response:
        product_id = selectors.product_id_of(ref)
        body = ImageBody(data=request.data)
        body.is_valid(raise_exception=True)
        changed = use_case(
            services.change_image,
            product_id=product_id,
            image_id=int(image),
            changes=body.validated_data,
            actor_id=request.user.pk,
            now=timezone.now(),
        )
        return Response(image_json(changed))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, ref: str, image: str) -> Response:
        use_case(
            services.delete_image,
            product_id=selectors.product_id_of(ref),
            image_id=int(image),
            actor_id=request.user.pk,
            now=timezone.now(),
        )
        return Response(status=204)

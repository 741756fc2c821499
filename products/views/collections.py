"""Collections over HTTP."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors, services
from products.answers import collection_json
from products.schemas import CollectionList, CollectionNode
from products.serializers import CollectionBody, DetailFilters
from products.views.public import SLUG, PublicReads
from shop.core.transactions import use_case


class CollectionViewSet(PublicReads):
    """Hand-picked groups of products. Shoppers read them; staff write them."""

    lookup_field = "slug"
    lookup_value_regex = SLUG
    staff_permissions = {
        "list": "products.view_collection",
        "retrieve": "products.view_collection",
        "create": "products.add_collection",
        "partial_update": "products.change_collection",
        "destroy": "products.delete_collection",
    }

    @extend_schema(responses=CollectionList, operation_id="collections_list")
    def list(self, request: Request) -> Response:
        DetailFilters.read(request.query_params)
        found = [collection_json(one) for one in selectors.collections_on_show(now=timezone.now())]
        return Response({"count": len(found), "next": None, "previous": None, "results": found})

    @extend_schema(responses=CollectionNode)
    def retrieve(self, request: Request, slug: str) -> Response:
        DetailFilters.read(request.query_params)
        return Response(_node(slug))

    @extend_schema(request=CollectionBody, responses={201: CollectionNode})
    def create(self, request: Request) -> Response:
        body = CollectionBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = use_case(
            services.create_collection,
            actor_id=request.user.pk,
            now=timezone.now(),
            **body.validated_data,
        )
        headers = {"Location": f"{request.path}{made.slug}/"}
        return Response(_node(made.slug), status=201, headers=headers)

    @extend_schema(request=CollectionBody, responses=CollectionNode)
    def partial_update(self, request: Request, slug: str) -> Response:
        body = CollectionBody(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed = use_case(
            services.update_collection,
            ref=slug,
            actor_id=request.user.pk,
            now=timezone.now(),
            **body.validated_data,
        )
        return Response(_node(changed.slug))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, slug: str) -> Response:
        use_case(services.delete_collection, slug=slug, actor_id=request.user.pk, now=timezone.now())
        return Response(status=204)


def _node(slug: str) -> dict[str, Any]:
    return collection_json(selectors.collection_by_slug(slug, now=timezone.now()))

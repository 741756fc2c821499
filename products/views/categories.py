"""The tree of categories over HTTP."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors, services
from products.answers import category_tree_json
from products.memory import MANY, Remembered
from products.schemas import CategoryList, CategoryNode
from products.serializers import CategoryBody, DetailFilters
from products.views.public import LANGUAGE, SLUG, PublicReads, ReadersLanguage
from shop.core.errors import NotFound
from shop.core.transactions import use_case


class CategoryViewSet(ReadersLanguage, PublicReads):
    """The tree of categories. Shoppers read it; staff write it."""

    lookup_field = "slug"
    lookup_value_regex = SLUG
    staff_permissions = {
        "list": "products.view_category",
        "retrieve": "products.view_category",
        "create": "products.add_category",
        "update": "products.change_category",
        "partial_update": "products.change_category",
        "destroy": "products.delete_category",
    }

    @extend_schema(parameters=[LANGUAGE], responses=CategoryList, operation_id="categories_list")
    def list(self, request: Request) -> Response:
        DetailFilters.read(request.query_params)
        roots = _tree(self.language())
        return Response({"count": len(roots), "next": None, "previous": None, "results": roots})

    @extend_schema(parameters=[LANGUAGE], responses=CategoryNode)
    def retrieve(self, request: Request, slug: str) -> Response:
        DetailFilters.read(request.query_params)
        return Response(_node(slug, language=self.language()))

    @extend_schema(request=CategoryBody, responses={201: CategoryNode})
    def create(self, request: Request) -> Response:
        body = CategoryBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = use_case(services.create_category, **body.validated_data)
        headers = {"Location": f"{request.path}{made.slug}/"}
        return Response(_node(made.slug), status=201, headers=headers)

    @extend_schema(request=CategoryBody, responses=CategoryNode)
    def update(self, request: Request, slug: str, *, partial: bool = False) -> Response:
        body = CategoryBody(data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        changed = use_case(
            services.update_category,
            ref=slug,
            actor_id=request.user.pk,
            now=timezone.now(),
            **body.validated_data,
        )
        return Response(_node(changed.slug))

    @extend_schema(request=CategoryBody, responses=CategoryNode)
    def partial_update(self, request: Request, slug: str) -> Response:
        return self.update(request, slug, partial=True)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, slug: str) -> Response:
        use_case(services.delete_category, slug=slug, actor_id=request.user.pk, now=timezone.now())
        return Response(status=204)


def _node(slug: str, *, language: str = "") -> dict[str, Any]:
    tree = _tree(language)
    while tree:
        node = tree.pop()
        if node["slug"] == slug:
            return node
        tree.extend(node["children"])
    raise NotFound


def _tree(language: str) -> list[dict[str, Any]]:
    remembered = Remembered("categories", {"language": language})
    tree: list[dict[str, Any]] | None = remembered.get()
    if tree is None:
        counts = Remembered("category_counts", {}, version=remembered.version)
        known = counts.get()
        rows = selectors.category_tree(now=timezone.now(), language=language, counts=known)
        products = sum(row["own_count"] for row in rows)
        if known is None:
            own = {row["pk"]: row["own_count"] for row in rows}
            counts.keep(own, products=products, lasting=products > MANY)
        tree = category_tree_json(rows)
        remembered.keep(tree, products=products)
    return tree

"""What the product list can be narrowed by, over HTTP."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors
from products.schemas import FacetList
from products.serializers import FacetFilters, facets_json
from products.views.public import PublicReads


class FacetView(PublicReads):
    """Counts for the same filters as the list's."""

    public_actions = ("list",)

    @extend_schema(operation_id="products_facets", parameters=[FacetFilters], responses=FacetList)
    def list(self, request: Request) -> Response:
        filters = FacetFilters.read(request.query_params)
        found = selectors.facets_of(filters=filters, currency=filters["currency"], now=timezone.now())
        return Response(facets_json(found, filters["currency"]))

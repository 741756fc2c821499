"""What the product list can be narrowed by, over HTTP."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from products import selectors
from products.answers import facets_json
from products.memory import Remembered
from products.schemas import FacetList
from products.serializers import FacetFilters
from products.views.public import LANGUAGE, PublicReads, ReadersLanguage
from products.views.searching import bounded


class FacetView(ReadersLanguage, PublicReads):
    """Counts for the same filters as the list's."""

    public_actions = ("list",)

    @extend_schema(operation_id="products_facets", parameters=[FacetFilters, LANGUAGE], responses=FacetList)
    def list(self, request: Request) -> Response:
        filters = FacetFilters.read(request.query_params)
        about = {**filters, "language": self.language()}
        settled, version = selectors.known(filters)
        # Where there is no such category or brand, no row has told the version.
        version = None if () in settled.values() else version
        remembered = Remembered("facets", about, on_stock="in_stock" in filters, version=version)
        found = remembered.get()
        if found is None:
            with bounded(filters):
                found = selectors.facets_of(
                    filters=settled,
                    currency=filters["currency"],
                    now=timezone.now(),
                    language=self.language(),
                    version=remembered.version,
                )
            remembered.keep(found, products=found.count, lasting=not found.complete)
        return Response(facets_json(found, filters["currency"]))

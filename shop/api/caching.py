"""ETags and cache lifetimes for public answers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.http import parse_etags, quote_etag
from rest_framework.response import Response

from shop.api.json import dumps

if TYPE_CHECKING:
    from rest_framework.request import Request


def etag_of(body: bytes) -> str:
    """Return the strong ETag of a body."""
    return quote_etag(hashlib.sha256(body).hexdigest()[:32])


class PublicCacheMixin:
    """
    Make the successful GETs of a ViewSet cacheable by anyone for ``CATALOGUE_MAX_AGE`` seconds.

    They carry an ``ETag``, and a request that already has the body gets 304 and no body. Only the actions that
    the view names as public: what staff read on the same ViewSet is nobody else's.
    """

    public_actions: tuple[str, ...] = ()

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Add the headers, or take the body away."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        if response.status_code != 200 or not self._is_shared(request):
            return response
        # Rendered here once; the renderer passes bytes through as they are.
        response.data = dumps(response.data)
        tag = etag_of(response.data)
        response.headers["ETag"] = tag
        response.headers["Cache-Control"] = f"public, max-age={settings.CATALOGUE_MAX_AGE}"
        response.headers["Vary"] = "Accept, Accept-Language, Origin"
        if _has_it(request, tag):
            response.status_code = 304
            response.data = None
        return response

    def _is_shared(self, request: Request) -> bool:
        reads = request.method in ("GET", "HEAD") and "preview" not in request.query_params
        return reads and getattr(self, "action", None) in self.public_actions


def _has_it(request: Request, tag: str) -> bool:
    # A proxy that compresses makes the tag a weak one; the body it has is still this one.
    tags = parse_etags(request.headers.get("If-None-Match", ""))
    return tags == ["*"] or tag in {known.removeprefix("W/") for known in tags}


def tagged(request: Request, data: Any) -> Response:
    """
    Return an answer with the ``ETag`` of its body, or 304 without one where the client has this body already.

    For what is one person's: nothing between here and there keeps it, but who asks every few seconds needn't read it.
    """
    body = dumps(data)
    tag = etag_of(body)
    if _has_it(request, tag):
        return Response(status=304, headers={"ETag": tag})
    return Response(body, headers={"ETag": tag})


def state_tag(state: str) -> str:
    """Return the ETag of a thing whose every write gives its state another name."""
    return quote_etag(state)


def state_in(request: Request) -> str | None:
    """
    Return the name of the state that ``If-Match`` says was seen, or None when the request doesn't say.

    What names no single state is the empty name, which no state has.
    """
    said = request.headers.get("If-Match", "").strip()
    if said in ("", "*"):
        return None
    tags = parse_etags(said)
    # One tag is what a client can have seen last; a proxy that compresses makes it a weak one.
    return tags[0].removeprefix("W/").strip('"') if len(tags) == 1 else ""

"""How bodies are read."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser

from shop.api.json import loads_strictly
from shop.api.problems import MalformedBody

if TYPE_CHECKING:
    from collections.abc import Mapping


class BodyTooLarge(APIException):
    """Raised for a body over the limit."""

    status_code = 413


class StrictJSONParser(BaseParser):
    """JSON objects only, within the limits of size and depth."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """
        Return the object that the body holds; an empty body is an empty object.

        :raises BodyTooLarge: it is over ``DATA_UPLOAD_MAX_MEMORY_SIZE``.
        :raises MalformedBody: it isn't an object that this shop reads.
        """
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge
        if not body.strip():
            return {}
        try:
            return loads_strictly(body)
        except UnicodeDecodeError:
            raise MalformedBody(reason="it isn't UTF-8.") from None
        except (ValueError, RecursionError) as error:
            reason = str(error) if str(error).startswith(("it ", "a ")) else "it isn't JSON."
            raise MalformedBody(reason=reason) from None

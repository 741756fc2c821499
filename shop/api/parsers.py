"""How bodies are read."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import QueryDict
from django.http.multipartparser import MultiPartParser as DjangoMultiPartParser
from django.http.multipartparser import MultiPartParserError
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


class _InMemory(MemoryFileUploadHandler):
    """Keeps an upload in memory whatever its size, so that no failure leaves a file behind."""

    def handle_raw_input(self, *_args: Any, **_kwargs: Any) -> None:
        self.activated = True


class UploadParser(BaseParser):
    """A form with one file, as browsers send it; ``most`` is what the file may weigh."""

    media_type = "multipart/form-data"
    most: int
    # Beside the file: its boundaries and the other fields.
    allowance = 64 * 1024

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """
        Return the fields and the file of a form, each under its name; the file is an open upload.

        :raises BodyTooLarge: the form says that it is larger than the file may be, or doesn't say; nothing is read.
        :raises MalformedBody: it isn't a form, or a name comes twice.
        """
        meta = (parser_context or {})["request"].META
        length = str(meta.get("CONTENT_LENGTH") or "")
        if not length.isdigit() or int(length) > self.most + self.allowance:
            raise BodyTooLarge
        try:
            fields, files = DjangoMultiPartParser(meta, cast("Any", stream), [_InMemory()]).parse()
        except MultiPartParserError as error:
            raise MalformedBody(reason="it isn't a form.") from error
        return {**_once(fields), **_once(files)}


def upload_parser(most: int) -> type[UploadParser]:
    """Return the parser of forms whose file weighs ``most`` bytes at most."""
    return type("SizedUploadParser", (UploadParser,), {"most": most})


def _once(values: QueryDict | Any) -> dict[str, Any]:
    if any(len(given) > 1 for _, given in values.lists()):
        raise MalformedBody(reason="a field comes twice.")
    return {name: values[name] for name in values}

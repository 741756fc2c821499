"""Files that come with a form of the admin, bounded while they come."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)

# Beside the files: boundaries and the other fields.
_ALLOWANCE = 64 * 1024
_NO_ROOM = "There is no room for it just now."


class SizedUploads(TemporaryFileUploadHandler):
    """
    Writes files to the temporary folder, and drops one as soon as it is over ``most`` bytes.

    ``refused`` has the names of those that were dropped, each with the reason. What came is gone with the request.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.refused: list[tuple[str, str]] = []
        self._size = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin another file."""
        super().new_file(*args, **kwargs)
        self._size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a piece, unless the file has become too large."""
        self._size += len(raw_data)
        if self._size > self.most:
            self._drop(f"A file may have {self.most // 1024 // 1024} MB.")
            raise SkipFile
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            self._drop(_NO_ROOM)
            raise SkipFile from error

    def file_complete(self, file_size: int) -> Any:
        """Return the file, or None when its last piece couldn't be written."""
        try:
            return super().file_complete(file_size)
        except OSError:
            self._drop(_NO_ROOM)
            return None

    def _drop(self, why: str) -> None:
        if why == _NO_ROOM:
            logger.error("An upload can't be written: the temporary folder has no room")
        self.refused.append((str(self.file_name), why))
        # Closing it is what deletes it. It may have something left to write where there is no room.
        with suppress(OSError):
            self.file.close()


def take_files(request: HttpRequest, *, most: int, together: int) -> SizedUploads | None:
    """
    Have the files of a form bounded, before anything of it is read.

    :param most: bytes of one file; of one that is larger only its name is kept.
    :param together: bytes of all of them; a form that says it is larger, or doesn't say, is not read: None.
    """
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if not length.isdigit() or int(length) > together + _ALLOWANCE:
        return None
    handler = SizedUploads(most)
    request.upload_handlers = [handler]
    return handler

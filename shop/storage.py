"""Pictures in a bucket that speaks S3; loaded only where ``MEDIA_STORAGE`` names one, for boto3 is large."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.files import File

# Names are random and never come back with other content, so a browser may keep what it has.
_FOR_EVER = "public, max-age=31536000, immutable"


class Bucket(S3Storage):  # type: ignore[misc]  # storages has no types
    """
    Files in a bucket, under public addresses below ``base_url``.

    What goes wrong is an ``OSError``, as with files on a disk. Two files of one name overwrite each other: looking
    first would be a call more for each, so names must be random.
    """

    def __init__(self, *, base_url: str, path_style: bool, **options: Any) -> None:
        self.base_url = base_url
        super().__init__(
            client_config=Config(
                connect_timeout=3.05,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 2},
                s3={"addressing_style": "path" if path_style else "virtual"},
                signature_version="s3v4",
                # By default checksums go in a form that only Amazon understands.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
            # A picture is one request: nothing to divide among threads.
            transfer_config=TransferConfig(use_threads=False),
            querystring_auth=False,
            **options,
        )

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        """Return what is kept with a file: Python doesn't know every kind by its ending."""
        kind = {"ContentType": "image/webp"} if name.endswith(".webp") else {}
        return {"CacheControl": _FOR_EVER, **kind}

    def url(
        self, name: str, parameters: Any = None, expire: Any = None, http_method: str | None = None
    ) -> str:
        """Return the public address of a file, without asking anybody."""
        return f"{self.base_url}/{filepath_to_uri(self._normalize_name(name))}"

    def exists(self, name: str) -> bool:
        """Tell whether there is a file of this name."""
        with _as_os_error():
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        """Delete a file, if there is one."""
        with _as_os_error():
            super().delete(name)

    def size(self, name: str) -> int:
        """Return how many bytes a file has."""
        with _as_os_error():
            return int(super().size(name))

    def _open(self, name: str, mode: str = "rb") -> Any:
        with _as_os_error():
            return super()._open(name, mode)

    def _save(self, name: str, content: File[bytes]) -> str:
        with _as_os_error():
            return str(super()._save(name, content))


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise OSError(f"The store of pictures failed: {error}") from error

"""The shop's logo on its documents: one small file that a setting names."""

from __future__ import annotations

import base64
from functools import lru_cache
from pathlib import Path

from django.conf import settings

_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_MOST = 512 * 1024


def why_not(path: str) -> str | None:
    """Return why a file can't be the logo, or None when it can."""
    file = Path(path)
    if file.suffix.lower() not in _TYPES:
        return "it must be a PNG or a JPEG"
    if not file.is_file():
        return "there is no such file"
    return "it must not be larger than 512 KiB" if file.stat().st_size > _MOST else None


def logo() -> bytes | None:
    """Return the logo, or None where the shop has none; a file that is gone leaves documents as they are without."""
    path = str(settings.SHOP_LOGO)
    if not path or why_not(path):
        return None
    return _read(path, Path(path).stat().st_mtime_ns)


def logo_as_link() -> str:
    """Return the logo as an address that holds it, for pages that need nothing else; empty without one."""
    image = logo()
    if image is None:
        return ""
    kind = _TYPES[Path(str(settings.SHOP_LOGO)).suffix.lower()]
    return f"data:{kind};base64,{base64.b64encode(image).decode()}"


@lru_cache(maxsize=2)
def _read(path: str, _changed: int) -> bytes:
    return Path(path).read_bytes()

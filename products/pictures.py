"""Uploaded pictures: looked at before they are decoded, and never stored as they came."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from dataclasses import dataclass
from typing import IO

from PIL import Image, ImageOps

from shop.core.errors import FieldError, ValidationFailed

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 25_000_000
# What a WebP can have; a longer strip is no picture of goods.
MAX_LENGTH = 16_383
# The longest side that is kept: sharp on every screen, and no page waits for more.
MAX_SIDE = 2400
WIDTHS = (320, 640, 1280)
FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 85
# How scripts, pages and documents begin, wherever in the file.
_OTHERS = re.compile(rb"<\?php\s|<script|<html|<!doctype|%PDF-\d", re.IGNORECASE)
# How hard the encoder tries: many at once needn't be the last few per cent smaller.
_MUCH, _LITTLE = 4, 2


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A picture as WebP; sizes are pixels."""

    content: bytes
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture and its smaller ones, narrowest first; a picture is never blown up, so there may be fewer."""

    full: Encoded
    smaller: tuple[Encoded, ...]


def read(upload: IO[bytes], *, field: str = "image") -> Picture:
    """
    Return an uploaded picture, encoded anew: whatever else the file held (EXIF, comments) is gone.

    Kind, bytes and pixels are checked by the file's head, before anything is decoded.

    :param field: what the refusal names.
    :raises ValidationFailed: it is no JPEG, PNG or WebP, is something else too, is over 10 MB or 25 megapixels or has a
        side of over 16,383, or is broken.
    """
    content = upload.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _refused(field, "too_large", "A picture may have 10 MB.")
    try:
        with warnings.catch_warnings():
            # Pillow warns of sizes that are refused below in any case.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if _is_more_than_a_picture(content):
                    detail = "This picture is an archive, a document or a page too. Save it anew."
                    raise _refused(field, "invalid_image", detail)
                return _encoded(opened, field)
    except ValidationFailed:
        raise
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(field) from error
    # Pillow lets every kind of error out of a broken file.
    except Exception as error:
        raise _refused(field, "invalid_image", "This is no JPEG, PNG or WebP that can be read.") from error


def own(content: bytes) -> Picture:
    """Return a WebP that is the shop's own, kept as it is, with its smaller ones."""
    with Image.open(io.BytesIO(content)) as opened:
        full = Encoded(content=content, width=opened.width, height=opened.height)
        return Picture(full=full, smaller=_smaller(opened.convert("RGB"), effort=_LITTLE))


def _is_more_than_a_picture(content: bytes) -> bool:
    """Tell whether another program would take the file for its own: made so, it is no accident."""
    if _OTHERS.search(content):
        return True
    try:
        with zipfile.ZipFile(io.BytesIO(content)):
            return True
    except zipfile.BadZipFile:
        return False


def _encoded(opened: Image.Image, field: str) -> Picture:
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(field)
    if max(width, height) > MAX_LENGTH:
        raise _refused(field, "too_many_pixels", "A side of a picture may have 16,383 pixels.")
    # A camera held upright says so in EXIF, which doesn't survive.
    upright = ImageOps.exif_transpose(opened)
    if upright.mode.startswith("I"):
        # Sixteen bits of grey, which converting would cut off above the eighth.
        upright = upright.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    has_alpha = "A" in upright.getbands() or "transparency" in upright.info
    picture = upright.convert("RGBA" if has_alpha else "RGB")
    # On an image of its own: what the file said of itself (profiles, comments) stays behind.
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    clean.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return Picture(full=_webp(clean), smaller=_smaller(clean))


def _smaller(picture: Image.Image, *, effort: int = _MUCH) -> tuple[Encoded, ...]:
    return tuple(_webp(_narrowed(picture, width), effort=effort) for width in WIDTHS if width < picture.width)


def _narrowed(picture: Image.Image, width: int) -> Image.Image:
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _webp(picture: Image.Image, *, effort: int = _MUCH) -> Encoded:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=_QUALITY, method=effort)
    return Encoded(content=out.getvalue(), width=picture.width, height=picture.height)


def _too_many_pixels(field: str) -> ValidationFailed:
    return _refused(field, "too_many_pixels", "A picture may have 25 megapixels.")


def _refused(field: str, code: str, detail: str) -> ValidationFailed:
    return ValidationFailed(FieldError(field, code, detail))

"""Pictures to upload, good and bad."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from PIL import Image

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(kind: str = "PNG", size: tuple[int, int] = (1500, 900), mode: str = "RGB", **options) -> bytes:
    """Return a picture with a red left half."""
    made = Image.new(mode, size, "navy")
    made.paste(Image.new(mode, (size[0] // 2, size[1]), "red"), (0, 0))
    out = io.BytesIO()
    made.save(out, kind, **options)
    return out.getvalue()


def png_of_size(width: int, height: int, *, body: bytes = b"") -> bytes:
    """Return a PNG whose head claims a size, whatever stands behind it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def bomb() -> bytes:
    """Return a PNG of a few kilobytes that would be 4.2 gigabytes in memory, all of it genuine data."""
    packer = zlib.compressobj(9)
    rows = bytes(1 + 3 * 1000)
    # 37,000 × 37,000 in truth; a thousandth of the rows is enough for who would start to decode.
    return png_of_size(37_000, 37_000, body=packer.compress(rows * 1000) + packer.flush())


def grey_of_sixteen_bits() -> bytes:
    """Return a PNG of 256 columns from black to white."""
    row = bytes(1) + b"".join(struct.pack(">H", shade * 257) for shade in range(256))
    head = struct.pack(">IIBBBBB", 256, 16, 16, 0, 0, 0, 0)
    body = _chunk(b"IDAT", zlib.compress(row * 16))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + body + _chunk(b"IEND", b"")


def archive() -> bytes:
    """Return a ZIP, which is read from its end."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("shell.php", "hello")
    return out.getvalue()


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

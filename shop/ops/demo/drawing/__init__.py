"""Pictures of the demo's goods, drawn by this code: the same product always looks the same."""

import io

from shop.ops.demo.drawing import everything
from shop.ops.demo.drawing.canvas import Canvas

_QUALITY = 84


def picture(*, kind: str, backdrop: str, main: str, accent: str) -> bytes:
    """
    Return a square WebP picture.

    :param kind: what to draw: a name in ``kinds``.
    :param backdrop: a name in ``canvas.BACKDROPS``.
    :param main: the colour of the thing, ``#rrggbb``.
    :param accent: its second colour.
    """
    what = everything.kinds[kind]
    easel = Canvas(backdrop, floor=what.floor)
    what.draw(easel, main, accent)
    file = io.BytesIO()
    easel.finished().save(file, "WEBP", quality=_QUALITY, method=2)
    return file.getvalue()

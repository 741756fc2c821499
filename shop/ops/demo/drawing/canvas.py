"""A small studio: a backdrop, a soft light from the left, and shapes that look turned, cut or grown."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image, ImageColor, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Point = tuple[float, float]
    Colour = tuple[int, int, int]
    # A colour, or its code.
    Paint = str | Colour

SIZE = 800
# Drawn at twice the size and halved at the end: Pillow's shapes have hard edges.
_SCALE = 2
_FULL = SIZE * _SCALE
_UNIT = _FULL / 100

# Wall above, wall below, floor.
BACKDROPS = {
    "sage": ("#dfe8dc", "#c3d2bf", "#aebfa9"),
    "sand": ("#f4ebdd", "#e6d6bd", "#d6c2a2"),
    "clay": ("#f0d9cb", "#dcb49c", "#c99a80"),
    "blush": ("#f8e6e4", "#ecc9c6", "#ddb1ad"),
    "sky": ("#e1edf3", "#bdd5e1", "#a5c1cf"),
    "lilac": ("#ebe6f3", "#d2c8e2", "#bdb1d0"),
    "butter": ("#fbf2d5", "#f1dfa6", "#e0c985"),
    "mist": ("#eef0ee", "#d8dcd9", "#c5cac6"),
    "moss": ("#8fa88a", "#6d8a6c", "#5a7459"),
    "night": ("#51616b", "#34424c", "#29353d"),
    "rust": ("#d99a76", "#c07a55", "#a76543"),
    "teal": ("#a9cbc6", "#7fadA7", "#67958f"),
}
GROUND = 82.0


def colour(name: str) -> Colour:
    """Return the red, green and blue of a colour's code."""
    red, green, blue = ImageColor.getrgb(name)[:3]
    return red, green, blue


def mix(one: Paint, other: Paint, share: float) -> Colour:
    """Return what lies between two colours; ``share`` is how much of the other, from 0 to 1."""
    a = colour(one) if isinstance(one, str) else one
    b = colour(other) if isinstance(other, str) else other
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def light(of: Paint, share: float = 0.25) -> Colour:
    """Return a colour with light on it."""
    return mix(of, "#ffffff", share)


def dark(of: Paint, share: float = 0.25) -> Colour:
    """Return a colour in the shade."""
    return mix(of, "#1c1a22", share)


class Canvas:
    """A picture of 100 by 100 units with y downwards; things stand on ``GROUND``."""

    def __init__(self, backdrop: str, *, floor: bool = True) -> None:
        self.picture = _backdrop(backdrop, floor).copy()
        self._pen = ImageDraw.Draw(self.picture)

    def finished(self) -> Image.Image:
        """Return the picture at its final size."""
        return self.picture.reduce(_SCALE)

    def shadow(
        self, x: float, width: float, *, y: float = GROUND, depth: float = 3.2, strength: int = 90
    ) -> None:
        """Cast a soft shadow on the floor, a little to the right of what stands there."""
        mask = _soft_ellipse(round(width), round(depth * 10), strength)
        across, down = round(width * 2 * 1.5 * _UNIT), round(depth * 2 * 2.4 * _UNIT)
        mask = mask.resize((across, down), Image.Resampling.BILINEAR)
        at = (round((x + width * 0.08) * _UNIT - across / 2), round(y * _UNIT - down / 2))
        self.picture.paste((24, 28, 30), at, mask)

    def flat(self, points: Sequence[Point], fill: Paint) -> None:
        """Fill a shape evenly."""
        self._pen.polygon(_scaled(points), fill=fill)

    def shaded(
        self, points: Sequence[Point], fill: Paint, *, round_: bool = True, down: bool = False
    ) -> None:
        """Fill a shape so that it looks round (light left, dark right) or lit from one side."""
        xs, ys = [p[0] * _UNIT for p in points], [p[1] * _UNIT for p in points]
        box = (math.floor(min(xs)), math.floor(min(ys)), math.ceil(max(xs)) + 1, math.ceil(max(ys)) + 1)
        size = (box[2] - box[0], box[3] - box[1])
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon(
            [(x - box[0], y - box[1]) for x, y in zip(xs, ys, strict=True)], fill=255
        )
        base = colour(fill) if isinstance(fill, str) else fill
        self.picture.paste(_gradient(base, size, round_, down), box[:2], mask)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Paint) -> None:
        """Fill an ellipse around a point."""
        self._pen.ellipse([(x - rx) * _UNIT, (y - ry) * _UNIT, (x + rx) * _UNIT, (y + ry) * _UNIT], fill=fill)

    def ball(self, x: float, y: float, rx: float, ry: float, fill: Paint) -> None:
        """Draw an ellipse that looks round."""
        self.shaded(oval(x, y, rx, ry), fill)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Paint, *, r: float = 0.6) -> None:
        """Fill a rectangle with rounded corners evenly."""
        self._pen.rounded_rectangle(
            [x0 * _UNIT, y0 * _UNIT, x1 * _UNIT, y1 * _UNIT], radius=r * _UNIT, fill=fill
        )

    def slab(  # noqa: PLR0913  (a shape is its numbers)
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        fill: Paint,
        *,
        r: float = 0.6,
        down: bool = False,
    ) -> None:
        """Draw a rectangle with rounded corners, lit from the left (or from above)."""
        self.shaded(rounded(x0, y0, x1, y1, r), fill, round_=False, down=down)

    def line(self, points: Sequence[Point], width: float, fill: Paint) -> None:
        """Draw a line with round ends and joints."""
        self._pen.line(_scaled(points), fill=fill, width=max(1, round(width * _UNIT)), joint="curve")
        for x, y in (points[0], points[-1]):
            self.ellipse(x, y, width / 2, width / 2, fill)

    def ring(  # noqa: PLR0913  (a shape is its numbers)
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        width: float,
        fill: Paint,
        *,
        a: float = 0,
        b: float = 360,
    ) -> None:
        """Draw a part of an ellipse's outline, from angle ``a`` to ``b`` in degrees clockwise from the right."""
        steps = [math.radians(a + (b - a) * i / 60) for i in range(61)]
        self.line([(x + rx * math.cos(t), y + ry * math.sin(t)) for t in steps], width, fill)

    def turned(self, profile: Sequence[Point], fill: Paint, *, x: float = 50, curve: bool = True) -> None:
        """
        Draw what a potter's wheel or a lathe makes.

        :param profile: pairs of height and half width, from top to bottom.
        """
        right = smooth([(x + w, y) for y, w in profile]) if curve else [(x + w, y) for y, w in profile]
        left = [(2 * x - px, py) for px, py in reversed(right)]
        bottom_y, bottom_w = profile[-1]
        base = [
            (x + bottom_w * math.cos(t), bottom_y + bottom_w * 0.13 * math.sin(t))
            for t in (math.pi * i / 24 for i in range(25))
        ]
        self.shaded([*right, *base, *left], fill)

    def mouth(self, x: float, y: float, rx: float, fill: Paint, *, inside: Paint | None = None) -> None:
        """Draw the rim of a vessel and look into it."""
        self.ellipse(x, y, rx, rx * 0.17, light(fill, 0.18))
        self.ellipse(
            x, y + rx * 0.015, rx * 0.9, rx * 0.135, inside if inside is not None else dark(fill, 0.45)
        )

    def leaf(self, x: float, y: float, angle: float, length: float, width: float, fill: Paint) -> None:
        """Draw a leaf from its stem outwards; ``angle`` in degrees, 0 to the right, 90 upwards."""
        turn = math.radians(angle)
        along, across = (math.cos(turn), -math.sin(turn)), (math.sin(turn), math.cos(turn))

        def at(share: float, side: float) -> Point:
            return (
                x + along[0] * length * share + across[0] * side * width,
                y + along[1] * length * share + across[1] * side * width,
            )

        outline = [(t / 16, math.sin(math.pi * (t / 16) ** 0.85) * 0.5) for t in range(17)]
        upper = [at(share, -side) for share, side in outline]
        lower = [at(share, side) for share, side in reversed(outline)]
        self.flat([*upper, *lower], fill)
        self.flat([*upper, at(1, 0), at(0, 0)], light(fill, 0.12))
        self.line([at(0, 0), at(0.92, 0)], 0.28, light(fill, 0.3))


def oval(x: float, y: float, rx: float, ry: float, steps: int = 72) -> list[Point]:
    """Return the outline of an ellipse."""
    turns = (2 * math.pi * i / steps for i in range(steps))
    return [(x + rx * math.cos(t), y + ry * math.sin(t)) for t in turns]


def rounded(x0: float, y0: float, x1: float, y1: float, r: float) -> list[Point]:
    """Return the outline of a rectangle with rounded corners."""
    corners = ((x1 - r, y0 + r, -90), (x1 - r, y1 - r, 0), (x0 + r, y1 - r, 90), (x0 + r, y0 + r, 180))
    return [
        (cx + r * math.cos(math.radians(start + step)), cy + r * math.sin(math.radians(start + step)))
        for cx, cy, start in corners
        for step in range(0, 91, 15)
    ]


def smooth(points: Sequence[Point], steps: int = 10) -> list[Point]:
    """Return an open curve through the points (Catmull-Rom)."""
    padded = [points[0], *points, points[-1]]
    found = [
        _between(padded[i : i + 4], step / steps) for i in range(len(points) - 1) for step in range(steps)
    ]
    return [*found, points[-1]]


def closed(points: Sequence[Point]) -> list[Point]:
    """Return a closed curve through the points."""
    count = len(points)
    around = [points[i % count] for i in range(-1, count + 2)]
    return [_between(around[i : i + 4], step / 10) for i in range(count) for step in range(10)]


def _between(points: Sequence[Point], t: float) -> Point:
    p0, p1, p2, p3 = points

    def one(a: float, b: float, c: float, d: float) -> float:
        return 0.5 * (
            2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - 3 * c + d - a) * t**3
        )

    return one(p0[0], p1[0], p2[0], p3[0]), one(p0[1], p1[1], p2[1], p3[1])


def _scaled(points: Sequence[Point]) -> list[Point]:
    return [(x * _UNIT, y * _UNIT) for x, y in points]


def _gradient(base: Colour, size: tuple[int, int], round_: bool, down: bool) -> Image.Image:  # noqa: FBT001
    stops: Callable[[float], Colour] = (
        (lambda t: _round_at(base, t)) if round_ else (lambda t: _side_at(base, t))
    )
    strip = Image.new("RGB", (64, 1))
    strip.putdata([stops(i / 63) for i in range(64)])
    if down:
        strip = strip.transpose(Image.Transpose.ROTATE_270)
    return strip.resize(size, Image.Resampling.BILINEAR)


def _round_at(base: Colour, t: float) -> Colour:
    # Brightest a third of the way in, dark at the far edge with a little light thrown back.
    if t < 0.3:
        return mix(dark(base, 0.1), light(base, 0.28), t / 0.3)
    if t < 0.85:
        return mix(light(base, 0.28), dark(base, 0.34), (t - 0.3) / 0.55)
    return mix(dark(base, 0.34), dark(base, 0.24), (t - 0.85) / 0.15)


def _side_at(base: Colour, t: float) -> Colour:
    return mix(light(base, 0.16), dark(base, 0.14), t)


@lru_cache(maxsize=32)
def _backdrop(name: str, floor: bool) -> Image.Image:  # noqa: FBT001
    above, below, ground = BACKDROPS[name]
    strip = Image.new("RGB", (1, 100))
    strip.putdata([mix(above, below, min(1.0, i / 75)) for i in range(100)])
    picture = strip.resize((_FULL, _FULL), Image.Resampling.BICUBIC)
    if floor:
        boards = Image.new("RGB", (1, 28))
        boards.putdata([mix(light(ground, 0.1), ground, i / 27) for i in range(28)])
        picture.paste(
            boards.resize((_FULL, round(28 * _UNIT)), Image.Resampling.BICUBIC), (0, round(72 * _UNIT))
        )
    glow = Image.new("L", (100, 100))
    ImageDraw.Draw(glow).ellipse([8, -12, 78, 62], fill=70)
    glow = glow.filter(ImageFilter.GaussianBlur(16)).resize((_FULL, _FULL), Image.Resampling.BICUBIC)
    picture.paste((255, 255, 255), (0, 0), glow)
    return picture


@lru_cache(maxsize=256)
def _soft_ellipse(width: int, depth: int, strength: int) -> Image.Image:
    mask = Image.new("L", (150, 60))
    ImageDraw.Draw(mask).ellipse([25, 17, 125, 43], fill=min(255, strength + depth // 10))
    return mask.filter(ImageFilter.GaussianBlur(6))

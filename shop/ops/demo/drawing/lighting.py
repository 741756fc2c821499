"""Lamps, candles and lanterns."""

from __future__ import annotations

from shop.ops.demo.drawing.canvas import GROUND, Canvas, dark, light, mix
from shop.ops.demo.drawing.kinds import kind

_GLOW = "#fff3cf"


@kind("table_lamp")
def table_lamp(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 16)
    c.turned([(52, 1.2), (58, 2.2), (63, 8.5), (71, 11), (78, 8), (GROUND, 7)], main)
    c.turned([(44, 1), (54, 1)], accent, curve=False)
    c.turned([(20, 12), (48, 22)], _GLOW, curve=False)
    c.ellipse(50, 20, 12, 1.6, light(_GLOW, 0.5))
    c.ellipse(50, 48.6, 21.6, 2.2, mix(_GLOW, "#d9a441", 0.35))


@kind("arc_lamp")
def arc_lamp(c: Canvas, main: str, accent: str) -> None:
    c.shadow(32, 15)
    c.turned([(79, 13), (GROUND, 13.5)], dark(accent, 0.2), x=32, curve=False)
    c.ellipse(32, 79, 13, 1.7, light(accent, 0.15))
    c.line([(32, 79), (32, 34)], 1.3, accent)
    c.ring(50, 34, 18, 20, 1.3, accent, a=180, b=352)
    c.shaded([(68 - 4, 30), (68 + 4, 30), (68 + 13, 45), (68 - 13, 45)], main)
    c.ellipse(68, 45, 13, 1.9, _GLOW)


@kind("tripod_lamp")
def tripod_lamp(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 22)
    for foot in (34, 66, 52):
        c.line([(50, 44), (foot, GROUND)], 1.7, accent if foot != 52 else dark(accent, 0.3))
    c.turned([(18, 15), (42, 18.5)], main, curve=False)
    c.ellipse(50, 18, 15, 1.8, light(main, 0.4))
    c.ellipse(50, 42.3, 18.2, 1.9, _GLOW)
    c.ellipse(50, 45.5, 2.6, 1.6, dark(accent, 0.3))


@kind("pendant", floor=False)
def pendant(c: Canvas, main: str, accent: str) -> None:
    c.line([(50, 0), (50, 30)], 0.7, dark(accent, 0.3))
    c.turned([(27, 3), (34, 3.6)], accent, curve=False)
    c.turned([(33, 3.5), (38, 13), (47, 22), (58, 26)], main)
    c.ellipse(50, 58, 26, 4.2, dark(main, 0.4))
    c.ellipse(50, 58.4, 22, 3.2, _GLOW)
    c.ellipse(50, 58, 6, 4.4, "#fffaf0")


@kind("globe_pendant", floor=False)
def globe_pendant(c: Canvas, main: str, accent: str) -> None:
    for x, y, r in ((34, 38, 12), (66, 50, 14), (48, 68, 10)):
        c.line([(x, 0), (x, y - r)], 0.6, dark(accent, 0.2))
        c.turned([(y - r - 3, 2), (y - r + 1, 3)], accent, x=x, curve=False)
        c.ball(x, y, r, r, mix(main, _GLOW, 0.45))
        c.ellipse(x - r * 0.3, y - r * 0.35, r * 0.22, r * 0.16, "#ffffff")


@kind("desk_lamp")
def desk_lamp(c: Canvas, main: str, accent: str) -> None:
    c.shadow(40, 16)
    c.turned([(78, 13), (GROUND, 14)], main, x=40, curve=False)
    c.ellipse(40, 78, 13, 1.9, light(main, 0.25))
    c.line([(40, 78), (33, 52)], 1.7, accent)
    c.line([(33, 52), (56, 32)], 1.7, accent)
    c.ellipse(33, 52, 1.9, 1.9, dark(accent, 0.4))
    c.shaded([(52, 28), (59, 24), (74, 39), (58, 49)], main)
    c.flat([(74, 39), (58, 49), (60, 50.4), (75, 41)], _GLOW)
    c.ellipse(56, 30, 2, 2, dark(accent, 0.4))


@kind("candle")
def candle(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 28)
    for x, top, wide in ((34, 50, 7), (50, 36, 8), (66, 57, 6.5)):
        c.turned([(top, wide), (GROUND - 1, wide)], main if x != 50 else light(main, 0.15), x=x, curve=False)
        c.ellipse(x, top, wide, wide * 0.2, light(main, 0.4))
        c.line([(x, top), (x + 0.2, top - 2.5)], 0.5, "#4a3b32")
        c.shaded(_flame(x + 0.2, top - 2), "#f6b73c")
        c.shaded(_flame(x + 0.2, top - 2.2, 0.5), "#fff2c4")
    c.turned([(GROUND - 1, 28), (GROUND + 1.2, 27)], accent, curve=False)


@kind("jar_candle")
def jar_candle(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 19)
    c.turned([(44, 17), (47, 18), (78, 18), (GROUND, 16)], main)
    c.ellipse(50, 44, 17, 3, light(main, 0.35))
    c.ellipse(50, 44.6, 15, 2.3, "#f7eed9")
    c.line([(50, 44), (50, 41)], 0.5, "#4a3b32")
    c.shaded(_flame(50, 41.5), "#f6b73c")
    c.slab(39, 57, 61, 72, "#f8f3e8", r=1)
    c.box(43, 61, 57, 62.2, accent, r=0.5)
    c.box(45, 65, 55, 66, light(accent, 0.3), r=0.4)


@kind("lantern")
def lantern(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 20)
    c.ring(50, 23, 6, 6, 1.1, dark(main, 0.2), a=180, b=360)
    c.shaded([(44, 24), (56, 24), (68, 37), (32, 37)], main, round_=False)
    c.slab(34, 37, 66, 78, light(accent, 0.3), r=0.5)
    c.ellipse(50, 62, 13, 14, mix(accent, _GLOW, 0.75))
    c.turned([(60, 5), (77, 5)], "#f7eed9", curve=False)
    c.ellipse(50, 60, 5, 1, "#fffaf0")
    c.shaded(_flame(50, 58.5, 1.3), "#f6b73c")
    for x in (34, 49.2, 64.4):
        c.box(x, 37, x + 1.6, 78, main, r=0.2)
    c.slab(30, 77, 70, GROUND, main, r=0.6)
    c.slab(32, 35.5, 68, 38, dark(main, 0.15), r=0.4)


def _flame(x: float, y: float, size: float = 1.0) -> list[tuple[float, float]]:
    return [
        (x, y - 7 * size), (x + 1.5 * size, y - 3.4 * size), (x + 1.6 * size, y - 1.4 * size), (x, y),
        (x - 1.6 * size, y - 1.4 * size), (x - 1.3 * size, y - 3.6 * size),
    ]  # fmt: skip

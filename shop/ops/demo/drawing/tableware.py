"""What stands on a kitchen table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.ops.demo.drawing.canvas import GROUND, Canvas, dark, light
from shop.ops.demo.drawing.kinds import kind

if TYPE_CHECKING:
    from shop.ops.demo.drawing.canvas import Paint


@kind("mug")
def mug(c: Canvas, main: str, accent: str) -> None:
    c.shadow(49, 22)
    c.ring(66, 60, 9, 11, 3.4, dark(main, 0.22), a=-95, b=95)
    c.turned([(42, 19), (60, 19), (76, 18), (GROUND, 14)], main, x=48, curve=False)
    c.turned([(70, 18.4), (76, 18), (GROUND, 14)], accent, x=48, curve=False)
    c.mouth(48, 42, 19, main, inside="#5a3a28")


@kind("cup_set")
def cup_set(c: Canvas, main: str, accent: str) -> None:
    for x, y, fill in ((33, 74, accent), (67, 74, main), (50, GROUND + 3, light(main, 0.3))):
        c.shadow(x, 13, y=y)
        c.turned([(y - 22, 12), (y - 8, 11), (y, 8)], fill, x=x)
        c.mouth(x, y - 22, 12, fill, inside="#6a4630")


@kind("bowl")
def bowl(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 20)
    c.turned([(54, 30), (64, 28), (74, 19), (79, 10), (GROUND, 9)], main)
    c.mouth(50, 54, 30, main, inside=accent)
    c.ring(50, 54.4, 27, 4, 0.5, light(accent, 0.25), a=20, b=160)


@kind("bowl_stack")
def bowl_stack(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 20)
    bowls: list[tuple[float, Paint]] = [(66, dark(main, 0.15)), (56, accent), (46, main)]
    for index, (top, fill) in enumerate(bowls):
        rx = 27 - index * 1.2
        c.turned([(top, rx), (top + 6, rx - 2), (top + 12, rx - 11), (top + 15.5, rx - 17)], fill)
        c.mouth(50, top, rx, fill)


@kind("plates")
def plates(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 33, depth=3.6)
    for index in range(4):
        y = GROUND - 2 - index * 3.2
        fill = main if index % 2 else accent
        c.turned([(y - 2.2, 33), (y - 0.5, 30), (y + 1.6, 18)], fill)
    y = GROUND - 13.8
    c.ellipse(50, y, 33, 6.4, light(main, 0.2))
    c.ellipse(50, y + 0.4, 24, 4.2, dark(main, 0.08))
    c.ellipse(50, y + 0.7, 22.5, 3.8, light(main, 0.28))


@kind("teapot")
def teapot(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 22)
    c.ring(73, 61, 10, 11, 3, dark(main, 0.3), a=-110, b=110)
    c.shaded([(34, 60), (18, 48), (14.5, 49.5), (22, 60), (34, 74)], dark(main, 0.05))
    c.turned([(46, 10), (50, 16), (62, 24), (74, 21), (GROUND, 13)], main)
    c.turned([(42.5, 6), (45, 10), (47.5, 11)], light(main, 0.08))
    c.ball(50, 40, 3, 3, accent)


@kind("carafe")
def carafe(c: Canvas, main: str, accent: str) -> None:
    c.shadow(46, 17)
    glass = light(main, 0.55)
    c.turned([(22, 6), (30, 5), (42, 8), (58, 15), (76, 15), (GROUND, 13)], glass, x=46)
    c.turned([(54, 13.4), (60, 14.6), (76, 14.2), (GROUND - 1, 12.4)], main, x=46)
    c.ellipse(46, 54, 13.4, 2, light(main, 0.3))
    c.turned([(15, 4), (22, 4.6), (25, 4.4)], accent, x=46)
    c.shadow(75, 8)
    c.turned([(62, 8), (GROUND, 6.4)], glass, x=75, curve=False)
    c.turned([(69, 7.4), (GROUND - 0.6, 6.2)], main, x=75, curve=False)
    c.ellipse(75, 62, 8, 1.3, light(glass, 0.5))


@kind("board")
def board(c: Canvas, main: str, accent: str) -> None:
    c.shadow(54, 26)
    c.slab(30, 22, 66, 80, dark(main, 0.12), r=5)
    c.ellipse(48, 28, 2.4, 2.4, dark(main, 0.6))
    c.slab(44, 36, 78, GROUND, main, r=5)
    for offset in (0, 7, 13, 20, 27):
        c.line([(48 + offset, 42), (47 + offset * 1.02, 60), (48.5 + offset, 78)], 0.35, dark(main, 0.18))
    c.ellipse(61, 41.5, 2.2, 2.2, dark(accent, 0.2))


@kind("knife")
def knife(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 36, y=78)
    c.slab(14, 64, 86, 79, accent, r=3, down=True)
    c.shaded([(16, 55), (56, 52), (58, 66), (30, 66)], "#d8dee0", round_=False, down=True)
    c.flat([(16, 55), (30, 66), (58, 66), (58, 64.6), (31, 63)], "#f6f9fa")
    c.slab(56, 52.4, 60, 66, "#b9a27a", r=0.5)
    c.slab(59, 53, 86, 62, main, r=3.4, down=True)
    for x in (65, 72, 79):
        c.ellipse(x, 57.4, 0.9, 0.9, light(main, 0.5))


@kind("pan")
def pan(c: Canvas, main: str, accent: str) -> None:
    c.shadow(44, 28)
    c.slab(66, 61, 95, 65.4, accent, r=2, down=True)
    c.turned([(58, 28), (70, 26), (GROUND, 20)], main, x=42)
    c.mouth(42, 58, 28, main, inside=dark(main, 0.6))
    c.ellipse(42, 60.5, 20, 2.2, dark(main, 0.5))


@kind("jars")
def jars(c: Canvas, main: str, accent: str) -> None:
    for x, top, wide, fill in ((28, 56, 10, "#c98f4e"), (51, 42, 12, main), (75, 50, 10.5, "#8a5a3c")):
        c.shadow(x, wide)
        c.turned([(top, wide * 0.9), (top + 4, wide), (GROUND, wide)], "#dfe9e6", x=x)
        c.turned([(top + 10, wide * 0.92), (GROUND - 0.8, wide * 0.9)], fill, x=x, curve=False)
        c.ellipse(x, top + 10, wide * 0.92, wide * 0.14, light(fill, 0.3))
        c.turned([(top - 6, wide * 0.86), (top + 1, wide * 0.92)], accent, x=x, curve=False)
        c.ellipse(x, top - 6, wide * 0.86, wide * 0.15, light(accent, 0.25))
        c.box(x - wide * 0.5, top + 14, x + wide * 0.5, top + 22, "#f8f4ea", r=0.6)

"""Furniture and what lies on it or hangs above it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from shop.ops.demo.drawing.canvas import GROUND, Canvas, closed, dark, light, oval
from shop.ops.demo.drawing.kinds import kind

if TYPE_CHECKING:
    from shop.ops.demo.drawing.canvas import Paint


@kind("chair")
def chair(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 26)
    for points in ([(35, 58), (31, GROUND - 4)], [(66, 58), (70, GROUND - 4)]):
        c.line(points, 2, dark(accent, 0.3))
    c.line([(35, 58), (35, 22)], 2.2, accent)
    c.line([(65, 58), (65, 22)], 2.2, accent)
    c.shaded(closed([(33, 20), (50, 17), (67, 20), (67, 34), (50, 37), (33, 34)]), main, round_=False)
    c.shaded([(30, 56), (68, 56), (74, 62), (27, 62)], main, round_=False)
    c.slab(27, 61.5, 74, 65, dark(main, 0.2), r=1.4)
    c.line([(29, 65), (27, GROUND)], 2.2, accent)
    c.line([(72, 65), (75, GROUND)], 2.2, accent)


@kind("armchair")
def armchair(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 32)
    for x in (28, 72):
        c.line([(x, 74), (x + (x - 50) * 0.08, GROUND)], 2, accent)
    c.shaded(closed([(28, 30), (50, 24), (72, 30), (74, 60), (50, 64), (26, 60)]), main)
    c.slab(24, 56, 76, 74, dark(main, 0.12), r=3)
    c.slab(30, 54, 70, 64, light(main, 0.08), r=4, down=True)
    for x in (18, 70):
        c.slab(x, 48, x + 12, 75, main, r=5.5)


@kind("stool")
def stool(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 22)
    c.line([(44, 48), (40, GROUND - 3)], 1.9, dark(accent, 0.35))
    c.line([(56, 48), (60, GROUND - 3)], 1.9, dark(accent, 0.35))
    c.line([(36, 66), (64, 66)], 1.3, dark(accent, 0.2))
    c.line([(37, 48), (31, GROUND)], 2.2, accent)
    c.line([(63, 48), (69, GROUND)], 2.2, accent)
    c.turned([(44, 20), (50, 19.4)], main, curve=False)
    c.ellipse(50, 44, 20, 4, light(main, 0.2))


@kind("side_table")
def side_table(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 22)
    c.turned([(46, 2.6), (GROUND - 2, 2.6)], accent, curve=False)
    c.turned([(GROUND - 3, 4), (GROUND, 16)], accent)
    c.turned([(44, 27), (47.5, 26.4)], main, curve=False)
    c.ellipse(50, 44, 27, 5.2, light(main, 0.2))
    c.turned([(33, 4.4), (38, 5.6), (44, 4)], light(accent, 0.4), x=42)
    for angle in (60, 90, 118):
        c.leaf(42, 34, angle, 15, 5, "#5d8a5a")


@kind("shelf", floor=False)
def shelf(c: Canvas, main: str, accent: str) -> None:
    for y in (40, 68):
        c.flat([(16, y + 3.4), (84, y + 3.4), (86, y + 6.5), (18, y + 6.5)], dark(accent, 0.1))
        c.slab(14, y, 86, y + 3.6, main, r=0.5, down=True)
    for index, (height, fill) in enumerate(
        ((15, "#b5533c"), (18, "#3f6b6b"), (13, "#d9a441"), (17, "#53627a"))
    ):
        c.slab(20 + index * 4.6, 40 - height, 24.2 + index * 4.6, 40, fill, r=0.3)
    c.turned([(27, 3), (31, 6), (40, 4.6)], accent, x=66)
    for angle in (50, 80, 105, 130):
        c.leaf(66, 28, angle, 15, 4.6, "#4f8055")
    c.turned([(55, 8), (68, 8)], light(accent, 0.35), x=34, curve=False)
    c.mouth(34, 55, 8, light(accent, 0.35))
    c.turned([(58, 5), (62, 6.4), (68, 4.5)], "#c98f6b", x=68)


@kind("bench")
def bench(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 38)
    for x in (21, 76):
        c.line([(x, 60), (x - 2, GROUND)], 2.6, accent)
        c.line([(x + 4, 60), (x + 6, GROUND - 4)], 2.2, dark(accent, 0.3))
    c.slab(12, 56, 88, 61, main, r=1.2, down=True)
    c.shaded([(17, 52), (83, 52), (88, 56.4), (12, 56.4)], light(main, 0.12), round_=False)
    for x in (30, 50, 70):
        c.line([(x, 52), (50 + (x - 50) * 1.14, 56.4)], 0.3, dark(main, 0.25))


@kind("cushion")
def cushion(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 30, y=80)
    outline = closed([(22, 26), (50, 30), (78, 26), (75, 53), (78, 80), (50, 77), (22, 80), (25, 53)])
    c.shaded(outline, main)
    for y in (40, 46, 61, 67):
        c.line([(26.4, y), (50, y + 1.2), (73.6, y)], 1.1, accent)
    c.line([(26, 53.4), (50, 54.4), (74, 53.4)], 2.6, accent)


@kind("throw")
def throw(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 30)
    for index in range(4):
        y = GROUND - 9 - index * 9.4
        c.slab(21 + index, y, 79 - index, y + 9.6, main if index % 2 else light(main, 0.13), r=4.4, down=True)
    for x in range(24, 78, 3):
        c.line([(x, 52), (x - 0.6, 60)], 0.7, accent)
    c.slab(23, 44, 77, 53, accent, r=4, down=True)


@kind("towels")
def towels(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 28)
    pile: list[Paint] = [accent, main, light(main, 0.35), main]
    for index, fill in enumerate(pile):
        y = GROUND - 10 - index * 10
        c.slab(24, y, 76, y + 10, fill, r=4.6, down=True)
        c.box(24.6, y + 4.6, 75, y + 5.1, dark(fill, 0.16), r=0.2)
        c.box(64, y + 0.6, 65.6, y + 9.4, light(fill, 0.35), r=0.2)


@kind("rug", floor=False)
def rug(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 33, y=84)
    for x in range(23, 79, 2):
        c.line([(x, 14), (x, 88)], 0.5, light(accent, 0.4))
    c.slab(22, 17, 78, 85, main, r=0.5)
    c.box(26, 21, 74, 81, accent, r=0.3)
    c.slab(28, 23, 72, 79, main, r=0.3)
    for row in range(4):
        y = 30 + row * 14
        for column in (36, 50, 64):
            c.flat([(column, y - 5), (column + 5, y), (column, y + 5), (column - 5, y)], accent)
            c.flat(
                [(column, y - 2.4), (column + 2.4, y), (column, y + 2.4), (column - 2.4, y)], light(main, 0.3)
            )


@kind("vase")
def vase(c: Canvas, main: str, accent: str) -> None:
    for angle, length in ((62, 34), (80, 42), (97, 46), (114, 38), (128, 30)):
        end = (
            50 + math.cos(math.radians(angle)) * length,
            44 - math.sin(math.radians(angle)) * length * 0.82,
        )
        c.line([(50, 46), end], 0.6, "#8a8f5c")
        for share in (0.55, 0.75, 0.95):
            x, y = 50 + (end[0] - 50) * share, 46 + (end[1] - 46) * share
            c.leaf(x, y, angle + 38, 8, 3, accent)
            c.leaf(x, y, angle - 38, 8, 3, accent)
    c.shadow(50, 16)
    c.turned([(44, 6), (49, 5), (58, 13), (68, 17), (77, 12), (GROUND, 8)], main)
    c.mouth(50, 44, 6, main)


@kind("vase_tall")
def vase_tall(c: Canvas, main: str, accent: str) -> None:
    c.shadow(42, 12)
    c.turned([(26, 5), (32, 4), (44, 6), (66, 11), (GROUND, 9)], main, x=42)
    c.mouth(42, 26, 5, main)
    c.shadow(66, 12)
    c.turned([(54, 4), (58, 3.6), (66, 12), (74, 13), (GROUND, 7)], accent, x=66)
    c.mouth(66, 54, 4, accent)


@kind("mirror", floor=False)
def mirror(c: Canvas, main: str, accent: str) -> None:
    c.shaded(oval(51.5, 53, 32, 34), "#7d7a70")
    c.shaded(oval(50, 50, 32, 34), main)
    c.shaded(oval(50, 50, 29, 31), "#d3e2e6", round_=False)
    c.flat([(34, 36), (52, 22), (57, 24), (31, 45)], "#eef6f8")
    c.flat([(33, 52), (63, 29), (65, 32), (34, 57)], "#e6f0f3")
    c.ellipse(50, 14.5, 2.2, 2.2, accent)


@kind("clock", floor=False)
def clock(c: Canvas, main: str, accent: str) -> None:
    c.ellipse(52, 53, 31, 31, "#8b867b")
    c.ball(50, 50, 31, 31, main)
    c.ellipse(50, 50, 27, 27, "#fbf7ee")
    for hour in range(12):
        turn = math.radians(hour * 30)
        inner = 21 if hour % 3 else 19
        c.line(
            [
                (50 + inner * math.sin(turn), 50 - inner * math.cos(turn)),
                (50 + 24 * math.sin(turn), 50 - 24 * math.cos(turn)),
            ],
            0.7 if hour % 3 else 1.3,
            dark(main, 0.3),
        )
    c.line([(50, 50), (39, 42)], 1.6, dark(main, 0.5))
    c.line([(50, 50), (60, 33)], 1.1, dark(main, 0.5))
    c.line([(50, 54), (50, 31)], 0.5, accent)
    c.ellipse(50, 50, 1.6, 1.6, accent)


@kind("frame", floor=False)
def frame(c: Canvas, main: str, accent: str) -> None:
    c.box(26, 18, 78, 86, "#8f8a80", r=0.6)
    c.slab(24, 15, 76, 84, main, r=0.5)
    c.box(27, 18, 73, 81, "#faf6ec", r=0.2)
    c.ellipse(50, 46, 13, 13, light(accent, 0.5))
    for angle in (40, 65, 90, 115, 140):
        c.leaf(50, 70, angle, 30, 8, accent)
    c.line([(50, 70), (50, 75)], 0.9, dark(accent, 0.2))


@kind("basket")
def basket(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 23)
    for side in (-1, 1):
        c.ring(
            50 + side * 25,
            52,
            5,
            7,
            2,
            dark(accent, 0.1),
            a=90 - side * 105,
            b=90 - side * -75 if side < 0 else 90,
        )
    c.turned([(46, 25), (64, 26), (78, 22), (GROUND, 20)], main)
    for row in range(7):
        y = 51 + row * 4.6
        c.ring(50, y, 25.4 - max(0, row - 3) * 1.1, 2.4, 0.5, dark(main, 0.22), a=8, b=172)
    for x in range(-22, 23, 6):
        c.line([(50 + x * 1.06, 50), (50 + x * 0.86, GROUND - 1)], 0.4, dark(main, 0.18))
    c.mouth(50, 46, 25, main, inside=dark(main, 0.55))
    c.ball(43, 45, 9, 5, light(accent, 0.35))
    c.ball(57, 45, 9, 4.6, accent)

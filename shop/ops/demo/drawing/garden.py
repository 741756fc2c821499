"""Plants, pots, tools and what stands outside."""

from __future__ import annotations

import math

from shop.ops.demo.drawing.canvas import GROUND, Canvas, closed, dark, light, mix
from shop.ops.demo.drawing.kinds import kind

_SOIL = "#4b372b"


def _pot(c: Canvas, fill: str, *, x: float = 50, top: float = 62, wide: float = 14) -> None:
    c.shadow(x, wide)
    c.turned([(top + 4, wide * 0.94), (GROUND, wide * 0.72)], fill, x=x, curve=False)
    c.turned([(top, wide), (top + 5, wide * 0.98)], light(fill, 0.08), x=x, curve=False)
    c.mouth(x, top, wide, fill, inside=_SOIL)


@kind("plant_leafy")
def plant_leafy(c: Canvas, main: str, accent: str) -> None:
    stems = (
        (20, 30, 13),
        (160, 30, 13),
        (42, 40, 15),
        (138, 40, 15),
        (65, 46, 16),
        (114, 46, 16),
        (90, 50, 17),
    )
    for index, (angle, length, width) in enumerate(stems):
        c.leaf(50, 63, angle, length, width, dark(main, 0.16) if index % 2 else main)
    _pot(c, accent)


@kind("plant_monstera")
def plant_monstera(c: Canvas, main: str, accent: str) -> None:
    for x, y, r, fill in (
        (30, 44, 12, dark(main, 0.2)),
        (70, 40, 13, dark(main, 0.12)),
        (50, 27, 15, main),
        (38, 58, 9, main),
    ):
        c.line([(50, 64), (x, y)], 0.8, dark(main, 0.3))
        c.shaded(
            closed(
                [
                    (x, y - r),
                    (x + r, y - r * 0.4),
                    (x + r * 0.8, y + r * 0.6),
                    (x, y + r),
                    (x - r * 0.8, y + r * 0.6),
                    (x - r, y - r * 0.4),
                ]
            ),
            fill,
        )
        c.line([(x, y + r * 0.9), (x, y - r * 0.8)], 0.5, light(fill, 0.3))
        for side in (-1, 1):
            for step in (-0.2, 0.25):
                c.line(
                    [(x + side * r * 0.25, y + step * r), (x + side * r * 0.72, y + step * r - r * 0.22)],
                    0.9,
                    dark(fill, 0.45),
                )
    _pot(c, accent)


@kind("plant_snake")
def plant_snake(c: Canvas, main: str, accent: str) -> None:
    for x, lean, height in ((41, -7, 36), (58, 8, 38), (46, -2, 48), (54, 3, 44), (50, 0, 30)):
        top = 63 - height
        c.shaded(
            [
                (x - 2.6, 64),
                (x + lean - 2.2, top + 14),
                (x + lean * 1.3, top),
                (x + lean + 2.4, top + 14),
                (x + 2.6, 64),
            ],
            main,
        )
        for share in (0.25, 0.45, 0.65, 0.8):
            y = 64 - height * share
            shift = lean * share
            c.line([(x + shift - 1.8, y), (x + shift + 1.8, y - 1)], 0.6, light(main, 0.42))
    _pot(c, accent)


@kind("plant_cactus")
def plant_cactus(c: Canvas, main: str, accent: str) -> None:
    c.slab(44, 26, 56, 66, main, r=6)
    c.slab(31, 40, 38, 54, dark(main, 0.08), r=3.4)
    c.slab(31, 49, 47, 55.4, dark(main, 0.08), r=3)
    c.slab(62, 34, 69, 48, dark(main, 0.14), r=3.4)
    c.slab(53, 43, 69, 49.4, dark(main, 0.14), r=3)
    for x in (47, 50, 53):
        for y in range(30, 62, 5):
            c.line([(x, y), (x + 0.1, y + 1.4)], 0.3, "#f4f0da")
    c.ball(50, 25.6, 3.4, 2.6, "#e58a8a")
    _pot(c, accent)


@kind("plant_trailing")
def plant_trailing(c: Canvas, main: str, accent: str) -> None:
    c.line([(26, 0), (37, 38)], 0.5, "#8d7a5e")
    c.line([(74, 0), (63, 38)], 0.5, "#8d7a5e")
    c.turned([(38, 16), (50, 14), (58, 6)], accent)
    c.mouth(50, 38, 16, accent, inside=_SOIL)
    for x, length in ((35, 38), (41, 22), (47, 30), (54, 44), (60, 24), (65, 34)):
        for step in range(0, length, 4):
            sway = 1.6 if (step // 4) % 2 else -1.6
            c.leaf(
                x + sway * 0.4,
                37 + step,
                -70 if sway > 0 else -110,
                6.4,
                4.6,
                main if step % 8 else dark(main, 0.15),
            )
    for angle in (40, 70, 105, 135):
        c.leaf(50, 38, angle, 13, 6, light(main, 0.06))


@kind("plant_palm")
def plant_palm(c: Canvas, main: str, accent: str) -> None:
    for angle, length in ((15, 30), (165, 30), (38, 40), (142, 40), (62, 46), (118, 46), (90, 48)):
        for step in range(3, 10):
            share = step / 10
            fill = main if angle % 2 else dark(main, 0.14)
            c.leaf(*_along(50, 62, angle, length * share), angle + 34, 11 * (1.15 - share), 2.4, fill)
            c.leaf(*_along(50, 62, angle, length * share), angle - 34, 11 * (1.15 - share), 2.4, fill)
        c.line([(50, 62), _along(50, 62, angle, length)], 0.6, dark(main, 0.3))
    _pot(c, accent)


@kind("herbs")
def herbs(c: Canvas, main: str, accent: str) -> None:
    for x, fill in ((27, main), (50, light(main, 0.18)), (73, dark(main, 0.15))):
        for angle in (35, 60, 80, 100, 122, 146):
            c.leaf(x, 66, angle, 21, 7, fill if angle % 20 else dark(fill, 0.12))
        _pot(c, accent, x=x, top=65, wide=9.6)


@kind("pot")
def pot(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 22)
    c.turned([(78, 21), (GROUND, 22)], dark(main, 0.1), curve=False)
    c.turned([(46, 21), (79, 15)], main, curve=False)
    c.turned([(38, 23.5), (47, 23)], light(main, 0.08), curve=False)
    c.turned([(58, 18.9), (62, 18.2)], accent, curve=False)
    c.mouth(50, 38, 23.5, main, inside=dark(main, 0.6))


@kind("planter")
def planter(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 30)
    for x in (30, 70):
        c.line([(x, 66), (x + (x - 50) * 0.15, GROUND)], 2, accent)
    for x, angle in ((32, 100), (40, 80), (48, 95), (56, 82), (64, 100), (70, 75)):
        c.leaf(x, 48, angle, 22, 7, "#56865a")
        c.leaf(x, 48, angle + 28, 16, 5.5, "#6d9c68")
    c.slab(22, 46, 78, 71, main, r=2)
    c.slab(22, 46, 78, 50, light(main, 0.12), r=1.4, down=True)


@kind("trowel")
def trowel(c: Canvas, main: str, accent: str) -> None:
    c.shadow(40, 10, y=86)
    c.shadow(64, 10, y=86)
    c.slab(36, 12, 44, 42, main, r=3.8)
    c.slab(38.6, 41, 41.4, 54, "#9aa3a5", r=0.8)
    c.shaded(closed([(33, 55), (40, 52.5), (47, 55), (47, 70), (40, 86), (33, 70)]), accent)
    c.slab(60, 12, 68, 42, main, r=3.8)
    c.slab(62.6, 41, 65.4, 56, "#9aa3a5", r=0.8)
    c.slab(55, 55, 73, 59, accent, r=1.6)
    for x in (55.4, 62.6, 69.8):
        c.shaded([(x, 58), (x + 2.9, 58), (x + 2, 84), (x + 0.9, 84)], accent)


@kind("secateurs", floor=False)
def secateurs(c: Canvas, main: str, accent: str) -> None:
    c.line([(47, 52), (30, 86)], 6.4, dark(main, 0.15))
    c.line([(53, 52), (68, 86)], 6.4, main)
    c.line([(53.6, 54), (67, 83)], 1.2, light(main, 0.35))
    c.shaded(closed([(46, 52), (42, 34), (48, 14), (54, 30), (55, 50)]), "#c9d1d3")
    c.shaded(closed([(54, 52), (62, 38), (64, 22), (57, 32), (48, 48)]), "#9fa9ac")
    c.ball(50.4, 50, 4, 4, accent)
    c.ellipse(50.4, 50, 1.4, 1.4, dark(accent, 0.4))


@kind("spade", floor=False)
def spade(c: Canvas, main: str, accent: str) -> None:
    c.slab(40, 8, 60, 13, main, r=2.4, down=True)
    c.line([(42, 11), (50, 20)], 2.4, dark(main, 0.1))
    c.line([(58, 11), (50, 20)], 2.4, dark(main, 0.1))
    c.slab(48, 18, 52, 58, main, r=1.6)
    c.shaded([(48.6, 50), (51.4, 50), (53, 60), (47, 60)], dark(accent, 0.3))
    c.shaded(closed([(37, 59), (50, 57.5), (63, 59), (62, 76), (50, 92), (38, 76)]), accent)


@kind("gloves", floor=False)
def gloves(c: Canvas, main: str, accent: str) -> None:
    for x, mirrored in ((34, 1), (66, -1)):
        for finger, top in ((-7.5, 34), (-2.6, 27), (2.6, 26), (7.4, 31)):
            c.slab(x + finger - 2.3, top, x + finger + 2.3, 56, main, r=2.2)
        c.line([(x + 8 * mirrored, 58), (x + 14 * mirrored, 45)], 4.8, dark(main, 0.06))
        c.slab(x - 10.4, 46, x + 10.4, 72, main, r=4)
        c.slab(x - 10.8, 70, x + 10.8, 84, accent, r=1.6)
        for y in (74, 77.5, 81):
            c.box(x - 10.4, y, x + 10.4, y + 0.6, dark(accent, 0.2), r=0.2)


@kind("watering_can")
def watering_can(c: Canvas, main: str, accent: str) -> None:
    c.shadow(52, 22)
    c.ring(64, 48, 17, 20, 2.6, dark(main, 0.2), a=-160, b=70)
    c.shaded([(38, 72), (17, 36), (13.6, 38), (36, 82)], dark(main, 0.06))
    c.shaded([(10, 34), (20, 30), (21, 37), (13.4, 41)], accent)
    c.turned([(50, 17), (78, 19.5), (GROUND, 19)], main, x=53, curve=False)
    c.mouth(53, 50, 17, main)
    c.turned([(60, 18), (63, 18.2)], accent, x=53, curve=False)


@kind("seeds", floor=False)
def seeds(c: Canvas, main: str, accent: str) -> None:
    c.box(27, 15, 77, 89, "#857d70", r=1)
    c.slab(25, 12, 75, 87, "#f6efe0", r=1)
    c.box(25, 12, 75, 24, main, r=1)
    c.box(34, 16.6, 66, 19.4, "#f6efe0", r=1)
    for angle in (-90, -30, 30, 90, 150, 210):
        c.leaf(50, 47, angle, 15, 9, accent)
    c.ball(50, 47, 5, 5, mix(accent, "#f2c14e", 0.8))
    c.line([(50, 62), (50, 76)], 0.9, "#5d8a5a")
    c.leaf(50, 74, 40, 11, 4.6, "#5d8a5a")
    c.leaf(50, 74, 140, 11, 4.6, "#6d9c68")
    c.box(36, 80, 64, 81.4, dark(main, 0.1), r=0.6)


@kind("bulbs")
def bulbs(c: Canvas, main: str, accent: str) -> None:
    for x, y, r in ((28, GROUND, 12), (52, GROUND + 2, 13), (75, GROUND, 11)):
        c.shadow(x, r, y=y)
        c.turned(
            [(y - r * 2.4, 0.8), (y - r * 1.9, 1.6), (y - r * 1.1, r), (y - r * 0.4, r * 0.95), (y, r * 0.4)],
            main,
            x=x,
        )
        for side in (-0.5, 0, 0.5):
            c.line([(x + side * r, y - r * 1.3), (x + side * r * 1.1, y - r * 0.4)], 0.3, dark(main, 0.25))
        c.leaf(x, y - r * 2.3, 98, 13, 4, accent)
        c.leaf(x, y - r * 2.3, 72, 10, 3.6, light(accent, 0.12))


@kind("birdhouse")
def birdhouse(c: Canvas, main: str, accent: str) -> None:
    c.slab(47.6, 66, 52.4, 96, dark(accent, 0.35), r=0.6)
    c.shaded([(32, 36), (50, 22), (68, 36), (68, 68), (32, 68)], main, round_=False)
    for y in (44, 52, 60):
        c.box(32, y, 68, y + 0.4, dark(main, 0.2), r=0.1)
    c.shaded([(26, 39), (50, 17), (50, 22), (30, 42)], light(accent, 0.08), round_=False)
    c.shaded([(74, 39), (50, 17), (50, 22), (70, 42)], dark(accent, 0.16), round_=False)
    c.ellipse(50, 45, 6, 6, dark(main, 0.7))
    c.line([(50, 56), (50, 58.6)], 1.4, dark(accent, 0.2))
    c.ellipse(50, 57.6, 1.6, 1.6, accent)
    c.slab(30, 67, 70, 70, accent, r=0.6)


@kind("fire_bowl")
def fire_bowl(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 26)
    for x in (36, 64):
        c.line([(x, 70), (x + (x - 50) * 0.4, GROUND)], 2, dark(main, 0.3))
    c.shaded(closed([(33, 58), (40, 38), (46, 46), (51, 22), (58, 42), (63, 36), (67, 58)]), "#e2762f")
    c.shaded(closed([(40, 58), (45, 46), (50, 36), (56, 48), (60, 58)]), "#f6b73c")
    c.ellipse(50, 56, 5, 5, "#fff2c4")
    c.turned([(58, 31), (66, 25), (74, 12)], main)
    c.ring(50, 58, 31, 3, 1, light(main, 0.25), a=0, b=180)


@kind("hammock", floor=False)
def hammock(c: Canvas, main: str, accent: str) -> None:
    for x, fill in ((8, "#6f5a45"), (86, "#66523e")):
        c.slab(x, 0, x + 7, 100, fill, r=0.5)
    for x in (24, 30, 36):
        c.line([(15, 34), (x, 52 + (x - 24) * 0.4)], 0.4, "#efe6d2")
        c.line([(86, 34), (100 - x, 52 + (x - 24) * 0.4)], 0.4, "#efe6d2")
    c.shaded(closed([(22, 50), (36, 60), (50, 64), (64, 60), (78, 50), (70, 70), (50, 78), (30, 70)]), main)
    for shift in (0, 4.4, 8.8):
        c.line(
            [
                (27, 56 + shift),
                (40, 64 + shift * 0.9),
                (50, 66.6 + shift * 0.9),
                (60, 64 + shift * 0.9),
                (73, 56 + shift),
            ],
            1.2,
            accent,
        )


@kind("hose")
def hose(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 30)
    for index in range(5):
        y = GROUND - 3 - index * 4.6
        c.ring(50, y, 27, 8, 3.8, dark(main, 0.14) if index % 2 else main)
        c.ring(50, y - 0.8, 27, 8, 0.7, light(main, 0.4), a=190, b=300)
    c.line([(77, GROUND - 20), (84, 48), (78, 38)], 3.6, main)
    c.shaded([(80, 41), (75, 39), (70, 24), (76, 22)], accent)


def _along(x: float, y: float, angle: float, length: float) -> tuple[float, float]:
    return x + math.cos(math.radians(angle)) * length, y - math.sin(math.radians(angle)) * length

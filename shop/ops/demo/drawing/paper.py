"""Books, cards and what comes by mail."""

from __future__ import annotations

from shop.ops.demo.drawing.canvas import Canvas, dark, light
from shop.ops.demo.drawing.kinds import kind


@kind("book")
def book(c: Canvas, main: str, accent: str) -> None:
    c.shadow(52, 26, y=86)
    c.flat([(72, 15), (78, 18), (78, 85), (72, 87)], "#efe7d6")
    for x in (73.4, 74.8, 76.2):
        c.line([(x, 17), (x, 86)], 0.2, "#cfc4ae")
    c.slab(26, 13, 73, 87, main, r=0.8)
    c.box(26, 13, 30, 87, dark(main, 0.22), r=0.5)
    c.box(36, 22, 67, 25, light(main, 0.75), r=0.6)
    c.box(36, 28, 58, 30, light(main, 0.6), r=0.6)
    for angle in (35, 60, 90, 120, 145):
        c.leaf(51.5, 74, angle, 31, 9, accent)
    c.line([(51.5, 74), (51.5, 81)], 1, dark(accent, 0.2))


@kind("cookbook")
def cookbook(c: Canvas, main: str, accent: str) -> None:
    c.shadow(52, 27, y=86)
    c.flat([(74, 17), (80, 20), (80, 84), (74, 86)], "#efe7d6")
    c.slab(24, 15, 75, 86, main, r=0.8)
    c.box(24, 15, 28.4, 86, dark(main, 0.22), r=0.5)
    c.ellipse(52, 48, 17, 17, "#f9f4e8")
    c.ellipse(52, 48, 13.4, 13.4, light(accent, 0.5))
    for angle in (20, 80, 140, 200, 260, 320):
        c.leaf(52, 48, angle, 10, 5, accent)
    c.ball(52, 48, 3, 3, "#d9553f")
    c.box(36, 72, 68, 75, light(main, 0.75), r=0.6)
    c.box(42, 78, 62, 80, light(main, 0.6), r=0.6)


@kind("sheet", floor=False)
def sheet(c: Canvas, main: str, accent: str) -> None:
    c.box(16, 33, 88, 77, "#8a8378", r=3)
    c.slab(13, 29, 85, 73, main, r=3)
    c.slab(60, 29, 66, 73, accent, r=0.1)
    c.slab(13, 46, 85, 51, accent, r=0.1, down=True)
    for side in (-1, 1):
        c.leaf(63, 48.5, 90 - side * 58, 15, 9, light(accent, 0.12))
    c.ball(63, 48.5, 3, 3, accent)
    c.box(20, 36, 40, 38.4, light(main, 0.7), r=0.8)
    c.box(20, 63, 34, 64.6, light(main, 0.55), r=0.6)


@kind("tablet", floor=False)
def tablet(c: Canvas, main: str, accent: str) -> None:
    c.box(27, 13, 78, 91, "#857d74", r=4)
    c.slab(24, 10, 75, 88, "#2c3136", r=4)
    c.slab(27.4, 14, 71.6, 84, main, r=1)
    for angle in (35, 62, 90, 118, 145):
        c.leaf(49.5, 58, angle, 26, 8, accent)
    c.box(34, 65, 65, 67.4, light(main, 0.75), r=0.6)
    c.box(34, 70, 58, 71.8, light(main, 0.55), r=0.6)
    c.box(34, 74.4, 61, 76.2, light(main, 0.55), r=0.6)


@kind("notebook")
def notebook(c: Canvas, main: str, accent: str) -> None:
    c.shadow(50, 27, y=86)
    c.slab(27, 16, 75, 87, dark(main, 0.3), r=2)
    c.slab(25, 14, 73, 85, main, r=2)
    c.slab(64, 14, 66.6, 85, accent, r=0.2)
    c.box(33, 28, 57, 42, "#f8f3e6", r=1)
    c.box(36, 32, 54, 33.4, light(main, 0.2), r=0.4)
    c.box(36, 36, 49, 37.4, light(main, 0.2), r=0.4)

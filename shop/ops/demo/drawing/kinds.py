"""The register of what can be drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop.ops.demo.drawing.canvas import Canvas

Draw = Callable[["Canvas", str, str], None]


@dataclass(frozen=True)
class Kind:
    """How to draw one kind of thing, and whether it stands on a floor or hangs on a wall."""

    draw: Draw
    floor: bool


kinds: dict[str, Kind] = {}


def kind(name: str, *, floor: bool = True) -> Callable[[Draw], Draw]:
    """Register a function that draws onto a canvas in a main and a second colour."""

    def register(draw: Draw) -> Draw:
        kinds[name] = Kind(draw, floor)
        return draw

    return register

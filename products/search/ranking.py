"""The best of what a search has found, in its order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Place = tuple[int, int]


@dataclass(frozen=True)
class Ranking:
    """Products by relevance, the best first, and of two alike the newer: pairs of relevance and id."""

    places: tuple[Place, ...]

    @classmethod
    def of(cls, hits: Iterable[tuple[int, int]]) -> Ranking:
        """Rank ids with their relevance, as they were found."""
        return cls(tuple(sorted(((relevance, pk) for pk, relevance in hits), reverse=True)))

    @property
    def ids(self) -> list[int]:
        """The ids of all."""
        return [pk for _, pk in self.places]

    def beyond(self, place: Place | None, *, backwards: bool = False) -> Sequence[int]:
        """Return the ids behind a place, or before it and then the nearest first; all without a place."""
        if place is None:
            return self.ids[::-1] if backwards else self.ids

        def turned(other: Place) -> Place:
            return (-other[0], -other[1])

        if backwards:
            return self.ids[: bisect_left(self.places, turned(place), key=turned)][::-1]
        return self.ids[bisect_right(self.places, turned(place), key=turned) :]

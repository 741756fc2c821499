"""Progress on a terminal as a bar, elsewhere as a few lines."""

from __future__ import annotations

from typing import Protocol

_WIDTH = 32
_QUARTERS = 4


class Stream(Protocol):
    """Where progress is written."""

    def write(self, text: str, /) -> object:
        """Write a piece of text."""

    def flush(self) -> None:
        """Show what was written."""

    def isatty(self) -> bool:
        """Tell whether a person is looking."""


class Progress:
    """Shows how much of something is done."""

    def __init__(self, title: str, *, stream: Stream) -> None:
        self._title = title
        self._stream = stream
        self._shown = 0

    def step(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` parts are behind us."""
        if self._stream.isatty():
            filled = _WIDTH * done // max(total, 1)
            self._write(f"\r{self._title} [{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total}")
            return
        quarter = _QUARTERS * done // max(total, 1)
        if quarter > self._shown:
            self._shown = quarter
            self._write(f"{self._title}: {done}/{total}\n")

    def done(self) -> None:
        """Leave the line of the bar."""
        if self._stream.isatty():
            self._write("\n")

    def _write(self, text: str) -> None:
        # Django's wrapper of standard output would end each piece with a line feed.
        getattr(self._stream, "_out", self._stream).write(text)
        self._stream.flush()

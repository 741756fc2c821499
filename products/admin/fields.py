"""Lists and pairs as staff write them, a line each; the rows keep them as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

from products.attributes import folded

_DECODER = json.JSONDecoder()


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=_widget(), strip=False, **options)

    def prepare_value(self, value: Any) -> Any:
        """Return the list as it is shown; what was typed and refused is shown as it was."""
        return value if isinstance(value, str) else "\n".join(map(_shown, value or ()))

    def to_python(self, value: Any) -> Any:
        """Return what the lines say."""
        return [_whole(line, number) for number, line in _lines(value)]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether the lines say something else."""
        try:
            return list(initial or ()) != self.to_python(data)
        except ValidationError:
            return True


class PairsField(forms.CharField):
    """Names with a value each, ``name: value`` a line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=_widget(), strip=False, **options)

    def prepare_value(self, value: Any) -> Any:
        """Return the pairs as they are shown; what was typed and refused is shown as it was."""
        if isinstance(value, str):
            return value
        pairs: Mapping[str, Any] = value or {}
        return "\n".join(f"{_shown(name, also=':')}: {_shown(str(said))}" for name, said in pairs.items())

    def to_python(self, value: Any) -> Any:
        """Return what the lines say."""
        found: dict[str, str] = {}
        named: set[str] = set()
        for number, line in _lines(value):
            name, said = _pair(line, number)
            if folded(name) in named:
                raise _refused(number, f"{name} stands here twice.")
            named.add(folded(name))
            found[name] = said
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether the lines say something else; their order counts too."""
        try:
            return list((initial or {}).items()) != list(self.to_python(data).items())
        except ValidationError:
            return True


def _widget() -> forms.Textarea:
    widget: forms.Textarea = UnfoldAdminExpandableTextareaWidget(attrs={"rows": 3})
    return widget


def _lines(value: Any) -> Iterable[tuple[int, str]]:
    # Only what a browser ends lines with: a text may have the rest, which splitlines would take for ends too.
    lines = str(value or "").replace("\r\n", "\n").split("\n")
    return ((number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip())


def _shown(text: str, *, also: str = "\n") -> str:
    """Return a text as it stands on a line: quoted as in JSON where it could be read as something else."""
    plain = text and text == text.strip() and not any(sign in text for sign in ("\n", "\r", also))
    return text if plain and not text.startswith('"') else json.dumps(text, ensure_ascii=False)


def _whole(line: str, number: int) -> str:
    if not line.startswith('"'):
        return line
    text, rest = _quoted(line, number)
    if rest:
        raise _refused(number, "Something follows the closing quote.")
    return text


def _pair(line: str, number: int) -> tuple[str, str]:
    if line.startswith('"'):
        name, rest = _quoted(line, number)
        colon, said = rest[:1], rest[1:]
    else:
        name, colon, said = line.partition(":")
    if colon != ":" or not name.strip() or not said.strip():
        raise _refused(number, "Write it as name: value.")
    return name if line.startswith('"') else name.strip(), _whole(said.strip(), number)


def _quoted(line: str, number: int) -> tuple[str, str]:
    try:
        text, end = _DECODER.raw_decode(line)
    except ValueError:
        raise _refused(number, "The closing quote is missing.") from None
    return str(text), line[end:].strip()


def _refused(number: int, why: str) -> ValidationError:
    return ValidationError(f"Line {number}: {why}", code="invalid")

"""Form bodies with Stripe's bracket nesting, and typed reading of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from tools.stripe_fake.errors import Json, invalid

MAX_DEPTH = 8
_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def parse_form(text: str) -> Json:
    """
    Return the nested values of a query string or a form body.

    `a[b]=1` nests, `a[]=1` appends, `a[0]=1` is a list too.

    :raises StripeError: a name that is no bracket expression, or one that is both value and group.
    """
    tree: Json = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise invalid("The body has too many parameters.") from None
    for name, value in pairs:
        match = _NAME.match(name)
        if match is None:
            raise invalid(f"Invalid parameter name: {name[:100]}", param=name[:100])
        _put(tree, [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])], value)
    return {name: _lists(value) for name, value in tree.items()}


def _put(tree: Json, path: list[str], value: str) -> None:
    if len(path) > MAX_DEPTH:
        raise invalid("Parameters are nested too deeply", param=path[0])
    for part in path[:-1]:
        tree = tree.setdefault(part if part else str(len(tree)), {})
        if not isinstance(tree, dict):
            raise invalid("A parameter is given both as a value and as a group", param=path[0])
    last = path[-1] if path[-1] else str(len(tree))
    tree[last] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(item) for name, item in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


class Params:
    """The parameters of one call, or of one group in it."""

    def __init__(self, values: Json, prefix: str = "") -> None:
        self.values = values
        self._prefix = prefix

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def name_of(self, name: str) -> str:
        return f"{self._prefix}[{name}]" if self._prefix else name

    def text(self, name: str, *, limit: int = 5000) -> str | None:
        """Return the text, or None where it is absent or empty."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {self.name_of(name)}", self.name_of(name))
        if len(value) > limit:
            raise invalid(f"Invalid string: at most {limit} characters are allowed.", self.name_of(name))
        return value

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            param = self.name_of(name)
            raise invalid(f"Missing required param: {param}.", param, "parameter_missing")
        return value

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise invalid(f"Invalid integer: {value[:50]}", self.name_of(name), "parameter_invalid_integer")
        return int(value)

    def required_integer(self, name: str) -> int:
        self.required(name)
        return self.integer(name) or 0

    def flag(self, name: str) -> bool:
        value = self.text(name)
        if value not in (None, "true", "false"):
            raise invalid(f"Invalid boolean: {str(value)[:50]}", self.name_of(name))
        return value == "true"

    def choice(self, name: str, allowed: Iterable[str]) -> str | None:
        value = self.text(name)
        options = tuple(allowed)
        if value is not None and value not in options:
            raise invalid(
                f"Invalid {self.name_of(name)}: must be one of {', '.join(options)}", self.name_of(name)
            )
        return value

    def group(self, name: str) -> Params:
        value = self.values.get(name) or {}
        if not isinstance(value, dict):
            raise invalid(f"Invalid object: {self.name_of(name)}", self.name_of(name))
        return Params(value, self.name_of(name))

    def items(self, name: str) -> list[Any]:
        value = self.values.get(name) or []
        if not isinstance(value, list):
            raise invalid(f"Invalid array: {self.name_of(name)}", self.name_of(name))
        return value

    def metadata(self, before: dict[str, str] | None = None) -> dict[str, str]:
        """Return `before` with the given keys laid over it; an empty value removes its key."""
        given = self.values.get("metadata")
        if given == "":
            return {}
        if given is not None and not isinstance(given, dict):
            raise invalid(
                "Invalid metadata: metadata must be a set of key-value pairs", self.name_of("metadata")
            )
        merged = {**(before or {}), **(given or {})}
        kept = {name: value for name, value in merged.items() if value != ""}
        if len(kept) > 50 or any(
            len(name) > 40 or not isinstance(value, str) or len(value) > 500 for name, value in kept.items()
        ):
            raise invalid(
                "Metadata holds at most 50 keys of 40 characters with values of 500 characters.",
                self.name_of("metadata"),
            )
        return kept

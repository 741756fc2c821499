"""Which parameters a call may have: others are refused before anything happens, as Stripe refuses them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tools.stripe_fake.errors import Json, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.stripe_fake.registry import Route

NAMES = Path(__file__).with_name("parameters.txt")


def check_names(route: Route, values: Json) -> None:
    """
    Refuse names that Stripe's description of the call doesn't have; the fake's own calls take any.

    :raises StripeError: there are such names.
    """
    known = known_names().get(f"{route.method} {re.sub(r'[(][^)]*[)]', '{}', route.pattern.pattern)}")
    unknown = list(_unknown(values, "", "", known)) if known is not None else []
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        message = f"Received unknown parameter{plural}: {', '.join(unknown)[:500]}"
        raise invalid(message, unknown[0][:100], "parameter_unknown")


def _unknown(values: Json, path: str, shown: str, known: frozenset[str]) -> Iterator[str]:
    for name, value in values.items():
        inner, said = f"{path}.{name}" if path else name, f"{shown}[{name}]" if shown else name
        if inner not in known:
            yield said
        elif any(other.startswith(f"{inner}.") for other in known):
            for group in value if isinstance(value, list) else [value]:
                if isinstance(group, dict):
                    yield from _unknown(group, inner, said, known)


@cache
def known_names() -> dict[str, frozenset[str]]:
    """Return the names for each method and path, with dots between a group and what is in it."""
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in NAMES.read_text().splitlines():
        if line.startswith(" "):
            names += line.split()
        elif not line.startswith("#"):
            names = found.setdefault(line, [])
    return {call: frozenset(known) for call, known in found.items()}

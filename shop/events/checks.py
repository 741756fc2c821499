"""What must be true of events and handlers before the shop starts."""

from __future__ import annotations

import typing
from typing import Any

from django.core.checks import Error

from shop.events import registry
from shop.events.event import Event


def handled_types_exist(**_options: Any) -> list[Error]:
    """Report handlers of types that nobody announces: a typing error would otherwise be a handler never called."""
    return [
        Error(f"{group} hears {name!r}, which no app announces.", id="events.E001")
        for group, types in registry.handlers.items()
        for name in types
        if name not in Event.registry
    ]


def fields_can_be_read(**_options: Any) -> list[Error]:
    """Report events whose fields' types can't be found at run time: none of theirs could be received."""
    found = []
    for name, kind in Event.registry.items():
        try:
            typing.get_type_hints(kind)
        except NameError as error:
            found.append(Error(f"{name}: {error}; import it outside of TYPE_CHECKING.", id="events.E002"))
    return found

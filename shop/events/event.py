"""What an event is: a named, versioned fact with ids and primitives only."""

from __future__ import annotations

import builtins
import dataclasses
import functools
import re
import types
import typing
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

_TYPE = re.compile(r"(?P<app>[a-z]+)\.(?P<name>[a-z_]+)\.v(?P<major>[1-9][0-9]*)")


class InvalidPayload(ValueError):
    """Raised when data isn't what an event type says."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """
    A fact of the past. Subclasses are frozen dataclasses that set ``type`` and ``key``.

    ``type`` is ``<app>.<past tense>.v<n>``; a breaking change is a new ``n``. ``key`` names the field with the
    aggregate's id: events of one aggregate stay in order. ``version`` is the aggregate's version that the change
    made. Fields are UUID, str, int, bool, datetime, optional ones, or lists of TypedDicts of those; money is minor
    units beside a currency. Never personal data or secrets: a handler looks those up.
    """

    type: ClassVar[str]
    key: ClassVar[str]
    registry: ClassVar[dict[str, builtins.type[Event]]] = {}

    version: int

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not _TYPE.fullmatch(cls.type):
            raise TypeError(f"{cls.__qualname__}: {cls.type!r} is no <app>.<past tense>.v<n>.")
        # The module is <app>.events, so an app can't announce in another's name.
        if cls.__module__.partition(".")[0] not in (cls.type.partition(".")[0], "shop"):
            raise TypeError(f"{cls.__qualname__} announces {cls.type!r} from {cls.__module__}.")
        Event.registry[cls.type] = cls

    @property
    def aggregate_type(self) -> str:
        """The kind of thing it happened to: ``order`` for a key of ``order_id``."""
        return self.key.removesuffix("_id")

    @property
    def aggregate_id(self) -> str:
        """The id of the thing it happened to."""
        return str(getattr(self, self.key))

    def payload(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @classmethod
    def parse(cls, data: Any) -> Self:
        """
        Return the event that JSON data says; fields it doesn't know are ignored.

        :raises InvalidPayload: a field is missing or of another type.
        """
        if not isinstance(data, dict):
            raise InvalidPayload(f"{cls.type}: the data is no object.")
        values = {}
        for name, hint, needed in _fields(typing.cast(Any, cls)):
            if name in data:
                values[name] = _typed(data[name], hint, f"{cls.type}: {name}")
            elif needed:
                raise InvalidPayload(f"{cls.type}: {name} is missing.")
        return cls(**values)


def split_type(name: str) -> tuple[str, int] | None:
    """Return ``("orders.order_paid", 1)`` for ``orders.order_paid.v1``, or None for what is no event type."""
    match = _TYPE.fullmatch(name)
    return (f"{match['app']}.{match['name']}", int(match["major"])) if match else None


def topic_of(name: str) -> str:
    """Return the topic that events of this type go to: ``shop.orders`` for ``orders.order_paid.v1``."""
    return f"shop.{name.partition('.')[0]}"


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    # Resolving what annotations name takes longer than all the rest of reading an event.
    return typing.get_type_hints(kind)


@functools.cache
def _fields(kind: Any) -> list[tuple[str, Any, bool]]:
    """Return the name of each field, what it holds, and whether it must be there."""
    missing = dataclasses.MISSING
    return [
        (field.name, _hints(kind)[field.name], field.default is missing and field.default_factory is missing)
        for field in dataclasses.fields(kind)
    ]


@functools.cache
def _wanted(hint: Any) -> tuple[Any, bool]:
    """Return what a hint asks for, and whether there may be none."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return next(option for option in options if option is not type(None)), type(None) in options


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _typed(value: Any, hint: Any, where: str) -> Any:
    wanted, optional = _wanted(hint)
    if value is None and optional:
        return None
    if typing.get_origin(wanted) is list:
        return _typed_list(value, wanted, where)
    if typing.is_typeddict(wanted):
        return _typed_dict(value, wanted, where)
    return _typed_value(value, wanted, where)


def _typed_value(value: Any, wanted: Any, where: str) -> Any:
    try:
        if wanted is UUID:
            return UUID(value)
        if wanted is datetime:
            return datetime.fromisoformat(value)
    except (ValueError, TypeError, AttributeError):
        raise InvalidPayload(f"{where} is no {wanted.__name__}.") from None
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise InvalidPayload(f"{where} is no {wanted.__name__}.")
    return value


def _typed_list(value: Any, wanted: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidPayload(f"{where} is no list.")
    (item,) = typing.get_args(wanted)
    return [_typed(one, item, f"{where}[{place}]") for place, one in enumerate(value)]


def _typed_dict(value: Any, wanted: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidPayload(f"{where} is no object.")
    hints = _hints(wanted)
    if missing := sorted(set(hints) - set(value)):
        raise InvalidPayload(f"{where}: {missing[0]} is missing.")
    return {name: _typed(value[name], hint, f"{where}.{name}") for name, hint in hints.items()}

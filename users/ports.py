"""
What apps to the left plug into accounts.

An app registers in its ``AppConfig.ready()``: ``ports.signed_in.register("cart", merge_carts)`` or
``ports.personal_data.register("orders", OrdersPersonalData())``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

R = TypeVar("R")


class SignedIn(Protocol):
    """Hears of a sign-in, in its transaction; raising undoes the sign-in."""

    def __call__(self, *, user_id: UUID, cart_token: str | None, now: datetime) -> None:
        """
        Take over what the visitor had before signing in.

        :param cart_token: as the client sent it, unchecked; None when it sent none.
        """


@dataclass(frozen=True, kw_only=True)
class Holding:
    """One kind of thing an app holds on a person, and what erasure does with it."""

    name: str
    count: int
    kept: bool
    reason: str


class PersonalData(Protocol):
    """An app's part in export and erasure of what is held on a person."""

    def preview(self, *, user_id: UUID) -> Sequence[Holding]:
        """Return what goes and what stays, and why."""

    def blockers(self, *, user_id: UUID) -> Sequence[str]:
        """Return why the person can't be erased now; none when nothing stands in the way."""

    def export(self, *, user_id: UUID) -> dict[str, Any]:
        """Return everything held on the person, JSON-ready."""

    def erase(self, *, user_id: UUID, now: datetime) -> None:
        """Anonymise or delete it, in the caller's transaction; totals and ledgers stay as they are."""


class Registry(Generic[R]):
    """Receivers by the name of their app, always in the order of those names."""

    def __init__(self) -> None:
        self._receivers: dict[str, R] = {}

    def register(self, app: str, receiver: R) -> None:
        """
        Add an app's receiver; registering the same one again changes nothing.

        :raises ValueError: the app has another one already.
        """
        if self._receivers.setdefault(app, receiver) is not receiver:
            raise ValueError(f"{app!r} has registered already.")

    def receivers(self) -> tuple[R, ...]:
        """Return the receivers, sorted by their apps' names: the order of imports makes no difference."""
        return tuple(self._receivers[app] for app in sorted(self._receivers))


signed_in: Registry[SignedIn] = Registry()
personal_data: Registry[PersonalData] = Registry()

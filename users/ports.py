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
    """
    An app's part in export and erasure of what is held on a person.

    Erasing calls ``lock``, ``blockers`` and ``erase`` of all apps in one transaction, in this order and in that of
    the apps' names; a part that has nothing to lock or to object inherits from this class.
    """

    def lock(self, *, user_id: UUID) -> None:
        """Keep what the person has from changing until the transaction ends; carts are locked before orders."""
        return

    def blockers(self, *, user_id: UUID) -> Sequence[str]:
        """Return why the person can't be erased now, a sentence each; none when nothing stands in the way."""
        return ()

    def preview(self, *, user_id: UUID) -> Sequence[Holding]:
        """Return what goes and what stays, and why; kinds of which there is nothing may be left out."""

    def export(self, *, user_id: UUID) -> dict[str, Any]:
        """Return everything held on the person, for ``shop.api.json.dumps``; never a secret."""

    def erase(self, *, user_id: UUID, actor_id: UUID, now: datetime) -> None:
        """
        Anonymise or delete it, in the caller's transaction; totals and ledgers stay as they are.

        :param actor_id: who erases: the person, or staff.
        """


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
        return tuple(receiver for _, receiver in self.items())

    def items(self) -> tuple[tuple[str, R], ...]:
        """Return the receivers with the names of their apps, in that order."""
        return tuple((app, self._receivers[app]) for app in sorted(self._receivers))


signed_in: Registry[SignedIn] = Registry()
personal_data: Registry[PersonalData] = Registry()

"""The address book: fifty addresses of a kind, at most one of them the default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from shop.audit import services as audit
from shop.core import postal
from shop.core.errors import NotFound
from users.errors import AddressBookFull
from users.models import Address, User

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

ADDRESS_LIMIT = 50


@dataclass(frozen=True, kw_only=True)
class Editor:
    """Who changes somebody's book, and when; where it isn't the owner, that leaves a record."""

    id: UUID
    now: datetime


@transaction.atomic
def save_address(
    *,
    user_id: UUID,
    kind: str,
    values: Mapping[str, Any],
    address_id: UUID | None = None,
    editor: Editor | None = None,
) -> Address:
    """
    Add an address to somebody's book, or change one; a new default takes the place of the old one.

    Postal code and telephone number are kept in the form of the country. What a change leaves alone is taken as it
    is, so that an old address can still be the default.

    Transaction: opens its own. Locks: the account.

    :param kind: ``shipping`` or ``billing``.
    :param values: fields of ``PostalAddress`` and ``is_default``; all that are required for a new address, any
        for one that is there.
    :param address_id: the address to change; None adds one.
    :param editor: None for its owner, or for the shop itself.
    :raises ValidationFailed: the country has no such postal code, or nobody could call the number; nothing is
        written.
    :raises AddressBookFull: there are 50 of the kind already; nothing is written.
    :raises NotFound: the address isn't in this book under this kind, or there is no such account.
    """
    _lock_book(user_id)
    book = Address.objects.filter(user_id=user_id, kind=kind)
    if address_id is None:
        if book.count() >= ADDRESS_LIMIT:
            raise AddressBookFull(limit=ADDRESS_LIMIT)
        address = Address(user_id=user_id, kind=kind)
    else:
        address = _found(book.filter(pk=address_id).first())
    altered = sorted(name for name, value in values.items() if getattr(address, name) != value)
    for name, value in values.items():
        setattr(address, name, value)
    _normalise(address, altered)
    if address.is_default:
        # Before the new one, or the constraint would see two.
        book.filter(is_default=True).exclude(pk=address.pk).update(is_default=False)
    address.save()
    _write_down("changed" if address_id else "added", address, editor, fields=altered)
    return address


@transaction.atomic
def delete_address(*, user_id: UUID, kind: str, address_id: UUID, editor: Editor | None = None) -> None:
    """
    Remove an address from somebody's book; orders keep their copies.

    Transaction: opens its own.

    :param editor: None for its owner.
    :raises NotFound: the address isn't in this book under this kind.
    """
    deleted, _ = Address.objects.filter(user_id=user_id, kind=kind, pk=address_id).delete()
    if not deleted:
        raise NotFound
    _write_down("deleted", Address(pk=address_id, user_id=user_id), editor)


def _normalise(address: Address, altered: list[str]) -> None:
    # A code depends on its country. A number carries its own, so it needn't be read again in another one.
    names = [name for name in ("postal_code", "phone") if name in altered]
    if "country" in altered:
        names.append("postal_code")
    for name, value in postal.normalised(vars(address), names=names).items():
        setattr(address, name, value)


def _write_down(what: str, address: Address, editor: Editor | None, **facts: Any) -> None:
    if editor is not None and editor.id != address.user_id:
        audit.record(
            actor_id=editor.id,
            action=f"users.address_{what}",
            target=address,
            now=editor.now,
            user_id=str(address.user_id),
            **facts,
        )


def _lock_book(user_id: UUID) -> None:
    # Two additions at once would count 49 each, and two defaults collide. SQLite serialises writers anyway.
    # An account that was erased while the request was under way takes no address either.
    here = User.objects.select_for_update().filter(pk=user_id, erased_at__isnull=True)
    if not here.values_list("pk", flat=True).first():
        raise NotFound


def _found(address: Address | None) -> Address:
    if address is None:
        raise NotFound
    return address
